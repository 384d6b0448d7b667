/**
 * Timers that come again and again: when the first occurrence is, and when the one after. Pure.
 *
 * V1. The next occurrence is reckoned from the planned time of the last, never from when it was dealt with: delays do
 *     not add up.
 * V2. Occurrences that were missed, as in an outage, come as one; then it goes on with the first that is still ahead.
 */
import { z } from 'zod';
import { faultOfCron, isTimeZone, nextByCron } from './cron.ts';
import { LIMITS } from './limits.ts';

/** What both a Date and Postgres can hold. */
export const TIME_MAX_MS = 8.64e15;

const Time = z.number().int().min(0).max(TIME_MAX_MS);

export const Every = z.object({
  type: z.literal('every'),
  everyMs: z.number().int().min(LIMITS.timerEveryMsMin).max(TIME_MAX_MS),
  /** Left out: after one interval. Past: at once, and then in step with it. */
  firstAtMs: Time.optional(),
});

export const ByCron = z.object({
  type: z.literal('cron'),
  /** Minute, hour, day, month, weekday. */
  cron: z.string().superRefine((expression, issues) => {
    const message = faultOfCron(expression);
    if (message !== null) issues.addIssue({ code: 'custom', message });
  }),
  /** An IANA name: `Europe/Berlin`. */
  timeZone: z.string().refine(isTimeZone, 'a time zone of the IANA database'),
});

export const Recurrence = z.discriminatedUnion('type', [Every, ByCron]);
export type Recurrence = z.infer<typeof Recurrence>;

/** The first occurrence of what was set at `nowMs`; null where none ever comes. */
export function firstOccurrence(recurrence: Recurrence, nowMs: number): number | null {
  if (recurrence.type === 'cron') return nextByCron(recurrence.cron, recurrence.timeZone, nowMs);
  return inTime(recurrence.firstAtMs ?? nowMs + recurrence.everyMs);
}

/** The occurrence after the one that was planned for `plannedMs` and is dealt with at `nowMs`. */
export function nextOccurrence(recurrence: Recurrence, plannedMs: number, nowMs: number): number | null {
  // Two clocks are at play: what came by the store's may be handled a little earlier by the log's.
  const afterMs = Math.max(plannedMs, nowMs);
  if (recurrence.type === 'cron') return nextByCron(recurrence.cron, recurrence.timeZone, afterMs);
  const intervals = Math.floor((afterMs - plannedMs) / recurrence.everyMs) + 1;
  return inTime(plannedMs + intervals * recurrence.everyMs);
}

function inTime(atMs: number): number | null {
  return atMs <= TIME_MAX_MS ? atMs : null;
}
