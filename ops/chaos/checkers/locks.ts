/**
 * Locks: what the register took never falls, a token has one owner, no two hold a lock at a time, and who asked first
 * gets it first. Pure.
 */
import type { Violation } from './violation.ts';

export interface TakenWrite {
  readonly name: string;
  /** The place in the register's own order. */
  readonly n: number;
  readonly token: number;
  readonly owner: string;
}

/** A request that got its lock, as its owner saw it. Monotonic times of the asker, except the lease's end. */
export interface Grant {
  readonly name: string;
  readonly owner: string;
  readonly token: number;
  /** When it first asked, and when it was first told that its request is known (granted or waiting). */
  readonly askedMs: number;
  readonly knownMs: number;
  /** When it was told that it has the lock. */
  readonly grantedMs: number;
  /** When it began to let go; null where it never did. */
  readonly releasedMs: number | null;
  /** When its lease ended at the latest, on the asker's clock. */
  readonly leaseEndsMs: number;
}

export interface RefusedWrite {
  readonly name: string;
  readonly owner: string;
  readonly token: number;
  readonly atMs: number;
}

export interface LockHistory {
  readonly writes: readonly TakenWrite[];
  readonly grants: readonly Grant[];
  readonly refused: readonly RefusedWrite[];
}

export function checkLocks({ writes, grants, refused }: LockHistory): Violation[] {
  const byName = Map.groupBy(grants, ({ name }) => name);
  return [
    ...checkRegister(writes),
    ...checkOwners([...writes, ...grants]),
    ...[...byName.values()].flatMap((some) => [...checkHolds(some), ...checkFairness(some)]),
    ...checkRefusals(grants, refused),
  ];
}

function checkRegister(writes: readonly TakenWrite[]): Violation[] {
  const last = new Map<string, TakenWrite>();
  const violations: Violation[] = [];
  for (const write of writes.toSorted((one, other) => one.n - other.n)) {
    const before = last.get(write.name);
    if (before && write.token < before.token) {
      violations.push(lock(`the register ${write.name} took token ${write.token} after ${before.token}`));
    }
    last.set(write.name, write);
  }
  return violations;
}

function checkOwners(uses: readonly { name: string; token: number; owner: string }[]): Violation[] {
  const owners = new Map<string, string>();
  const violations: Violation[] = [];
  for (const { name, token, owner } of uses) {
    const other = owners.get(`${token}`);
    if (other !== undefined && other !== `${owner} on ${name}`) {
      violations.push(lock(`token ${token} is both that of ${other} and of ${owner} on ${name}`));
    }
    owners.set(`${token}`, `${owner} on ${name}`);
  }
  return violations;
}

/** The next holder is told only after the one before began to let go, or its lease was over. */
function checkHolds(grants: readonly Grant[]): Violation[] {
  const violations: Violation[] = [];
  const inOrder = grants.toSorted((one, other) => one.token - other.token);
  for (const [index, next] of inOrder.entries()) {
    const before = inOrder[index - 1];
    if (!before) continue;
    const endsMs = Math.min(before.releasedMs ?? Number.POSITIVE_INFINITY, before.leaseEndsMs);
    if (next.grantedMs < endsMs) {
      const early = (endsMs - next.grantedMs).toFixed(0);
      violations.push(
        lock(`${next.name} was held twice: ${next.owner} got it ${early} ms before ${before.owner} lost it`),
      );
    }
  }
  return violations;
}

/** Whose request was known before another was asked gets its token before it. All have the same priority. */
function checkFairness(grants: readonly Grant[]): Violation[] {
  const violations: Violation[] = [];
  let latest: Grant | null = null;
  for (const grant of grants.toSorted((one, other) => one.token - other.token)) {
    if (latest && grant.knownMs < latest.askedMs) {
      violations.push(lock(`${latest.owner} got ${grant.name} before ${grant.owner}, who asked earlier`));
    }
    if (!latest || grant.askedMs > latest.askedMs) latest = grant;
  }
  return violations;
}

/** A holder whose lease runs must not find that another has written. */
function checkRefusals(grants: readonly Grant[], refused: readonly RefusedWrite[]): Violation[] {
  return refused.flatMap(({ name, owner, token, atMs }) => {
    const grant = grants.find((one) => one.name === name && one.token === token && one.owner === owner);
    if (!grant || atMs >= Math.min(grant.leaseEndsMs, grant.releasedMs ?? Number.POSITIVE_INFINITY))
      return [];
    return [lock(`${owner} was refused at ${name} under token ${token} while its lease ran`)];
  });
}

function lock(text: string): Violation {
  return { kind: 'lock', text };
}
