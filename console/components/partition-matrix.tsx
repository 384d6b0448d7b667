/**
 * Nodes by partitions: a cell a partition, full where its node has it. The picture is for the eye; the arrows move
 * through it, and what is under the cursor is said in words beneath. All of it as a table: `t`.
 */
import { For, Show } from 'solid-js';
import type { NodeRow } from '../data/partition-map.ts';
import { createKeys } from '../keyboard.ts';

export interface PartitionMatrixProps {
  rows: readonly NodeRow[];
  count: number;
  /** -1: none. */
  selected: number;
  onSelect: (partition: number) => void;
}

export function PartitionMatrix(props: PartitionMatrixProps) {
  const move = (by: number) => {
    const next = props.selected === -1 ? 0 : props.selected + by;
    if (next >= 0 && next < props.count) props.onSelect(next);
  };
  createKeys('Partitions', [
    { key: 'ArrowRight', help: 'next partition', act: () => move(1) },
    { key: 'ArrowLeft', help: 'partition before', act: () => move(-1) },
  ]);
  const all = () => Array.from({ length: props.count }, (_, id) => id);
  const columns = () => Math.min(64, Math.max(1, props.count));
  return (
    <div class="matrix" style={{ '--columns': columns() }}>
      <div class="matrix-head" aria-hidden="true">
        <span class="legend">Node</span>
        <span class="legend number">Has</span>
        <span class="legend number">Waiting</span>
        <span class="legend number">Heard</span>
        <span class="scale">
          <For each={all().filter((id) => id % 8 === 0 && id < 64)}>{(id) => <i>{id}</i>}</For>
        </span>
      </div>
      <For each={props.rows}>
        {(row) => (
          <div class="matrix-row">
            <NodeHead row={row} />
            <span class="matrix-cells" aria-hidden="true">
              <For each={all()}>
                {(id) => (
                  <Show when={row.owned.get(id)} fallback={<i />}>
                    {(look) => (
                      <button
                        type="button"
                        tabindex="-1"
                        class={`${look().tone} ${look().word} ${id === props.selected ? 'here' : ''}`}
                        title={`partition ${id}: ${look().word}`}
                        onClick={() => props.onSelect(id)}
                      />
                    )}
                  </Show>
                )}
              </For>
            </span>
          </div>
        )}
      </For>
      <p class="key-of-matrix" aria-hidden="true">
        <i class="run quiet" /> quiet <i class="wait moved" /> moved in the last 30 s{' '}
        <i class="warn behind" /> messages wait <i class="fail stuck" /> stuck <i class="fail unowned" />{' '}
        nobody has it
      </p>
    </div>
  );
}

function NodeHead(props: { row: NodeRow }) {
  return (
    <>
      <span class={`clip ${props.row.node ? '' : 'fail'}`} title={props.row.id}>
        <Show
          when={props.row.node}
          fallback={props.row.id === '' ? '✕ nobody' : `✕ ${props.row.id}, not heard`}
        >
          {(node) => (
            <>
              <span class={node().is_stalled ? 'fail' : 'run'}>{node().is_stalled ? '▲' : '▶'}</span>{' '}
              {node().id}
            </>
          )}
        </Show>
      </span>
      <span class="number">{props.row.owned.size}</span>
      <span class={`number ${(props.row.node?.lag ?? 0) > 0 ? 'warn' : 'dim'}`}>
        {props.row.node?.lag ?? '–'}
      </span>
      <span class="number dim">{props.row.node ? `${props.row.node.heard_ms_ago} ms` : '–'}</span>
    </>
  );
}
