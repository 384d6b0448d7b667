/**
 * What passes, for eyes: the tail lane of the line, in a ring, painted at most twenty times a second. What is left out is
 * counted and said; a batch is acknowledged with the next frame that the page draws, so that a page that is slow gets less,
 * not more behind, and one that keeps up never waits for its own painting.
 */
import { type Accessor, createEffect, createMemo, createSignal, on, onCleanup } from 'solid-js';
import { subjectMatches } from '#protocols/subjects.ts';
import { createFrame, createPainter } from './create-painter.ts';
import { toneOfEvent } from './event-words.ts';
import { FrameLog } from './frame-log.ts';
import { type AnyFrame, isMessage } from './lanes.ts';
import { RateBook } from './rate-book.ts';
import { parseTrafficFilter } from './traffic-filter.ts';
import { type TrafficRow, toTrafficRow } from './traffic-row.ts';
import { useConsole } from './use-console.ts';

export interface Traffic {
  /** How many rows the view has. */
  readonly size: Accessor<number>;
  /** Rows from `first` on, the newest is 0; changes with each painting. */
  readonly rows: (first: number, count: number) => readonly TrafficRow[];
  readonly isHeld: Accessor<boolean>;
  readonly hold: (isHeld: boolean) => void;
  /** What came since it was held, and passes. */
  readonly missed: Accessor<number>;
  readonly total: Accessor<number>;
  /** What the gateway left out, since the filter was set. */
  readonly leftOut: Accessor<number>;
  /** Failures in the last ten seconds, as far as they are in the tail. */
  readonly failed: () => number;
  /** All that is kept, for what hangs together with what. */
  readonly frames: () => readonly AnyFrame[];
}

const KEPT = 20_000;
/** Of the newest that the gateway still has. */
const LAST = 300;
const FAILED_SECONDS = 10;
const FAILED = 'failed';

export function createTraffic(filter: Accessor<string>): Traffic {
  const { lanes, line } = useConsole();
  const log = new FrameLog<AnyFrame>(KEPT);
  const [painted, setPainted] = createSignal(0, { equals: false });
  const [leftOut, setLeftOut] = createSignal(0);
  const failures = new RateBook();
  let untold = 0;
  const paint = createPainter(() => setPainted(0));
  const acknowledge = createFrame(() => {
    if (untold > 0) tail.acknowledge(untold);
    untold = 0;
    return false;
  });
  const tail = lanes.openTail((batch) => {
    // It begins with the newest that there were, which may be there already: by the line of before, or on their way when
    // the filter changed.
    if (batch.begins) log.clear();
    log.push(batch.frames);
    if (batch.left_out > 0) setLeftOut(leftOut() + batch.left_out);
    for (const frame of batch.frames) if (isFailure(frame)) failures.count(FAILED, secondOf(frame));
    // Nobody sees a hidden page, and it draws no frames: what it took is as good as painted.
    if (document.hidden) tail.acknowledge(batch.through);
    else {
      untold = batch.through;
      acknowledge();
    }
    paint();
  });
  const parsed = createMemo(() => parseTrafficFilter(filter()));
  const wanted = createMemo(() => parsed().subjects.join(' '));
  createEffect(
    on(wanted, () => {
      log.clear();
      setLeftOut(0);
      const { subjects } = parsed();
      tail.wish({ subjects: subjects.length > 0 ? subjects : ['evt.>', 'tap.>'], last: LAST });
      setPainted(0);
    }),
  );
  createEffect(() => {
    const { subjects, words } = parsed();
    // The gateway filters subjects; what was on its way when the filter changed is kept out here.
    const passes = (frame: AnyFrame) => isOn(frame, subjects) && hasAll(frame, words);
    log.filter(words.length > 0 || subjects.length > 0 ? passes : null);
    setPainted(0);
  });
  // What was on its way when the line was lost is not acknowledged on the next one.
  createEffect(on(line, () => (untold = 0)));
  onCleanup(() => log.clear());
  const seen = <Value>(read: () => Value) => {
    painted();
    return read();
  };
  return {
    size: () => seen(() => log.size),
    rows: (first, count) => seen(() => log.rows(first, count).map(toTrafficRow)),
    isHeld: () => seen(() => log.isHeld),
    hold: (isHeld) => {
      log.hold(isHeld);
      setPainted(0);
    },
    missed: () => seen(() => log.missed),
    total: () => seen(() => log.total),
    leftOut,
    failed: () => failures.totals(lanes.throughSecond(), FAILED_SECONDS).get(FAILED) ?? 0,
    frames: () => log.rows(0, KEPT),
  };
}

function isOn({ subject }: AnyFrame, filters: readonly string[]): boolean {
  return filters.length === 0 || filters.some((filter) => subjectMatches(filter, subject));
}

function hasAll(frame: AnyFrame, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const { words: said } = toTrafficRow(frame);
  const text = `${frame.subject} ${said}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function isFailure(frame: AnyFrame): boolean {
  return !isMessage(frame) && toneOfEvent(frame.payload) === 'fail';
}

function secondOf({ timestamp }: AnyFrame): number {
  return Math.floor(Date.parse(timestamp) / 1_000);
}
