/**
 * The lanes of the tab's line beside the exact events: the counts of each second, which every screen shows, and the tail,
 * which one screen at a time asks for.
 */
import { type Accessor, createSignal, onCleanup } from 'solid-js';
import type { MetricsFrame } from '#protocols/http/lanes.ts';
import type { TailBatch, TailWish } from './lanes.ts';
import type { LiveEvents } from './live-events.ts';
import { RateBook } from './rate-book.ts';

/** Seconds of which the rate is shown. */
export const RATE_SECONDS = 60;

export interface LaneData {
  /** Counts come now; not over an event stream, and not while the line is lost. */
  readonly isCounted: Accessor<boolean>;
  /** Events of each of the last seconds that are over, the newest last. */
  readonly events: Accessor<readonly number[]>;
  /** The last second that is over, by the gateway's clock. */
  readonly throughSecond: Accessor<number>;
  /** Counts by filter in each second. Changes with `events`. */
  readonly book: RateBook;
  /** The k of 1:k of the last batch; 1 where there is no tail. */
  readonly sample: Accessor<number>;
  /** Begins the tail, with its messages counted; ends with the caller's owner. Change the wish by `wish`. */
  readonly openTail: (take: (batch: TailBatch) => void) => OpenTail;
}

export interface OpenTail {
  readonly wish: (wish: TailWish) => void;
  /** The batch that ended there is painted. */
  readonly acknowledge: (through: number) => void;
}

export interface Lanes {
  readonly data: LaneData;
  readonly begin: (line: LiveEvents) => void;
  readonly takeTail: (batch: TailBatch) => void;
  readonly takeMetrics: (frame: MetricsFrame) => void;
}

const isEvent = (key: string) => key.startsWith('evt.');

export function createLanes(isCounted: Accessor<boolean>): Lanes {
  const book = new RateBook();
  const [events, setEvents] = createSignal<readonly number[]>(new Array(RATE_SECONDS).fill(0));
  const [throughSecond, setThroughSecond] = createSignal(Math.floor(Date.now() / 1_000) - 1);
  const [sample, setSample] = createSignal(1);
  let line: LiveEvents | null = null;
  let hearer: ((batch: TailBatch) => void) | null = null;
  /** Of the gateway's clock against ours, by what it said last. */
  let aheadMs = 0;
  const wishCounts = () => line?.wishMetrics({ everyMs: 1_000, hasMessages: hearer !== null });
  const tick = () => {
    const through = Math.floor((Date.now() + aheadMs) / 1_000) - 1;
    setThroughSecond(through);
    setEvents(book.series(through, RATE_SECONDS, isEvent));
  };
  const timer = setInterval(tick, 1_000);
  onCleanup(() => clearInterval(timer));
  return {
    begin: (begun) => {
      line = begun;
      wishCounts();
    },
    takeTail: (batch) => {
      setSample(batch.sample);
      if (hearer) hearer(batch);
      else line?.acknowledge(batch.through);
    },
    takeMetrics: (frame) => {
      aheadMs = Date.parse(frame.timestamp) - Date.now();
      book.take(frame.seconds);
      tick();
    },
    data: {
      isCounted,
      events,
      throughSecond,
      book,
      sample,
      openTail: (take) => {
        hearer = take;
        wishCounts();
        onCleanup(() => {
          hearer = null;
          setSample(1);
          line?.wishTail(null);
          wishCounts();
        });
        return {
          wish: (wish) => line?.wishTail(wish),
          acknowledge: (through) => line?.acknowledge(through),
        };
      },
    },
  };
}
