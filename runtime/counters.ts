/**
 * Effect counters of one partition: what it has sent to each other partition, and what it has applied from each.
 *
 * K1. Outbound numbers are gapless per (target, lane); each is written by the commit that uses it.
 * K2. Inbound: a number not above the last is a repeat, one further ahead is a gap; only the next is applied.
 */
import type { Counter, OutLane } from './store.ts';

export class Counters {
  readonly #outbound = new Map<string, Counter>();
  readonly #inbound = new Map<string, Counter>();

  constructor(stored: { outbound: readonly Counter[]; inbound: readonly Counter[] }) {
    for (const counter of stored.outbound) this.#outbound.set(keyOf(counter.other, counter.lane), counter);
    for (const counter of stored.inbound) this.#inbound.set(keyOf(counter.other, counter.lane), counter);
  }

  /** The next number for an effect to `target`; with the counter to be written. */
  next(target: number, lane: OutLane): Counter {
    const counter = { other: target, lane, n: (this.#outbound.get(keyOf(target, lane))?.n ?? 0) + 1 };
    this.#outbound.set(keyOf(target, lane), counter);
    return counter;
  }

  /** Whether effect `n` from `source` is the next one; if so the counter moves. */
  take(
    source: number,
    lane: OutLane,
    n: number,
  ): { verdict: 'next'; counter: Counter } | { verdict: 'repeat' | 'gap' } {
    const last = this.#inbound.get(keyOf(source, lane))?.n ?? 0;
    if (n <= last) return { verdict: 'repeat' };
    if (n > last + 1) return { verdict: 'gap' };
    const counter = { other: source, lane, n };
    this.#inbound.set(keyOf(source, lane), counter);
    return { verdict: 'next', counter };
  }
}

export function keyOf(other: number, lane: OutLane): string {
  return `${other}/${lane}`;
}
