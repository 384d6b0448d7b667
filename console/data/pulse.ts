/**
 * The readings of the wall over time: for each second a value of each series, over a fixed window. What was not read is
 * no value, never a zero. Pure; charts get the arrays as they are.
 */
export const PULSE_SECONDS = 600;

export class Pulse<Name extends string> {
  /** Unix times, the oldest first. */
  readonly times = new Float64Array(PULSE_SECONDS);
  readonly #series: ReadonlyMap<Name, (number | null)[]>;

  constructor(names: readonly Name[], nowSecond: number) {
    this.#series = new Map(names.map((name) => [name, new Array<number | null>(PULSE_SECONDS).fill(null)]));
    this.#fillTimes(nowSecond);
  }

  get newestSecond(): number {
    return this.times[PULSE_SECONDS - 1] ?? 0;
  }

  /** Moves the window on, where it is behind; what was read at the seconds between is not known. */
  moveTo(second: number): void {
    const by = second - this.newestSecond;
    if (by <= 0) return;
    for (const values of this.#series.values()) {
      values.splice(0, Math.min(by, PULSE_SECONDS));
      while (values.length < PULSE_SECONDS) values.push(null);
    }
    this.#fillTimes(second);
  }

  /** Outside the window nothing is kept. */
  set(name: Name, second: number, value: number | null): void {
    const at = PULSE_SECONDS - 1 - (this.newestSecond - second);
    if (at >= 0 && at < PULSE_SECONDS) this.series(name)[at] = value;
  }

  series(name: Name): (number | null)[] {
    return this.#series.get(name) ?? [];
  }

  /** The newest that is known. */
  latest(name: Name): number | null {
    return this.series(name).findLast((value) => value !== null) ?? null;
  }

  #fillTimes(newest: number): void {
    for (let at = 0; at < PULSE_SECONDS; at++) this.times[at] = newest - PULSE_SECONDS + 1 + at;
  }
}
