/**
 * Which snapshots are kept beside the newest, so that an actor can be folded from near any point. Pure.
 *
 * P1. At least one in `versions` versions, and the first change in each span of `spanMs`. The beginning of a life needs
 *     none: what folds from there begins with nothing.
 */
export const KEEPING = { versions: 256, spanMs: 600_000 } as const;

interface Aged {
  readonly version: number;
  readonly changedAtMs: number;
}

/** Whether the snapshot of `after` is one to keep. */
export function isKeepDue(before: Aged, after: Aged): boolean {
  if (before.version === 0 || after.version === before.version) return false;
  const spanOf = ({ changedAtMs }: Aged) => Math.floor(changedAtMs / KEEPING.spanMs);
  const roundOf = ({ version }: Aged) => Math.floor(version / KEEPING.versions);
  return roundOf(before) !== roundOf(after) || spanOf(before) !== spanOf(after);
}
