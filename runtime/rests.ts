/** The pause of a partition after a failure: doubled each time, begun anew after a while without one. */
import type { Clock } from './clock.ts';

const REST_MS = { first: 250, max: 5_000, forgottenAfter: 30_000 } as const;

interface Rest {
  readonly ms: number;
  readonly sinceMs: number;
}

export class Rests {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #rests = new Map<number, Rest>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  begin(partition: number): void {
    const nowMs = this.#clock.now();
    const before = this.#rests.get(partition);
    const isNew = !before || nowMs - before.sinceMs > REST_MS.forgottenAfter;
    const ms = isNew ? REST_MS.first : Math.min(before.ms * 2, REST_MS.max);
    this.#rests.set(partition, { ms, sinceMs: nowMs });
  }

  has(partition: number): boolean {
    const rest = this.#rests.get(partition);
    return rest !== undefined && this.#clock.now() - rest.sinceMs < rest.ms;
  }

  /** Partitions that rest now. */
  get now(): number[] {
    return [...this.#rests.keys()].filter((partition) => this.has(partition));
  }
}
