/**
 * How large a state is as JSON, without writing it again after each turn.
 *
 * A handler shares what it does not change with the state before, so only what is new is looked at. That gives a count
 * that is never too small; the state itself is measured only where the count has grown past what was measured last,
 * or where it could be over the bound. So whether a state is over the bound is always decided by its true size, which
 * does not depend on what was in memory: a repeated turn decides the same.
 */
import { assert } from '#protocols/assert.ts';
import { LIMITS } from '#protocols/limits.ts';

export interface StateSize {
  /** Of the JSON in UTF-8, when it was measured last. */
  readonly measuredBytes: number;
  /** Characters that came since, by a short count: what went is not taken off. */
  readonly grownChars: number;
}

/** What one counted character can become: `\u0000` of one, 24 digits of a number, which counts for 4. */
const BYTES_PER_CHAR_MAX = 6;
const NUMBER_CHARS = 4;
const CONSTANT_CHARS = 2;
/** So much may come before a small state is measured again. */
const SLACK_CHARS = 1_024;

export const NO_STATE: StateSize = { measuredBytes: 0, grownChars: 0 };

/** The true size. Throws on what JSON can't hold. */
export function measureState(state: unknown): StateSize {
  return state === null ? NO_STATE : { measuredBytes: bytesOf(state), grownChars: 0 };
}

/** The size of `after`, where `before` had `size`; measured when the count alone would not do. Throws as above. */
export function sizeAfter(size: StateSize, before: unknown, after: unknown): StateSize {
  if (after === before) return size;
  if (after === null) return NO_STATE;
  const grownChars = size.grownChars + newChars(before, after);
  const isFar = grownChars > size.measuredBytes + SLACK_CHARS;
  const couldBeOver = size.measuredBytes + grownChars * BYTES_PER_CHAR_MAX > LIMITS.actorStateBytesMax;
  return isFar || couldBeOver ? measureState(after) : { measuredBytes: size.measuredBytes, grownChars };
}

/** About how many bytes; at most twice too many and a little, but for text beyond ASCII. */
export function roughBytes({ measuredBytes, grownChars }: StateSize): number {
  return measuredBytes + grownChars;
}

function bytesOf(state: unknown): number {
  return Buffer.byteLength(JSON.stringify(state));
}

/** Characters of what is in `after` and not, as the same object, at the same place of `before`. */
function newChars(before: unknown, after: unknown): number {
  if (typeof after !== 'object' || after === null) return after === before ? 0 : scalarChars(after);
  if (after === before) return 0;
  if (Array.isArray(after)) return newItems(before, after);
  if (hasOwnJson(after)) return JSON.stringify(after)?.length ?? 0;
  const old: object | null = typeof before === 'object' ? before : null;
  let chars = CONSTANT_CHARS;
  for (const key in after) {
    const [was, is]: unknown[] = [old ? Reflect.get(old, key) : undefined, Reflect.get(after, key)];
    if (is === was && is !== undefined) continue;
    chars += key.length + 4 + newChars(was, is);
  }
  return chars;
}

function newItems(before: unknown, after: readonly unknown[]): number {
  const old: readonly unknown[] = Array.isArray(before) ? before : [];
  let chars = CONSTANT_CHARS;
  for (let index = 0; index < after.length; index++) {
    const [was, is] = [old[index], after[index]];
    if (is === was && is !== undefined) continue;
    chars += 1 + newChars(was, is);
  }
  return chars;
}

function scalarChars(value: unknown): number {
  assert(typeof value !== 'bigint', 'a state holds what JSON can hold');
  if (typeof value === 'string') return value.length + 2;
  return typeof value === 'number' ? NUMBER_CHARS : CONSTANT_CHARS;
}

/** Whether it says itself what its JSON is, as a date does. */
function hasOwnJson(value: object): boolean {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}
