/**
 * Weighted fair share: who of those that want a slot gets the next. Pure.
 *
 * W1. What counts is what a tenant had, in slots × time, for its weight; the least is next. So two tenants that always
 *     want more have had, after a while, as their weights are to each other, however long their sessions take.
 * W2. Nothing is saved up and nothing is owed from when nobody else wanted: who begins to want begins beside those who do.
 * W3. What is granted and not yet heard of counts as in use.
 */
import type { SystemScheduler, TenantShare } from '#protocols/system-scheduler.ts';

export type Tenants = SystemScheduler['tenants'];

/** A slot counts as so long from its first moment, so that slots granted at once go to all in turn. */
const SLICE_MS = 60_000;

export function weightOf({ capacity }: Pick<SystemScheduler, 'capacity'>, tenant: string): number {
  return capacity.weights[tenant] ?? 1;
}

/** Slots that it has, or that are on their way to it. */
export function heldBy({ in_use, granted, known }: TenantShare): number {
  return (in_use ?? 0) + granted - known;
}

/** How many more it could use. */
export function wantedBy({ wanted, granted, known }: TenantShare): number {
  return Math.max(0, wanted - (granted - known));
}

/** What it had for its weight, up to `nowMs`, as of which `accrued` counted it. */
export function rankOf(share: TenantShare, weight: number): number {
  return (share.used_ms + heldBy(share) * SLICE_MS) / weight;
}

export function accrued(share: TenantShare, nowMs: number): TenantShare {
  const passedMs = Math.max(0, nowMs - Date.parse(share.at));
  if (passedMs === 0) return share;
  return { ...share, used_ms: share.used_ms + heldBy(share) * passedMs, at: new Date(nowMs).toISOString() };
}

export function accruedAll(tenants: Tenants, nowMs: number): Tenants {
  return Object.fromEntries(
    Object.entries(tenants).map(([tenant, share]) => [tenant, accrued(share, nowMs)]),
  );
}

/** One that begins to want has had as much as the next of those that want already; what it holds counts from now on. */
export function besideOthers(
  state: Pick<SystemScheduler, 'capacity' | 'tenants'>,
  tenant: string,
  share: TenantShare,
): TenantShare {
  const { [tenant]: _, ...others } = state.tenants;
  const tenants = accruedAll(others, Date.parse(share.at));
  const next = nextTenant({ ...state, tenants });
  const other = next === null ? undefined : tenants[next];
  if (next === null || !other) return share;
  return { ...share, used_ms: (other.used_ms / weightOf(state, next)) * weightOf(state, tenant) };
}

/** Whose turn it is; null: nobody wants one. Equals by name. */
export function nextTenant(state: Pick<SystemScheduler, 'capacity' | 'tenants'>): string | null {
  let next: { tenant: string; rank: number } | null = null;
  for (const [tenant, share] of Object.entries(state.tenants)) {
    if (wantedBy(share) === 0) continue;
    const rank = rankOf(share, weightOf(state, tenant));
    const isBefore = !next || rank < next.rank || (rank === next.rank && tenant < next.tenant);
    if (isBefore) next = { tenant, rank };
  }
  return next?.tenant ?? null;
}
