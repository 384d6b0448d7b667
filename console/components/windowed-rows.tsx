import { createEffect, createMemo, createSignal, Index, type JSX, on, onCleanup, onMount } from 'solid-js';

export interface WindowedRowsProps<Row> {
  name: string;
  rows: readonly Row[];
  rowPx: number;
  class?: string;
  role?: 'log' | 'group';
  /** Stays at the last row as more come, until the reader goes up. */
  follows?: boolean;
  onLeave?: (isAway: boolean) => void;
  /** Is brought into sight where it changes. */
  shownIndex?: number | null;
  /** Stands above the rows and scrolls with them to the sides only. */
  head?: JSX.Element;
  children: (row: () => Row, index: () => number) => JSX.Element;
}

const SPARE_ROWS = 6;

/** Rows of one height, of which only those in sight are in the page: as many as there may be. */
export function WindowedRows<Row>(props: WindowedRowsProps<Row>) {
  const [topPx, setTopPx] = createSignal(0);
  const [heightPx, setHeightPx] = createSignal(600);
  let frame: HTMLDivElement | undefined;
  let isAway = false;
  onMount(() => {
    const observer = new ResizeObserver(([entry]) => {
      setHeightPx(entry?.contentRect.height ?? 600);
      if (props.follows && !isAway) frame?.scrollTo({ top: frame.scrollHeight });
    });
    if (frame) observer.observe(frame);
    onCleanup(() => observer.disconnect());
  });
  const first = () =>
    Math.max(0, Math.min(Math.floor(topPx() / props.rowPx) - SPARE_ROWS, props.rows.length - 1));
  const inSight = createMemo(() => {
    const count = Math.ceil(heightPx() / props.rowPx) + 2 * SPARE_ROWS;
    return props.rows.slice(first(), first() + count);
  });
  createEffect(
    on(
      () => [props.rows.length, props.follows] as const,
      ([, follows]) => {
        if (follows && !isAway) queueMicrotask(() => frame?.scrollTo({ top: frame.scrollHeight }));
      },
    ),
  );
  createEffect(
    on(
      () => props.shownIndex ?? null,
      (index) => {
        if (index === null || index < 0 || !frame) return;
        const top = index * props.rowPx;
        const isSeen = top >= frame.scrollTop && top + props.rowPx <= frame.scrollTop + frame.clientHeight;
        if (!isSeen) frame.scrollTo({ top: Math.max(0, top - frame.clientHeight / 3) });
      },
    ),
  );
  const scroll = (element: HTMLDivElement) => {
    setTopPx(element.scrollTop);
    isAway = element.scrollHeight - element.scrollTop - element.clientHeight > props.rowPx * 2;
    props.onLeave?.(isAway);
  };
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: each of its roles has a name.
    <div
      ref={frame}
      class={`window ${props.class ?? ''}`}
      role={props.role ?? 'group'}
      aria-live={props.role === 'log' ? 'off' : undefined}
      aria-label={props.name}
      tabindex="0"
      onScroll={(event) => scroll(event.currentTarget)}
    >
      {props.head}
      <div class="space" style={{ height: `${props.rows.length * props.rowPx}px` }}>
        <div class="rows" style={{ transform: `translateY(${first() * props.rowPx}px)` }}>
          <Index each={inSight()}>{(row, offset) => props.children(row, () => first() + offset)}</Index>
        </div>
      </div>
    </div>
  );
}
