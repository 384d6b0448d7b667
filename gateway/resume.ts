/**
 * How a viewer gets from where it was to now: the past from the log, what is newer from memory, then live.
 *
 * U1. Each step goes on exactly where the one before ended; the last one ends in the same moment in which the viewer
 *     joins those who hear live events, so that nothing falls between.
 * U2. What can't come any more is told as a gap with its bounds and its reason, before anything newer.
 * U3. Only `readsMax` reads of the log are under way, however many viewers come again at once.
 */
import type { GapReason } from '#protocols/http/live.ts';
import type { PastEvents, PastPage } from '#runtime/event-feed.ts';
import { toFrame } from './frames.ts';
import type { RecentFrames } from './recent-frames.ts';
import type { Viewer } from './viewer.ts';

export interface ResumeLimits {
  readonly pastPage: number;
  /** Past events that one resume reads at most. */
  readonly pastMax: number;
  /** How long a viewer may take to read a page of the past. */
  readonly pastPageMs: number;
  /** How long this gateway may be behind what a viewer heard from another one. */
  readonly behindMs: number;
}

/** What has been heard by now. */
export interface Heard {
  readonly lastSeq: number;
  readonly recent: RecentFrames;
}

interface ResumeOptions {
  readonly viewer: Viewer;
  readonly heard: Heard;
  readonly read: PastEvents;
  readonly limits: ResumeLimits;
  /** Called in the moment in which nothing is missing any more. */
  readonly join: () => void;
}

const POLL_MS = 20;

const DETAIL: Readonly<Record<GapReason, string>> = {
  expired: 'the log no longer has these events: load anew',
  too_many: 'more events than one resume sends: load anew, or read them at the events routes',
  ahead: 'the log ends before the sequence asked for and may have begun anew: load anew',
};

/** Returns when the viewer has joined or is gone. Throws where the log can't be read. */
export async function resume(options: ResumeOptions, after: number): Promise<void> {
  const { viewer, heard, limits, join } = options;
  let at = after > heard.lastSeq ? await findPlace(options, after) : after;
  let readCount = 0;
  viewer.beginAt(at);
  while (viewer.isOpen) {
    if (heard.recent.covers(at)) {
      const frames = heard.recent.after(at, limits.pastPage);
      if (frames.length === 0) return join();
      viewer.sendPast(frames);
      at = frames.at(-1)?.seq ?? at;
    } else if (readCount >= limits.pastMax) {
      const { floor } = heard.recent;
      tellGap(viewer, 'too_many', { after_seq: at, before_seq: floor + 1 });
      at = floor;
    } else {
      const page = await readPast(options, at);
      viewer.sendPast(page.events.map(toFrame));
      readCount += page.events.length;
      at = page.throughSeq;
    }
    await viewer.drained(limits.pastPageMs);
  }
}

/** One page of the log, after what it no longer has was told. */
async function readPast({ viewer, read, limits }: ResumeOptions, at: number): Promise<PastPage> {
  const page = await read({ filter: viewer.scope.filter, afterSeq: at, limit: limits.pastPage });
  const oldest = Math.min(page.firstSeq, page.events[0]?.seq ?? page.firstSeq);
  if (page.firstSeq > at + 1)
    tellGap(viewer, 'expired', { after_seq: at, before_seq: Math.max(oldest, at + 1) });
  return page;
}

/** Where a viewer goes on that says it heard more than this gateway did: this one is behind, or the log is another. */
async function findPlace({ viewer, heard, read, limits }: ResumeOptions, after: number): Promise<number> {
  const { throughSeq: newest } = await read({ filter: viewer.scope.filter, afterSeq: after, limit: 1 });
  if (newest >= after) {
    for (let waitedMs = 0; waitedMs < limits.behindMs && viewer.isOpen; waitedMs += POLL_MS) {
      if (heard.lastSeq >= after) return after;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new Error(`events up to ${after} were not heard within ${limits.behindMs} ms`);
  }
  const { lastSeq } = heard;
  tellGap(viewer, 'ahead', { after_seq: after, before_seq: lastSeq + 1 });
  return lastSeq;
}

function tellGap(viewer: Viewer, reason: GapReason, bounds: { after_seq: number; before_seq: number }): void {
  viewer.notify({ type: 'gap', reason, ...bounds, detail: DETAIL[reason] });
}
