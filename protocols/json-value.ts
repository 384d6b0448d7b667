/** JSON as people and agents send it: checked for what would hurt, compared and measured. Pure. */
import { z } from 'zod';
import type { Fault } from './failure.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

const DEPTH_MAX = 32;
const KEY_CHARS_MAX = 256;
const FAULTS_MAX = 20;

/** Keys that mean an object's own making in JavaScript: no value is ever kept under them. */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'prototype', 'constructor']);

/** Any JSON value that is not too deep and has no key that could hurt. */
export const SafeJson = z.unknown().superRefine((value, context) => addFaults(value, context));

/** A JSON object of the same kind. */
export const SafeJsonObject = z
  .record(z.string(), z.unknown())
  .superRefine((value, context) => addFaults(value, context));

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Bytes of the value as UTF-8 JSON. */
export function jsonBytes(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value) ?? '').length;
}

/** What is under the object's own key; nothing that it inherits. */
export function ownValue(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Whether both say the same; the order of an object's keys says nothing. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (Object.is(a, b) || a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, at) => isSameJson(item, b[at]));
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && isSameJson(a[key], b[key]));
}

/** Why a key is refused, or null. */
export function faultOfKey(key: string): string | null {
  if (key === '') return 'a key is not empty';
  if (key.length > KEY_CHARS_MAX) return `a key has at most ${KEY_CHARS_MAX} characters`;
  return FORBIDDEN_KEYS.has(key) ? `"${key}" is not allowed as a key` : null;
}

/** What is wrong with a value, at most 20 faults. Never goes deeper than it allows. */
export function faultsOfJson(value: unknown): Fault[] {
  const faults: Fault[] = [];
  visit(value, [], faults);
  return faults;
}

function visit(value: unknown, path: readonly string[], faults: Fault[]): void {
  if (faults.length >= FAULTS_MAX) return;
  const report = (message: string) => faults.push({ path: path.join('.'), message });
  if (typeof value === 'number' && !Number.isFinite(value)) report('a number is finite');
  if (typeof value !== 'object' || value === null) return;
  if (path.length >= DEPTH_MAX) {
    report(`nested deeper than ${DEPTH_MAX} levels`);
    return;
  }
  for (const [key, part] of Object.entries(value)) {
    const fault = Array.isArray(value) ? null : faultOfKey(key);
    if (fault) report(fault);
    else visit(part, [...path, key], faults);
  }
}

function addFaults(value: unknown, context: z.core.$RefinementCtx): void {
  for (const { path, message } of faultsOfJson(value)) {
    context.addIssue({ code: 'custom', message, path: path === '' ? [] : path.split('.') });
  }
}
