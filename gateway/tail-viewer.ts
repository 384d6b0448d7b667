/**
 * One viewer of the tail: how much of it is on its way, and what waits for it meanwhile.
 *
 * V1. At most `unackedMax` batches are on their way: past that nothing is sent, what comes is merged into the next one.
 * V2. What waits is bounded: past `heldMax` frames it is thinned where it is, its counts stay.
 * V3. Who takes nothing for `shedAfterMs` while something waits is closed with 1013.
 */
import { type BatchPlace, merge, type TailBatch, type TailLimits, type TailPart } from './tail-batch.ts';
import type { ViewerLine } from './viewer-line.ts';

export interface TailViewerLimits extends TailLimits {
  readonly unackedMax: number;
  readonly heldMax: number;
  readonly thinAtBytes: number;
  readonly shedAfterMs: number;
}

interface TailViewerOptions {
  readonly line: ViewerLine;
  /** An event stream acknowledges nothing: what its line has not sent counts. */
  readonly acknowledges: boolean;
  readonly limits: TailViewerLimits;
  readonly elapsedMs: () => number;
  readonly onSent: (frames: number) => void;
  readonly onLeftOut: (frames: number) => void;
  readonly onStalled: () => void;
}

/** Makes the batch of what waits; the same for all that wait for the same. */
export type Compose = (parts: readonly TailPart[], place: Pick<BatchPlace, 'after' | 'begins'>) => TailBatch;

export class TailViewer {
  readonly #options: TailViewerOptions;
  /** Heard numbers up to here were sent to it, or told to it as left out. */
  #after = 0;
  #begins = true;
  #unacked: number[] = [];
  #waiting: TailPart[] = [];
  #held = 0;
  #blockedSinceMs: number | null = null;

  constructor(options: TailViewerOptions) {
    this.#options = options;
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** What was heard up to here is not for it. */
  beginAt(through: number): void {
    this.#passTo(through);
    this.#begins = true;
  }

  /** What was heard up to `through`; null: nothing of it passed the filter. */
  take(part: TailPart | null, through: number, compose: Compose): void {
    const { line, limits, elapsedMs, onSent, onLeftOut } = this.#options;
    if (!line.isOpen) return;
    if (part) this.#hold(part);
    if (this.#waiting.length === 0) return;
    if (!this.#hasCredit()) {
      this.#blockedSinceMs ??= elapsedMs();
      if (this.#held > limits.heldMax) this.#thinWaiting();
      return;
    }
    const batch = compose(this.#waiting, { after: this.#after, begins: this.#begins });
    this.#passTo(through);
    this.#begins = false;
    if (this.#options.acknowledges) this.#unacked.push(through);
    line.send(batch);
    onSent(batch.frameCount);
    if (batch.leftOutCount > 0) onLeftOut(batch.leftOutCount);
  }

  /** Batches up to this one are painted. */
  acknowledge(through: number): void {
    this.#unacked = this.#unacked.filter((one) => one > through);
    if (this.#hasCredit()) this.#blockedSinceMs = null;
  }

  review(): void {
    const { line, limits, elapsedMs, onStalled } = this.#options;
    if (!line.isOpen || this.#blockedSinceMs === null) return;
    if (this.#hasCredit()) this.#blockedSinceMs = null;
    else if (elapsedMs() - this.#blockedSinceMs >= limits.shedAfterMs) onStalled();
  }

  #passTo(through: number): void {
    this.#after = through;
    this.#waiting = [];
    this.#held = 0;
    this.#blockedSinceMs = null;
  }

  #hasCredit(): boolean {
    const { line, limits } = this.#options;
    return this.#unacked.length < limits.unackedMax && line.waitingBytes <= limits.thinAtBytes;
  }

  #hold(part: TailPart): void {
    this.#waiting.push(part);
    this.#held += part.frames.length;
  }

  #thinWaiting(): void {
    const whole = merge(this.#waiting, this.#options.limits);
    this.#waiting = [whole];
    this.#held = whole.frames.length;
  }
}
