/**
 * Virtual time: it stands still until it is moved, and wakes sleepers in order.
 *
 * V1. Between two wake-ups everything happens that needs no time (`idle`), so the same program gives the same history.
 * V2. Wake-ups of one moment come in the order in which they were asked for.
 */
import type { Clock } from '../clock.ts';

interface Wake {
  readonly atMs: number;
  readonly n: number;
  /** Null: nobody waits any more. */
  run: (() => void) | null;
}

export interface VirtualClockOptions {
  readonly startMs?: number;
  /** Resolves when nothing happens any more without time; see `event-loop.ts`. */
  readonly idle: () => Promise<void>;
}

const START_MS = Date.UTC(2026, 0, 1);

export class VirtualClock implements Clock {
  readonly #idle: () => Promise<void>;
  readonly #wakes = new WakeHeap();
  #nowMs: number;
  #n = 0;

  constructor(options: VirtualClockOptions) {
    this.#idle = options.idle;
    this.#nowMs = options.startMs ?? START_MS;
  }

  now(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const cancel = this.after(ms, () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      const abort = () => {
        cancel();
        resolve();
      };
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** Runs something after `ms`; returns what takes that back. */
  after(ms: number, run: () => void): () => void {
    const wake: Wake = { atMs: this.#nowMs + Math.max(0, ms), n: this.#n++, run };
    this.#wakes.push(wake);
    return () => {
      wake.run = null;
    };
  }

  /** Moves time on by `ms`. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await this.#idle();
    while (await this.step(untilMs));
    this.#nowMs = untilMs;
  }

  /** Moves time on to the next wake-up not after `untilMs`; false where there is none. */
  async step(untilMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    const wake = this.#wakes.popUntil(untilMs);
    if (!wake) return false;
    this.#nowMs = Math.max(this.#nowMs, wake.atMs);
    wake.run?.();
    await this.#idle();
    return true;
  }
}

/** A binary heap of wake-ups, the next one on top. */
class WakeHeap {
  readonly #wakes: Wake[] = [];

  push(wake: Wake): void {
    const heap = this.#wakes;
    let index = heap.push(wake) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#swapIfBefore(index, parent)) return;
      index = parent;
    }
  }

  /** The next wake-up that somebody still waits for, if it is not after `atMs`. */
  popUntil(atMs: number): Wake | null {
    for (let top = this.#wakes[0]; top; top = this.#wakes[0]) {
      if (top.run && top.atMs > atMs) return null;
      this.#dropTop();
      if (top.run) return top;
    }
    return null;
  }

  #dropTop(): void {
    const last = this.#wakes.pop();
    if (!last || this.#wakes.length === 0) return;
    this.#wakes[0] = last;
    for (let index = 0; ; ) {
      const left = 2 * index + 1;
      const right = left + 1;
      const child = this.#isBefore(right, left) ? right : left;
      if (!this.#swapIfBefore(child, index)) return;
      index = child;
    }
  }

  #swapIfBefore(child: number, parent: number): boolean {
    const [a, b] = [this.#wakes[child], this.#wakes[parent]];
    if (!a || !b || !this.#isBefore(child, parent)) return false;
    this.#wakes[child] = b;
    this.#wakes[parent] = a;
    return true;
  }

  #isBefore(first: number, second: number): boolean {
    const [a, b] = [this.#wakes[first], this.#wakes[second]];
    if (!a || !b) return a !== undefined;
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.n < b.n);
  }
}
