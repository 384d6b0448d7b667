/**
 * What time it is by the log, as one node knows it: how long a message has waited is told by the clock that dated it.
 *
 * Q1. No message comes before it was dated: the smallest difference between both clocks that was seen lately is nearest
 *     to the true one, whatever waits in logs and buffers.
 * Q2. A step of either clock is forgotten after two windows with messages in them. Until then commands may be refused
 *     that are in time, never twice done or lost.
 * Q3. Before the first message both clocks are taken for equal: a node whose clock is far off does not start.
 */
import type { Clock } from './clock.ts';

const WINDOW_MS = 10_000;

export class LogClock {
  readonly #clock: Pick<Clock, 'now'>;
  #sinceMs: number;
  /** By how much this node's clock is ahead: in the window before, and in this one. */
  #before = 0;
  #now = Number.POSITIVE_INFINITY;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    this.#sinceMs = clock.now();
  }

  /** A message came that the log dated so. */
  heard(atMs: number): void {
    const nowMs = this.#clock.now();
    if (Math.abs(nowMs - this.#sinceMs) > WINDOW_MS && this.#now < Number.POSITIVE_INFINITY) {
      this.#before = this.#now;
      this.#now = Number.POSITIVE_INFINITY;
      this.#sinceMs = nowMs;
    }
    this.#now = Math.min(this.#now, nowMs - atMs);
  }

  now(): number {
    return this.#clock.now() - Math.min(this.#before, this.#now);
  }
}
