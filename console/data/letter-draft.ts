/** The message of a dead letter while it is edited: text on the way to JSON, with what is wrong and where. Pure. */
import type { LetterView } from '#protocols/http/dead-letter.ts';
import { findJsonFault } from './json-fault.ts';

export type Draft =
  | { readonly message: { readonly type: string } & Readonly<Record<string, unknown>> }
  | { readonly fault: string; readonly line: number | null };

/** What an edit begins with: the message that would be sent now. Nothing to begin with, where what came is no envelope. */
export function draftOf({ edited, body }: Pick<LetterView, 'edited' | 'body'>): string {
  const message = fieldOf(edited ?? body, 'message');
  return JSON.stringify(message ?? { type: '' }, null, 2);
}

/** Reads a draft. A fault of JSON tells its line, counted from 1. */
export function readDraft(text: string): Draft {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const { line, column, wanted } = findJsonFault(text) ?? { line: 1, column: 1, wanted: 'JSON' };
    return { fault: `no JSON: line ${line}, column ${column} should be ${wanted}`, line };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { fault: 'a message is an object: { "type": … }', line: 1 };
  }
  const type = fieldOf(value, 'type');
  if (typeof type !== 'string' || type === '') {
    return { fault: 'a message says what it is: "type" is a text', line: null };
  }
  return { message: { ...value, type } };
}

/** How many lines of two texts differ, each counted where it stands: what an edit changes. */
export function changedLines(before: string, after: string): number {
  const [one, other] = [before.split('\n'), after.split('\n')];
  let count = Math.abs(one.length - other.length);
  for (let at = 0; at < Math.min(one.length, other.length); at++) if (one[at] !== other[at]) count++;
  return count;
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}
