/** Every wait of the SDK, with its default. A caller may shorten or stretch any of them. */

export interface Timing {
  /** Connecting and the first registration together; past that `joinAsAgent` throws. */
  readonly joinWithinMs: number;
  /** One request; then it is repeated. */
  readonly askTimeoutMs: number;
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** How long a registration is repeated under one id. Then it gets a new one: the orchestrator may have
   * counted us as gone after it committed the old one, and a repeat would only bring the old answer again. */
  readonly registerRoundMs: number;
  /** An agent that is registered says so again now and then: should the orchestrator have lost it unheard, it is
   * found again. A fifth of it is chance. */
  readonly refreshMs: number;
  /** Between a registration that was refused for good and the next try. */
  readonly refusedPauseMs: number;
  /** How often a request that waits for a person is asked for again, should its answer have been lost. */
  readonly requestAgainMs: number;
  /** What work gets to end in, after its time was up. */
  readonly timeoutGraceMs: number;
  /** How long past an attempt's own time its last messages are still repeated. */
  readonly afterDeadlineMs: number;
  /** What work gets to end in at `stop()`. */
  readonly stopGraceMs: number;
  readonly drainWithinMs: number;
  readonly farewellWithinMs: number;
}

export const TIMING: Timing = {
  joinWithinMs: 60_000,
  askTimeoutMs: 5_000,
  backoffMinMs: 200,
  backoffMaxMs: 5_000,
  registerRoundMs: 20_000,
  refreshMs: 300_000,
  refusedPauseMs: 30_000,
  requestAgainMs: 30_000,
  timeoutGraceMs: 10_000,
  afterDeadlineMs: 60_000,
  stopGraceMs: 5_000,
  drainWithinMs: 600_000,
  farewellWithinMs: 3_000,
};

/** Pause before repeat `turn` (0, 1, …): doubles up to its bound, and half of it is chance, so that a fleet spreads. */
export function backoffMs(turn: number, timing: Timing, random: () => number): number {
  const full = Math.min(timing.backoffMaxMs, timing.backoffMinMs * 2 ** Math.min(turn, 30));
  return full / 2 + random() * (full / 2);
}
