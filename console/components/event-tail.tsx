import { createEffect, createMemo, createSignal, Index, on, onCleanup, onMount } from 'solid-js';
import type { EventRow } from '../data/event-words.ts';
import { shortId } from '../data/figures.ts';

export interface EventTailProps {
  rows: readonly EventRow[];
  selectedSeq: number | null;
  isHeld: boolean;
  /** Title of a session or task, where it is known. */
  titleOf: (kind: string, id: string) => string | undefined;
  onSelect: (row: EventRow) => void;
  /** The reader went down into the past, or is back at the top. */
  onLeave: (isAway: boolean) => void;
}

const ROW_PX = 18;
const SPARE_ROWS = 4;

/**
 * The rows of the tail, newest first. Only those in sight are in the page: a fixed pool whose texts change, so that
 * 20,000 events a second cost as much as one.
 */
export function EventTail(props: EventTailProps) {
  const [topPx, setTopPx] = createSignal(0);
  const [heightPx, setHeightPx] = createSignal(600);
  let frame: HTMLDivElement | undefined;
  onMount(() => {
    const observer = new ResizeObserver(([entry]) => setHeightPx(entry?.contentRect.height ?? 600));
    if (frame) observer.observe(frame);
    onCleanup(() => observer.disconnect());
  });
  // Whoever goes on goes on at the newest.
  createEffect(
    on(
      () => props.isHeld,
      (isHeld) => {
        if (!isHeld) frame?.scrollTo({ top: 0 });
      },
      { defer: true },
    ),
  );
  const first = () => Math.max(0, Math.floor(topPx() / ROW_PX) - SPARE_ROWS);
  const inSight = createMemo(() => {
    const count = Math.ceil(heightPx() / ROW_PX) + 2 * SPARE_ROWS;
    return props.rows.slice(first(), first() + count);
  });
  const scroll = (element: HTMLDivElement) => {
    setTopPx(element.scrollTop);
    props.onLeave(element.scrollTop > ROW_PX);
  };
  return (
    <div
      ref={frame}
      class="body tail"
      role="log"
      aria-live="off"
      aria-label="Events, the newest first"
      onScroll={(event) => scroll(event.currentTarget)}
    >
      <div class="space" style={{ height: `${props.rows.length * ROW_PX}px` }}>
        <div class="rows" style={{ transform: `translateY(${first() * ROW_PX}px)` }}>
          <Index each={inSight()}>
            {(row) => (
              <button
                type="button"
                class="row"
                data-seq={row().seq}
                aria-pressed={row().seq === props.selectedSeq}
                onClick={() => props.onSelect(row())}
              >
                <span class="dim clip">
                  {row().time.slice(0, 8)}
                  <span class="ms">{row().time.slice(8)}</span>
                </span>
                <span class="kind clip">{row().kind}</span>
                <span class={`clip ${row().tone}`}>{row().name}</span>
                <span class="dim clip who" title={row().id}>
                  {shortId(row().id)}
                </span>
                <span class="clip">{row().words || props.titleOf(row().kind, row().id)}</span>
              </button>
            )}
          </Index>
        </div>
      </div>
    </div>
  );
}
