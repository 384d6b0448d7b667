/**
 * One viewer of the live feed: its scope, what waits for it, what was left out for it.
 *
 * V1. What waits for a viewer is bounded. Past `thinAtBytes` steps on the way are left out, past `fullAtBytes` all.
 * V2. What is left out is counted, and told before any later event: a viewer that is cut off between goes on from
 *     before it and gets it after all.
 * V3. Who is behind for `shedAfterMs` is closed with 1013 and comes again by sequence.
 * V4. A viewer that acknowledges has waiting also what has left and was not acknowledged.
 * V5. The past is never thinned: it is read as quickly as the viewer reads.
 */
import type { LiveNotice } from '#protocols/http/live.ts';
import { Batch, type Frame } from './frames.ts';
import type { Scope } from './live-scope.ts';
import { CLOSE, type ViewerLine } from './viewer-line.ts';

export interface ViewerLimits {
  /** Bytes that wait in the line from which on it is thinned, and from which on it gets nothing. */
  readonly thinAtBytes: number;
  readonly fullAtBytes: number;
  readonly shedAfterMs: number;
}

interface ViewerOptions {
  readonly line: ViewerLine;
  readonly scope: Scope;
  readonly limits: ViewerLimits;
  /** It says what it took. */
  readonly acknowledges?: boolean;
  /** A clock that never jumps: how long somebody is behind is measured by it. */
  readonly elapsedMs: () => number;
  readonly onSent: (frames: number) => void;
  readonly onLeftOut: (frames: number) => void;
  readonly onShed: () => void;
}

interface LeftOut {
  readonly afterSeq: number;
  throughSeq: number;
  count: number;
  readonly byType: Map<string, number>;
}

const DRAIN_POLL_MS = 10;
/** Types are few; should they ever not be, the count stays honest and the notice small. */
const TYPES_MAX = 64;

export class Viewer {
  scope: Scope;
  readonly #options: ViewerOptions;
  readonly #line: ViewerLine;
  /** All up to here was sent, left out or not for this viewer. */
  #seq = 0;
  #leftOut: LeftOut | null = null;
  #behindSinceMs: number | null = null;
  /** What was sent and not acknowledged, oldest first. */
  #unacked: { readonly throughSeq: number; readonly bytes: number }[] = [];
  #unackedBytes = 0;
  /** It asked for events, or will; otherwise other lanes are all that it is for. */
  isExact = false;

  constructor(options: ViewerOptions) {
    this.#options = options;
    this.#line = options.line;
    this.scope = options.scope;
  }

  get isOpen(): boolean {
    return this.#line.isOpen;
  }

  /** From here on it is given what comes after `seq`. */
  beginAt(seq: number): void {
    this.#seq = seq;
  }

  /** It took events up to here. */
  acknowledge(seq: number): void {
    const taken = this.#unacked.findIndex(({ throughSeq }) => throughSeq > seq);
    for (const { bytes } of this.#unacked.splice(0, taken < 0 ? this.#unacked.length : taken))
      this.#unackedBytes -= bytes;
  }

  /** Live events, all of its scope. */
  take(batch: Batch): void {
    if (!this.isOpen) return;
    const waiting = this.#waitingBytes;
    const { thinAtBytes, fullAtBytes } = this.#options.limits;
    if (waiting <= thinAtBytes) this.#send(batch, batch.frames);
    else {
      this.#behindSinceMs ??= this.#options.elapsedMs();
      this.#send(batch, waiting <= fullAtBytes ? batch.lasting.frames : []);
    }
    this.#seq = batch.throughSeq;
  }

  /** Past events, of its scope or not, by growing sequence. */
  sendPast(frames: readonly Frame[]): void {
    const shown = frames.filter((frame) => frame.seq > this.#seq && this.scope.shows(frame));
    this.#seq = Math.max(this.#seq, frames.at(-1)?.seq ?? 0);
    if (!this.isOpen || shown.length === 0) return;
    this.#sendBatch(new Batch(shown));
    this.#options.onSent(shown.length);
  }

  notify(notice: LiveNotice): void {
    if (this.isOpen) this.#line.notify(notice);
  }

  /** Resolves once what was sent has left, or the line is closed, or it is given up after `deadlineMs`. */
  async drained(deadlineMs: number): Promise<void> {
    const until = this.#options.elapsedMs() + deadlineMs;
    while (this.isOpen && this.#waitingBytes > this.#options.limits.thinAtBytes / 2) {
      if (this.#options.elapsedMs() > until) return this.shed('reads too slowly');
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
    }
  }

  /** Looks whether a viewer that was behind has caught up, or is behind for too long. */
  review(): void {
    if (!this.isOpen || this.#behindSinceMs === null) return;
    const { limits, elapsedMs } = this.#options;
    if (this.#waitingBytes <= limits.thinAtBytes / 2) {
      this.#behindSinceMs = null;
      this.#tellLeftOut();
    } else if (elapsedMs() - this.#behindSinceMs >= limits.shedAfterMs) this.shed('reads too slowly');
  }

  /** Says that all is well, if it is; cuts off one that did not answer the last time. */
  beat(notice: LiveNotice | null): void {
    if (!this.isOpen) return;
    if (!this.#line.probe()) this.#line.cut();
    // Of one that is behind it would not be true.
    else if (notice && this.#behindSinceMs === null) this.notify(notice);
  }

  close(code: number, reason: string): void {
    if (this.isOpen) this.#line.close(code, reason);
  }

  shed(reason: string): void {
    if (!this.isOpen) return;
    this.#options.onShed();
    this.close(CLOSE.overloaded, reason);
  }

  #send(batch: Batch, kept: readonly Frame[]): void {
    if (kept.length < batch.frames.length) this.#leaveOut(batch, kept);
    if (kept.length === 0) return;
    this.#tellLeftOut();
    this.#sendBatch(kept === batch.frames ? batch : batch.lasting);
    this.#options.onSent(kept.length);
  }

  get #waitingBytes(): number {
    return Math.max(this.#line.waitingBytes, this.#unackedBytes);
  }

  #sendBatch(batch: Batch): void {
    this.#line.send(batch);
    if (!this.#options.acknowledges) return;
    this.#unacked.push({ throughSeq: batch.throughSeq, bytes: batch.list.length });
    this.#unackedBytes += batch.list.length;
  }

  #leaveOut(batch: Batch, kept: readonly Frame[]): void {
    const left = this.#leftOut ?? { afterSeq: this.#seq, throughSeq: 0, count: 0, byType: new Map() };
    this.#leftOut = left;
    const keptSeqs = new Set(kept.map(({ seq }) => seq));
    for (const { seq, type } of batch.frames) {
      if (keptSeqs.has(seq)) continue;
      const name = left.byType.has(type) || left.byType.size < TYPES_MAX ? type : 'other';
      left.byType.set(name, (left.byType.get(name) ?? 0) + 1);
      left.count += 1;
    }
    left.throughSeq = batch.throughSeq;
    this.#options.onLeftOut(batch.frames.length - kept.length);
  }

  #tellLeftOut(): void {
    const left = this.#leftOut;
    if (!left) return;
    this.#leftOut = null;
    const { afterSeq: after_seq, throughSeq: through_seq, count: left_out, byType } = left;
    this.notify({ type: 'thinned', after_seq, through_seq, left_out, by_type: Object.fromEntries(byType) });
  }
}
