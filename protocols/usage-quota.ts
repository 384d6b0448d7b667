/** What a tenant has used of what is counted over time: tokens of a month, bytes of artifacts. Pure. */
import { z } from 'zod';
import { type Failure, quotaExceeded } from './failure.ts';
import type { Quota } from './quota.ts';

/** As counted by the tenant's scheduler. The months are those of UTC. */
export const Used = z.object({
  /** `2026-01`: the tokens are of this month. */
  month: z.string(),
  tokens: z.number().nonnegative(),
  artifact_bytes: z.number().nonnegative(),
});
export type Used = z.infer<typeof Used>;

export const NOTHING_USED: Used = { month: '', tokens: 0, artifact_bytes: 0 };

interface Counted {
  readonly quota: Pick<Quota, 'tokens_a_month' | 'artifact_bytes'>;
  readonly used: Used;
}

/** Counted on; a new month begins with nothing. */
export function countUse(
  used: Used,
  { tokens, artifact_bytes }: Pick<Used, 'tokens' | 'artifact_bytes'>,
  nowMs: number,
): Used {
  return {
    month: monthOf(nowMs),
    tokens: tokensOfMonth(used, nowMs) + tokens,
    artifact_bytes: used.artifact_bytes + artifact_bytes,
  };
}

/** Counted back: what was stored before it was counted is not owed. */
export function freeArtifacts(used: Used, bytes: number): Used {
  return { ...used, artifact_bytes: Math.max(0, used.artifact_bytes - bytes) };
}

export function tokensOfMonth({ month, tokens }: Used, nowMs: number): number {
  return month === monthOf(nowMs) ? tokens : 0;
}

/** Why no session begins; null: tokens are left. */
export function tokensSpent({ quota, used }: Counted, nowMs: number): Failure | null {
  const { tokens_a_month: limit } = quota;
  const tokens = Math.round(tokensOfMonth(used, nowMs));
  if (tokens < limit) return null;
  const nextMs = nextMonthMs(nowMs);
  const frees = `the next month begins ${new Date(nextMs).toISOString()}`;
  const reached = { name: 'tokens_a_month', limit, used: tokens, frees };
  return quotaExceeded(reached, Math.ceil((nextMs - nowMs) / 1_000));
}

/** Why so many bytes more are not stored; null: there is room. */
export function artifactsFull({ quota, used }: Counted, bytes: number): Failure | null {
  const { artifact_bytes: limit } = quota;
  if (used.artifact_bytes + bytes <= limit) return null;
  const frees = 'artifacts are kept until they are deleted: `oio artifact rm`, or a larger quota makes room';
  return quotaExceeded({ name: 'artifact_bytes', limit, used: used.artifact_bytes, frees });
}

export function nextMonthMs(nowMs: number): number {
  const now = new Date(nowMs);
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
}

function monthOf(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, 7);
}
