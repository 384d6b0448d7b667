/**
 * How often to paint on this machine: twenty times a second, and less than half as often where a painting costs frames. Pure.
 *
 * P1. A painting whose next frame comes late slows the pace at once; it quickens again after `GOOD_RUN` paintings that
 *     cost nothing, so that a machine in between does not go to and fro with each.
 */

/** A little less than three frames of a 60 Hz screen, and than eight: frames never come to the millisecond. */
export const QUICK_MS = 45;
export const SLOW_MS = 125;
/** A frame of a 60 Hz screen and a half. */
const LATE_MS = 25;
/** A frame that comes later than this says that nobody looked, not what a painting cost. */
const AWAY_MS = 1_000;
const GOOD_RUN = 24;

export class PaintPace {
  #lastMs = Number.NEGATIVE_INFINITY;
  #everyMs = QUICK_MS;
  #good = 0;
  #isJudged = true;

  get everyMs(): number {
    return this.#everyMs;
  }

  /** At a frame: whether it is time to paint. */
  isDue(nowMs: number): boolean {
    this.#judge(nowMs);
    return nowMs - this.#lastMs >= this.#everyMs;
  }

  /** It was painted in the frame of this time; the frame after it is to be told to `isDue` at once. */
  painted(nowMs: number): void {
    this.#lastMs = nowMs;
    this.#isJudged = false;
  }

  #judge(nowMs: number): void {
    if (this.#isJudged) return;
    this.#isJudged = true;
    const tookMs = nowMs - this.#lastMs;
    const isLate = tookMs > LATE_MS && tookMs < AWAY_MS;
    this.#good = isLate ? 0 : this.#good + 1;
    if (isLate) this.#everyMs = SLOW_MS;
    else if (this.#good >= GOOD_RUN) this.#everyMs = QUICK_MS;
  }
}
