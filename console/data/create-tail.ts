/**
 * The tail of events: a bounded ring that always fills, painted at most twelve times a second.
 * While it is held the rows stand still; what comes meanwhile is counted and shown on release.
 */
import { type Accessor, createMemo, createSignal, onCleanup } from 'solid-js';
import type { LiveFrame } from '#protocols/events.ts';
import { createPainter } from './create-painter.ts';
import { type EventRow, matcherOf, toEventRow } from './event-words.ts';
import { Ring } from './ring.ts';

export const TAIL_MAX = 2_000;
/** Seconds of which the rate is remembered. */
export const RATE_SECONDS = 60;

export interface Tail {
  /** Newest first, through the filter. */
  readonly rows: Accessor<readonly EventRow[]>;
  readonly filter: Accessor<string>;
  readonly setFilter: (filter: string) => void;
  readonly isHeld: Accessor<boolean>;
  readonly hold: (isHeld: boolean) => void;
  /** Events that came while it was held. */
  readonly missed: Accessor<number>;
  readonly total: Accessor<number>;
  /** Events in each of the last seconds, the newest last. */
  readonly rates: Accessor<readonly number[]>;
  readonly push: (frames: readonly LiveFrame[]) => void;
}

export function createTail(): Tail {
  const ring = new Ring<EventRow>(TAIL_MAX);
  const [painted, setPainted] = createSignal(0, { equals: false });
  const [filter, setFilter] = createSignal('');
  const [held, setHeld] = createSignal<{ readonly rows: EventRow[]; readonly pushed: number } | null>(null);
  const rates = createRates();
  const paint = createPainter(() => setPainted(0));

  const rows = createMemo(() => {
    painted();
    const passes = matcherOf(filter());
    const still = held();
    return still ? still.rows.filter(passes) : ring.newest(TAIL_MAX, passes);
  });
  const total = createMemo(() => {
    painted();
    return ring.pushed;
  });
  return {
    rows,
    filter,
    setFilter,
    isHeld: () => held() !== null,
    hold: (isHeld) => setHeld(isHeld ? { rows: ring.newest(), pushed: ring.pushed } : null),
    missed: () => total() - (held()?.pushed ?? total()),
    total,
    rates: rates.seconds,
    push: (frames) => {
      for (const frame of frames) {
        const row = toEventRow(frame);
        ring.push(row);
        rates.count(row.atMs);
      }
      paint();
    },
  };
}

interface Rates {
  readonly seconds: Accessor<readonly number[]>;
  readonly count: (atMs: number) => void;
}

/** Events by the second in which they happened, by their own clock; a server ahead of this one moves the window. */
function createRates(): Rates {
  const [seconds, setSeconds] = createSignal<readonly number[]>(new Array(RATE_SECONDS).fill(0));
  const counts = new Map<number, number>();
  let newest = 0;
  const timer = setInterval(() => {
    newest = Math.max(newest, Math.floor(Date.now() / 1_000));
    for (const second of counts.keys()) if (second <= newest - RATE_SECONDS) counts.delete(second);
    setSeconds(
      Array.from({ length: RATE_SECONDS }, (_, at) => counts.get(newest - RATE_SECONDS + 1 + at) ?? 0),
    );
  }, 1_000);
  onCleanup(() => clearInterval(timer));
  return {
    seconds,
    count: (atMs) => {
      const second = Math.floor(atMs / 1_000);
      newest = Math.max(newest, second);
      if (second > newest - RATE_SECONDS) counts.set(second, (counts.get(second) ?? 0) + 1);
    },
  };
}
