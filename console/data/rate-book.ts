/**
 * Counts of each second by the filter that shows what is counted (`evt.dev.session.*.transitioned`), for the last minutes.
 * Told whole by the gateway, or counted here from what passes; by the clock of whoever counts. Pure.
 */
import type { SecondCounts } from '#protocols/http/lanes.ts';

/** So many seconds are kept. */
export const BOOK_SECONDS = 120;

export class RateBook {
  readonly #seconds = new Map<number, Map<string, number>>();
  #newest = 0;

  get newestSecond(): number {
    return this.#newest;
  }

  /** Seconds with their whole counts, in place of what was known of them. */
  take(seconds: readonly SecondCounts[]): void {
    for (const { second, counts } of seconds) {
      this.#seconds.set(second, new Map(Object.entries(counts)));
      this.#moveTo(second);
    }
  }

  /** One more of this key. */
  count(key: string, second: number): void {
    const counts = this.#seconds.get(second) ?? new Map<string, number>();
    this.#seconds.set(second, counts.set(key, (counts.get(key) ?? 0) + 1));
    this.#moveTo(second);
  }

  clear(): void {
    this.#seconds.clear();
    this.#newest = 0;
  }

  /** What each of the last seconds up to `until` had of the keys that pass; the newest last. */
  series(until: number, length: number, passes: (key: string) => boolean = () => true): number[] {
    return Array.from({ length }, (_, at) => {
      let sum = 0;
      for (const [key, count] of this.#seconds.get(until - length + 1 + at) ?? [])
        if (passes(key)) sum += count;
      return sum;
    });
  }

  /** Of each key how many in the last seconds up to `until`. */
  totals(until: number, length: number): Map<string, number> {
    const totals = new Map<string, number>();
    for (let second = until - length + 1; second <= until; second++) {
      for (const [key, count] of this.#seconds.get(second) ?? [])
        totals.set(key, (totals.get(key) ?? 0) + count);
    }
    return totals;
  }

  #moveTo(second: number): void {
    if (second <= this.#newest) return;
    this.#newest = second;
    for (const known of this.#seconds.keys()) if (known <= second - BOOK_SECONDS) this.#seconds.delete(known);
  }
}

/** The filter under which a subject is counted: its id is any. */
export function keyOf(subject: string): string {
  const [root, tenant, type, , ...name] = subject.split('.');
  return [root, tenant, type, '*', ...name].join('.');
}
