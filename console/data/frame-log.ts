/**
 * What passed, the newest first: a bounded ring that always fills, seen through a filter and a hold. Plain data, no signals.
 *
 * L1. What is pushed is kept up to the bound, held or not.
 * L2. A view that is held stands still; what comes meanwhile is counted and is there on release.
 * L3. A push costs the same whatever is kept: the filter is applied once to each frame.
 */
import { Ring } from './ring.ts';

/** A held view keeps so many rows at most. */
const HELD_MAX = 5_000;

export class FrameLog<Frame> {
  readonly #all: Ring<Frame>;
  /** Those that pass; null: all do. */
  #passed: Ring<Frame> | null = null;
  #passes: (frame: Frame) => boolean = () => true;
  #held: { readonly frames: readonly Frame[]; readonly pushed: number } | null = null;

  constructor(capacity: number) {
    this.#all = new Ring(capacity);
  }

  /** How many ever came. */
  get total(): number {
    return this.#all.pushed;
  }

  get isHeld(): boolean {
    return this.#held !== null;
  }

  /** How many that pass came since it was held. */
  get missed(): number {
    return this.#held ? this.#view.pushed - this.#held.pushed : 0;
  }

  /** How many rows the view has. */
  get size(): number {
    return this.#held?.frames.length ?? this.#view.size;
  }

  push(frames: readonly Frame[]): void {
    for (const frame of frames) {
      this.#all.push(frame);
      if (this.#passed && this.#passes(frame)) this.#passed.push(frame);
    }
  }

  /** Rows of the view from `first` on, at most `count`; 0 is the newest. */
  rows(first: number, count: number): Frame[] {
    if (this.#held) return this.#held.frames.slice(first, first + count);
    const view = this.#view;
    const rows: Frame[] = [];
    for (let back = first; back < Math.min(first + count, view.size); back++) {
      const frame = view.at(back);
      if (frame !== undefined) rows.push(frame);
    }
    return rows;
  }

  /** Null: all pass. A held view is held anew, of what is there now. */
  filter(passes: ((frame: Frame) => boolean) | null): void {
    this.#passes = passes ?? (() => true);
    this.#passed = null;
    if (passes) {
      const passed = new Ring<Frame>(this.#all.capacity);
      for (const frame of this.#all.newest(this.#all.capacity, passes).reverse()) passed.push(frame);
      this.#passed = passed;
    }
    if (this.#held) this.hold(true);
  }

  hold(isHeld: boolean): void {
    this.#held = isHeld ? { frames: this.#view.newest(HELD_MAX), pushed: this.#view.pushed } : null;
  }

  clear(): void {
    this.#all.clear();
    this.#passed?.clear();
    this.#held = null;
  }

  get #view(): Ring<Frame> {
    return this.#passed ?? this.#all;
  }
}
