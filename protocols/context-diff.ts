/**
 * What it takes to make one JSON document of another. Pure.
 *
 * D1. Objects are compared key by key; anything else, lists too, is one value.
 * D2. No path is inside another one: the order of the differences says nothing.
 */
import { z } from 'zod';
import { formatPath } from './dotted-path.ts';
import { isJsonObject, isSameJson, type JsonObject } from './json-value.ts';

export const Difference = z.discriminatedUnion('type', [
  z.object({ type: z.literal('added'), path: z.string(), value: z.unknown() }),
  z.object({ type: z.literal('modified'), path: z.string(), old: z.unknown(), value: z.unknown() }),
  z.object({ type: z.literal('deleted'), path: z.string(), old: z.unknown() }),
]);
export type Difference = z.infer<typeof Difference>;

export function differencesOf(from: JsonObject, to: JsonObject): Difference[] {
  const found: Difference[] = [];
  compare(from, to, { parts: [], found });
  return found;
}

function compare(
  from: JsonObject,
  to: JsonObject,
  { parts, found }: { readonly parts: readonly string[]; readonly found: Difference[] },
): void {
  for (const [key, old] of Object.entries(from)) {
    const path = [...parts, key];
    if (!Object.hasOwn(to, key)) {
      found.push({ type: 'deleted', path: formatPath(path), old });
      continue;
    }
    const value = to[key];
    if (isJsonObject(old) && isJsonObject(value)) compare(old, value, { parts: path, found });
    else if (!isSameJson(old, value)) found.push({ type: 'modified', path: formatPath(path), old, value });
  }
  for (const [key, value] of Object.entries(to)) {
    if (!Object.hasOwn(from, key)) found.push({ type: 'added', path: formatPath([...parts, key]), value });
  }
}
