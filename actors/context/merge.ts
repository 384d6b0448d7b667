/**
 * Merging one document into another, by five strategies. Pure.
 *
 * M1. What only one of them has is kept by every strategy; objects are merged key by key.
 * M2. Where both have something else, the strategy decides, and the place is told as a conflict.
 * M3. deep_merge unites lists: the target's items, then those of the source that it lacks. That is no conflict.
 * M4. Merging the same again changes nothing. So by last_write_wins what was written last at a place decides whether an
 *     object stands there, and if so, objects of all times are joined: a plain value in between takes nothing from them.
 * M5. Several sources are merged one after the other; grouping them otherwise makes no difference where what is at a
 *     place is of one kind in all. For last_write_wins only the times count, not who is the target.
 */
import type { MergeStrategy } from '#protocols/context.ts';
import { formatPath } from '#protocols/dotted-path.ts';
import type { Conflict } from '#protocols/failure.ts';
import { isJsonObject, isSameJson, type JsonObject } from '#protocols/json-value.ts';
import { toConflict } from './shorten.ts';

export interface MergeDocument {
  readonly id: string;
  readonly updated_at: string;
  readonly data: JsonObject;
}

export interface Merge {
  readonly data: JsonObject;
  readonly conflicts: readonly Conflict[];
}

/** Whose value stays where both have one. */
type Rule = 'first' | 'second' | 'unite';

const RULE = {
  last_write_wins: 'second',
  deep_merge: 'unite',
  prefer_source: 'second',
  prefer_target: 'first',
} as const satisfies Record<Exclude<MergeStrategy, 'manual'>, Rule>;

/** Merges all sources into the target, one after the other. `manual` merges nothing and tells the conflicts. */
export function mergeAll(
  target: MergeDocument,
  sources: readonly MergeDocument[],
  strategy: MergeStrategy,
): Merge {
  if (strategy === 'manual') {
    return {
      data: target.data,
      conflicts: sources.flatMap((source) => clashes(target.data, source, 'first')),
    };
  }
  const rule = RULE[strategy];
  const inOrder = [target, ...sources];
  // Whoever wrote last comes last; of two at the same time, the source.
  if (strategy === 'last_write_wins') inOrder.sort((a, b) => compareText(a.updated_at, b.updated_at));
  const [first, ...others] = inOrder;
  let data = first?.data ?? {};
  const conflicts: Conflict[] = [];
  for (const other of others) {
    conflicts.push(...clashes(data, other, rule));
    data = join(data, other.data, rule);
  }
  return {
    data: strategy === 'last_write_wins' ? joinByTime(inOrder.map((one) => one.data)) : data,
    conflicts,
  };
}

/** Documents in the order in which they were written, as one. */
function joinByTime(inOrder: readonly JsonObject[]): JsonObject {
  const [only] = inOrder;
  if (only && inOrder.length === 1) return only;
  const values = new Map<string, unknown[]>();
  for (const document of inOrder) {
    for (const [key, value] of Object.entries(document)) {
      const earlier = values.get(key);
      if (earlier) earlier.push(value);
      else values.set(key, [value]);
    }
  }
  const joined: Record<string, unknown> = {};
  for (const [key, written] of values) {
    const last = written.at(-1);
    joined[key] = isJsonObject(last) ? joinByTime(written.filter(isJsonObject)) : last;
  }
  return joined;
}

export function join(first: JsonObject, second: JsonObject, rule: Rule): JsonObject {
  const joined: Record<string, unknown> = { ...first };
  for (const [key, value] of Object.entries(second)) {
    joined[key] = Object.hasOwn(first, key) ? choose(first[key], value, rule) : value;
  }
  return joined;
}

function choose(first: unknown, second: unknown, rule: Rule): unknown {
  if (isJsonObject(first) && isJsonObject(second)) return join(first, second, rule);
  if (rule === 'unite' && Array.isArray(first) && Array.isArray(second)) return unite(first, second);
  return rule === 'second' ? second : first;
}

function unite(first: readonly unknown[], second: readonly unknown[]): unknown[] {
  const united = [...first];
  const seen = new Set(first.map(keyOf));
  for (const item of second) {
    const key = keyOf(item);
    if (!seen.has(key)) united.push(item);
    seen.add(key);
  }
  return united;
}

/** Equal for items that say the same: long lists are united without comparing each with each. */
function keyOf(item: unknown): string {
  return JSON.stringify(item, (_key, part: unknown) =>
    isJsonObject(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => compareText(a, b)))
      : part,
  );
}

function clashes(first: JsonObject, second: MergeDocument, rule: Rule): Conflict[] {
  const found: Conflict[] = [];
  const visit = (a: JsonObject, b: JsonObject, parts: readonly string[]): void => {
    for (const [key, value] of Object.entries(b)) {
      if (!Object.hasOwn(a, key)) continue;
      const old = a[key];
      const path = [...parts, key];
      if (isJsonObject(old) && isJsonObject(value)) visit(old, value, path);
      else if (!isUnited(old, value, rule) && !isSameJson(old, value)) {
        const conflict = toConflict({ type: 'modified', path: formatPath(path), old, value });
        found.push({ ...conflict, source_id: second.id });
      }
    }
  };
  visit(first, second.data, []);
  return found;
}

function isUnited(a: unknown, b: unknown, rule: Rule): boolean {
  return rule === 'unite' && Array.isArray(a) && Array.isArray(b);
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
