/** How far a server's clock may be from this node's: timers go by Postgres', messages are dated by NATS'. */
export const CLOCK_OFF_MAX_MS = 5_000;

export interface ClockLook {
  /** Whose clock it is. */
  readonly name: string;
  readonly theirsMs: number;
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
}

/** Throws where two clocks differ too much; how long the answer took counts in their favour. */
export function assertClock({ name, theirsMs, askedAtMs, answeredAtMs }: ClockLook): void {
  const offMs = theirsMs > answeredAtMs ? theirsMs - answeredAtMs : Math.max(0, askedAtMs - theirsMs);
  if (offMs <= CLOCK_OFF_MAX_MS) return;
  const mend = 'set both machines by one time server (NTP) and start again';
  throw new Error(
    `the clocks of this node and of ${name} are ${(offMs / 1_000).toFixed(1)} s apart, ` +
      `${CLOCK_OFF_MAX_MS / 1_000} s are borne: ${mend}`,
  );
}
