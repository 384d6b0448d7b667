/**
 * Dotted paths: `plan.steps.0.title` names a place in a JSON document. Pure.
 *
 * A key that has a dot or a backslash in it is written with a backslash before each: `files.src/a\.ts`.
 * In lists a part is the item's place, from 0.
 */
import { z } from 'zod';
import { assert } from './assert.ts';
import { faultOfKey, isJsonObject, ownValue } from './json-value.ts';

const PATH_CHARS_MAX = 512;
const PARTS_MAX = 32;
const LIST_PLACE = /^(?:0|[1-9]\d{0,5})$/;

export const DottedPath = z
  .string()
  .min(1)
  .max(PATH_CHARS_MAX)
  .superRefine((text, context) => {
    const parsed = parse(text);
    if (typeof parsed === 'string') context.addIssue({ code: 'custom', message: parsed });
  });

/** The parts of a path that `DottedPath` has checked. */
export function partsOf(path: string): readonly string[] {
  const parts = parse(path);
  assert(typeof parts !== 'string', `"${path}" is a dotted path`);
  return parts;
}

export function formatPath(parts: readonly string[]): string {
  return parts.map((part) => part.replaceAll(/[\\.]/g, '\\$&')).join('.');
}

/** What is at the path, or undefined: JSON has no value of that name. */
export function valueAt(data: unknown, parts: readonly string[]): unknown {
  let value = data;
  for (const part of parts) {
    if (Array.isArray(value)) value = LIST_PLACE.test(part) ? value[Number(part)] : undefined;
    else value = isJsonObject(value) ? ownValue(value, part) : undefined;
  }
  return value;
}

/** The place in a list that a part means, or null. */
export function listPlace(part: string): number | null {
  return LIST_PLACE.test(part) ? Number(part) : null;
}

/** The parts, or what is wrong. */
function parse(text: string): readonly string[] | string {
  const parts = [''];
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '.') {
      parts.push('');
      continue;
    }
    if (char === '\\') {
      at += 1;
      if (!['.', '\\'].includes(text.charAt(at))) return 'a backslash stands before a dot or a backslash';
    }
    parts.push((parts.pop() ?? '') + text.charAt(at));
  }
  if (parts.length > PARTS_MAX) return `a path has at most ${PARTS_MAX} parts`;
  return parts.map(faultOfKey).find((fault) => fault !== null) ?? parts;
}
