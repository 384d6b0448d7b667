/** What is spent an hour, from totals as they were read: over the last ten minutes, or since the first reading. Pure. */
export interface Total {
  readonly atMs: number;
  readonly usd: number;
}

const WINDOW_MS = 600_000;
/** From less than this one does not tell what an hour costs. */
const SPAN_MIN_MS = 10_000;

/** The readings that still count, with the new one. */
export function addTotal(totals: readonly Total[], total: Total): readonly Total[] {
  return [...totals.filter(({ atMs }) => total.atMs - atMs <= WINDOW_MS), total];
}

/** Dollars an hour; null where too little is known. A total that fell (a session was deleted) counts as nothing spent. */
export function spendPerHour(totals: readonly Total[]): number | null {
  const first = totals[0];
  const last = totals.at(-1);
  if (!first || !last || last.atMs - first.atMs < SPAN_MIN_MS) return null;
  let spent = 0;
  for (const [at, { usd }] of totals.entries()) spent += Math.max(0, usd - (totals[at - 1]?.usd ?? usd));
  return (spent / (last.atMs - first.atMs)) * 3_600_000;
}
