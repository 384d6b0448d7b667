/**
 * One ledger against what was asked of it: nothing answered is missing, nothing is there twice, nothing that was refused
 * or never asked is there, and the order is one that the callers could have seen. Pure; one pass over each side.
 */
import type { Outcome } from '../history.ts';
import type { Violation } from './violation.ts';

export interface Entry {
  readonly op: string;
  readonly invokedMs: number;
  readonly endedMs: number | null;
  readonly outcome: Outcome;
  /** The place in the ledger that the caller was told, from 1; null where it was told none. */
  readonly place: number | null;
}

/** `items`: the operations that stand in the ledger, in its order. */
export function checkLedger(name: string, asked: readonly Entry[], items: readonly string[]): Violation[] {
  const entries = new Map(asked.map((entry) => [entry.op, entry]));
  const places = new Map<string, number>();
  const violations: Violation[] = [];
  for (const [index, op] of items.entries()) {
    const entry = entries.get(op);
    if (places.has(op)) violations.push({ kind: 'doubled', text: `${name} has ${op} twice` });
    else places.set(op, index + 1);
    if (!entry) violations.push({ kind: 'forged', text: `${name} has ${op}, which nobody asked` });
    else if (entry.outcome === 'fail') {
      violations.push({ kind: 'forged', text: `${name} has ${op}, which was refused` });
    }
  }
  violations.push(...findLost(name, asked, places), ...findDisorder(name, entries, items));
  for (const { op, place } of asked) {
    const actual = places.get(op);
    if (place !== null && actual !== undefined && place !== actual) {
      violations.push({ kind: 'disorder', text: `${name}: ${op} was told place ${place} and has ${actual}` });
    }
  }
  return violations;
}

/** Where the loss lies says what lost it: a middle is never a slow reader. */
function findLost(name: string, asked: readonly Entry[], places: ReadonlyMap<string, number>): Violation[] {
  const answered = asked
    .filter(({ outcome }) => outcome === 'ok')
    .toSorted((one, other) => one.invokedMs - other.invokedMs);
  const isThere = answered.map(({ op }) => places.has(op));
  const [first, last] = [isThere.indexOf(true), isThere.lastIndexOf(true)];
  return answered.flatMap(({ op }, index) => {
    if (isThere[index]) return [];
    const where = first === -1 || index < first ? 'prefix' : index > last ? 'postfix' : 'middle';
    return [{ kind: 'lost' as const, text: `${name}: ${op} was answered and is not there (${where})` }];
  });
}

/** Who was answered before another began stands before it: for one sender that is the order in which it sent. */
function findDisorder(
  name: string,
  entries: ReadonlyMap<string, Entry>,
  items: readonly string[],
): Violation[] {
  const violations: Violation[] = [];
  let latest: Entry | null = null;
  for (const op of items) {
    const entry = entries.get(op);
    if (!entry) continue;
    if (latest && entry.outcome === 'ok' && entry.endedMs !== null && entry.endedMs < latest.invokedMs) {
      const text = `${name}: ${op} stands behind ${latest.op}, which began only after ${op} was answered`;
      violations.push({ kind: 'disorder', text });
    }
    if (!latest || entry.invokedMs > latest.invokedMs) latest = entry;
  }
  return violations;
}
