/**
 * The newest events that this gateway has heard, in memory: whoever lost its line for a moment is served from here, so
 * that a hundred viewers that come again at once do not read the log a hundred times.
 *
 * K1. From `floor` (exclusive) on nothing is missing; what is at or below it is asked of the log.
 * K2. It is bounded by number and by bytes.
 */
import type { Frame } from './frames.ts';

export interface RecentLimits {
  readonly framesMax: number;
  readonly bytesMax: number;
}

export class RecentFrames {
  readonly #limits: RecentLimits;
  #frames: (Frame | undefined)[] = [];
  /** Places before it are empty; the array is cut when they are more than what is kept, not for each one. */
  #first = 0;
  #chars = 0;
  #floor: number;

  constructor(floor: number, limits: RecentLimits) {
    this.#floor = floor;
    this.#limits = limits;
  }

  get floor(): number {
    return this.#floor;
  }

  add(frame: Frame): void {
    this.#frames.push(frame);
    this.#chars += frame.text.length;
    const { framesMax, bytesMax } = this.#limits;
    while (this.#frames.length - this.#first > framesMax || this.#chars > bytesMax) this.#letGo();
    if (this.#first * 2 > this.#frames.length) {
      this.#frames = this.#frames.slice(this.#first);
      this.#first = 0;
    }
  }

  covers(afterSeq: number): boolean {
    return afterSeq >= this.#floor;
  }

  /** The oldest `count` after a sequence that is covered. */
  after(afterSeq: number, count: number): Frame[] {
    let low = this.#first;
    let high = this.#frames.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#frames[middle]?.seq ?? 0) <= afterSeq) low = middle + 1;
      else high = middle;
    }
    return this.#frames.slice(low, low + count).filter((frame) => frame !== undefined);
  }

  #letGo(): void {
    const gone = this.#frames[this.#first];
    if (!gone) return;
    this.#frames[this.#first] = undefined;
    this.#first += 1;
    this.#chars -= gone.text.length;
    this.#floor = gone.seq;
  }
}
