import { createMemo, createSignal, Index, onCleanup, onMount } from 'solid-js';
import type { Traffic } from '../data/create-traffic.ts';
import { shortId } from '../data/figures.ts';
import type { TrafficRow } from '../data/traffic-row.ts';

export interface TrafficTailProps {
  traffic: Traffic;
  selected: string;
  onSelect: (row: TrafficRow) => void;
  /** The reader went down into the past, or is back at the top. */
  onLeave: (isAway: boolean) => void;
  /** Gives what moves the view: a row that is to be seen. */
  ref: (show: (index: number) => void) => void;
}

const ROW_PX = 18;
const SPARE_ROWS = 4;

/** The rows of the tail, newest first: a fixed pool whose texts change. 20,000 a second cost as much as one. */
export function TrafficTail(props: TrafficTailProps) {
  const [topPx, setTopPx] = createSignal(0);
  const [heightPx, setHeightPx] = createSignal(600);
  let frame: HTMLDivElement | undefined;
  onMount(() => {
    const observer = new ResizeObserver(([entry]) => setHeightPx(entry?.contentRect.height ?? 600));
    if (frame) observer.observe(frame);
    onCleanup(() => observer.disconnect());
  });
  props.ref((index) => {
    if (!frame) return;
    const top = index * ROW_PX;
    if (top < frame.scrollTop) frame.scrollTop = top;
    else if (top + ROW_PX > frame.scrollTop + frame.clientHeight)
      frame.scrollTop = top + ROW_PX - frame.clientHeight;
  });
  const first = () => Math.max(0, Math.floor(topPx() / ROW_PX) - SPARE_ROWS);
  const count = () => Math.ceil(heightPx() / ROW_PX) + 2 * SPARE_ROWS;
  const inSight = createMemo(() => props.traffic.rows(first(), count()));
  const scroll = (element: HTMLDivElement) => {
    setTopPx(element.scrollTop);
    props.onLeave(element.scrollTop > ROW_PX);
  };
  return (
    <div
      ref={frame}
      class="body tail traffic"
      role="log"
      aria-live="off"
      aria-label="Traffic, the newest first"
      tabindex="0"
      onScroll={(event) => scroll(event.currentTarget)}
    >
      <div class="space" style={{ height: `${props.traffic.size() * ROW_PX}px` }}>
        <div class="rows" style={{ transform: `translateY(${first() * ROW_PX}px)` }}>
          <Index each={inSight()}>
            {(row) => (
              <button
                type="button"
                class="row"
                tabindex="-1"
                data-place={row().place}
                aria-pressed={row().place === props.selected}
                onClick={() => props.onSelect(row())}
              >
                <span class="dim clip">
                  {row().time.slice(0, 8)}
                  <span class="ms">{row().time.slice(8)}</span>
                </span>
                <span class={row().lane === 'evt' ? 'dim' : 'stream'}>{row().lane}</span>
                <span class="kind clip">{row().kind}</span>
                <span class={`clip ${row().tone === 'idle' ? '' : row().tone}`}>{row().name}</span>
                <span class="dim clip who" title={row().id}>
                  {shortId(row().id)}
                </span>
                <span class="clip dim">{row().words}</span>
              </button>
            )}
          </Index>
        </div>
      </div>
    </div>
  );
}
