/**
 * Timers, by the ledger that each alarm keeps: a timer goes off once and not before its time, unless it was set anew or
 * taken back before, and then never. Pure.
 */
import type { AlarmEntry } from '../kinds.ts';
import type { Violation } from './violation.ts';

export interface AlarmCheck {
  readonly violations: readonly Violation[];
  /** By how much each came late, in ms. */
  readonly latenessMs: readonly number[];
}

/** At rest: every timer that is still set should have gone off. */
export function checkAlarm(name: string, entries: readonly AlarmEntry[]): AlarmCheck {
  const armed = new Map<string, AlarmEntry>();
  const rung = new Set<string>();
  const violations: Violation[] = [];
  const latenessMs: number[] = [];
  const blame = (text: string): void => {
    violations.push({ kind: 'timer', text: `${name}: ${text}` });
  };
  for (const entry of entries) {
    const { type, key, op, atMs } = entry;
    if (type === 'arm') armed.set(key, entry);
    else if (type === 'disarm') armed.delete(key);
    else {
      const set = armed.get(key);
      if (rung.has(op)) blame(`the timer of ${op} went off twice`);
      else if (set?.op !== op) blame(`the timer of ${op} went off after it was set anew or taken back`);
      else if (atMs < set.dueMs) blame(`the timer of ${op} went off ${set.dueMs - atMs} ms early`);
      else latenessMs.push(atMs - set.dueMs);
      rung.add(op);
      if (set?.op === op) armed.delete(key);
    }
  }
  for (const { op } of armed.values()) blame(`the timer of ${op} never went off`);
  return { violations, latenessMs };
}
