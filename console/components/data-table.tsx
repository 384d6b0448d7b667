/**
 * A table of rows of one height. Rows that can be selected are a grid: one of them is in the order of Tab, the arrows and
 * `j` `k` move, Enter opens. Where there are two on a screen, one alone has the keys (`hasKeys`).
 */
import { For, type JSX } from 'solid-js';
import { createKeys } from '../keyboard.ts';

export interface Column<Item> {
  readonly name: string;
  /** As CSS says it; without: its share of what is left. */
  readonly width?: string;
  readonly isNumber?: boolean;
  /** Left out on phones. */
  readonly isExtra?: boolean;
  readonly cell: (item: Item) => JSX.Element;
}

export interface DataTableProps<Item> {
  /** What its rows are, in small words: `agents`. */
  name: string;
  items: readonly Item[];
  columns: readonly Column<Item>[];
  /** '' or null: none is. */
  selectedId?: string | null;
  onSelect?: (id: string) => void;
  /** Enter on a row, or the second press of it. */
  onOpen?: (item: Item) => void;
  hasKeys?: boolean;
}

export function DataTable<Item extends { readonly id: string }>(props: DataTableProps<Item>) {
  let table: HTMLTableElement | undefined;
  const at = () => props.items.findIndex((item) => item.id === props.selectedId);
  const move = (by: number) => {
    const last = props.items.length - 1;
    const next = at() === -1 ? (by > 0 ? 0 : last) : Math.min(last, Math.max(0, at() + by));
    const item = props.items[next];
    if (!item) return;
    props.onSelect?.(item.id);
    const row = table?.tBodies[0]?.rows[next];
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: 'nearest' });
  };
  const open = () => {
    const item = props.items[at()];
    if (item) props.onOpen?.(item);
  };
  if (props.onSelect && props.hasKeys !== false) {
    createKeys(`Table of ${props.name}`, [
      { key: 'j', help: 'next row', act: () => move(1) },
      { key: 'k', help: 'row before', act: () => move(-1) },
      ...(props.onOpen ? [{ key: 'Enter', help: 'open the row', act: open }] : []),
    ]);
  }
  const press = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20, Home: -1e9, End: 1e9 }[event.key];
    if (by === undefined || !props.onSelect) return;
    event.preventDefault();
    move(by);
  };
  return (
    <table
      ref={table}
      class="grid"
      role={props.onSelect ? 'grid' : undefined}
      aria-label={props.name}
      onKeyDown={press}
    >
      <colgroup>
        <For each={props.columns}>
          {(column) => (
            <col class={column.isExtra ? 'extra' : ''} style={{ width: column.width ?? 'auto' }} />
          )}
        </For>
      </colgroup>
      <thead>
        <tr>
          <For each={props.columns}>
            {(column) => (
              <th scope="col" class={classOf(column)}>
                {column.name}
              </th>
            )}
          </For>
        </tr>
      </thead>
      <tbody>
        <For each={props.items}>{(item, index) => <Row item={item} index={index()} table={props} />}</For>
      </tbody>
    </table>
  );
}

interface RowProps<Item> {
  item: Item;
  index: number;
  table: DataTableProps<Item>;
}

function Row<Item extends { readonly id: string }>(props: RowProps<Item>) {
  const isSelected = () => props.item.id === props.table.selectedId;
  const isInOrder = () => isSelected() || (!props.table.selectedId && props.index === 0);
  const press = () => {
    if (isSelected()) props.table.onOpen?.(props.item);
    else props.table.onSelect?.(props.item.id);
  };
  return (
    <tr
      class={props.table.onSelect ? 'pick' : ''}
      aria-selected={props.table.onSelect ? isSelected() : undefined}
      tabindex={props.table.onSelect ? (isInOrder() ? 0 : -1) : undefined}
      data-id={props.item.id}
      onClick={press}
      onKeyDown={(event) => {
        if (event.key !== 'Enter') return;
        event.preventDefault();
        press();
      }}
    >
      <For each={props.table.columns}>
        {(column) => <td class={classOf(column)}>{column.cell(props.item)}</td>}
      </For>
    </tr>
  );
}

function classOf(column: { readonly isNumber?: boolean; readonly isExtra?: boolean }): string {
  return [column.isNumber ? 'number' : '', column.isExtra ? 'extra' : ''].join(' ').trim();
}
