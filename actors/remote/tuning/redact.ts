/**
 * Takes secrets and personal data out of a sample: in every text of it, however deep, each becomes a placeholder with its
 * kind. Pure.
 *
 * R1. A text is looked at whole: what stands across the border of two pieces of a download is found.
 * R2. What is left is looked through again before anything is written; a data set with a finding is not written.
 */
import type { Trajectory, TrajectoryMessage } from '#protocols/trajectory.ts';
import { DETECTORS, type Detector } from './detectors.ts';

/** A replacement may bring together what was apart: so often it is looked again. */
const ROUNDS_MAX = 4;
const DEPTH_MAX = 40;
const SECRET_NAME = /^(?:.*[_-])?(?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key|credentials?)$/i;

export type Redactions = Record<string, number>;

export interface Redacted<Value> {
  readonly value: Value;
  readonly redactions: Redactions;
}

export function placeholderOf(kind: string): string {
  return `<REDACTED:${kind}>`;
}

export function redactText(text: string): Redacted<string> {
  const redactions: Redactions = {};
  let value = text;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const before = value;
    for (const detector of DETECTORS) value = replace(value, detector, redactions);
    if (value === before) break;
  }
  return { value, redactions };
}

/** All messages of a trajectory, arguments of tools among them. */
export function redactMessages(messages: Trajectory['messages']): Redacted<Trajectory['messages']> {
  const redactions: Redactions = {};
  // What goes in comes out in the same shape: only texts are changed.
  const value = redactDeep(messages, redactions, 0) as TrajectoryMessage[];
  return { value: value.map((message, at) => withOwnWords(message, messages[at])), redactions };
}

/** The kinds of what is still in it, each once. */
export function findResidue(value: unknown): string[] {
  const found = new Set<string>();
  visit(value, (text) => {
    for (const kind of Object.keys(redactText(text).redactions)) found.add(kind);
  });
  return [...found].sort();
}

/** Roles and ids are ours and no text of anybody's: they hold a message together. */
function withOwnWords(
  message: TrajectoryMessage,
  original: TrajectoryMessage | undefined,
): TrajectoryMessage {
  if (!original) return message;
  if (message.role === 'tool' && original.role === 'tool') {
    return { ...message, tool_call_id: original.tool_call_id };
  }
  if (message.role !== 'assistant' || original.role !== 'assistant') return message;
  const calls = message.tool_calls.map((call, at) => ({
    ...call,
    id: original.tool_calls[at]?.id ?? call.id,
  }));
  return { ...message, tool_calls: calls };
}

function redactDeep(value: unknown, redactions: Redactions, depth: number): unknown {
  if (typeof value === 'string') {
    const { value: text, redactions: more } = redactText(value);
    for (const [kind, count] of Object.entries(more)) redactions[kind] = (redactions[kind] ?? 0) + count;
    return text;
  }
  if (typeof value !== 'object' || value === null) return value;
  // Nobody nests so deep by intent: what stands there is left out unseen.
  if (depth >= DEPTH_MAX) return placeholderOf('too_deep');
  if (Array.isArray(value)) return value.map((one) => redactDeep(one, redactions, depth + 1));
  const entries = Object.entries(value).map(([name, one]) => {
    const shown = redactDeep(name, redactions, depth + 1);
    if (!isNamedSecret(name, one)) return [shown, redactDeep(one, redactions, depth + 1)];
    redactions.assigned_secret = (redactions.assigned_secret ?? 0) + 1;
    return [shown, placeholderOf('assigned_secret')];
  });
  return Object.fromEntries(entries);
}

/** A value under the name of a secret is one, whatever it looks like. */
function isNamedSecret(name: string, value: unknown): boolean {
  return typeof value === 'string' && value !== '' && SECRET_NAME.test(name);
}

function replace(text: string, { kind, pattern, part }: Detector, redactions: Redactions): string {
  let [done, from] = ['', 0];
  for (const match of text.matchAll(pattern)) {
    const found = part ? part(match) : match[0];
    if (found === null || found === '' || found.startsWith('<REDACTED:')) continue;
    const start = match.index + match[0].lastIndexOf(found);
    done += text.slice(from, start) + placeholderOf(kind);
    from = start + found.length;
    redactions[kind] = (redactions[kind] ?? 0) + 1;
  }
  return from === 0 ? text : done + text.slice(from);
}

function visit(value: unknown, onText: (text: string) => void): void {
  if (typeof value === 'string') onText(value);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, one] of Object.entries(value)) {
      if (!Array.isArray(value)) onText(name);
      visit(one, onText);
    }
  }
}
