/**
 * How late what happens is shown here, though the two clocks are not the same.
 *
 * The difference between our clock and the time in a message is delay and clocks' difference together. The least that was
 * seen lately is taken for the clocks'; what is more than that is delay. A delay that never gets less shows as none: the
 * figure is how much worse it is than at its best.
 */
const WINDOW_MS = 120_000;
const SLOTS = 6;
/** Older than this a measure says nothing of now. */
const FRESH_MS = 20_000;

export class LagMeter {
  /** The least difference of each sixth of the window. */
  readonly #least: { slot: number; ms: number }[] = [];
  #lagMs = 0;
  #atMs = Number.NEGATIVE_INFINITY;

  /** Of a message that was sent at `serverMs` and came at `nowMs`. */
  hear(serverMs: number, nowMs: number): void {
    const difference = nowMs - serverMs;
    const slot = Math.floor(nowMs / (WINDOW_MS / SLOTS));
    while (this.#least[0] && this.#least[0].slot <= slot - SLOTS) this.#least.shift();
    const last = this.#least.at(-1);
    if (last?.slot === slot) last.ms = Math.min(last.ms, difference);
    else this.#least.push({ slot, ms: difference });
    this.#lagMs = difference - Math.min(...this.#least.map(({ ms }) => ms));
    this.#atMs = nowMs;
  }

  /** Null where nothing was heard lately. */
  lagMs(nowMs: number): number | null {
    return nowMs - this.#atMs <= FRESH_MS ? this.#lagMs : null;
  }
}
