/**
 * Cron expressions of five fields in a time zone: when the next occurrence is. Pure; croner reads the expression, the
 * changes of the clock are dealt with here.
 *
 * R1. A fixed hour (`30 2 * * *`) comes once a day. Where the clock skips its time, it comes when the skipped hour
 *     ends, several of them as one; where the clock shows its time twice, it comes at the first.
 * R2. An hour that begins with `*` (every 30 minutes, every other hour) follows the time that passes: it comes in both
 *     of two equal hours, and not at all in a skipped one.
 */
import { Cron } from 'croner';
import { assert } from './assert.ts';

const CHARS_MAX = 100;
const PATTERNS_MAX = 1_000;

interface Pattern {
  readonly isByHour: boolean;
  /** The next match strictly after a wall clock's time; both written as if they were UTC. */
  next(wallMs: number): number | null;
}

const patterns = new Map<string, Pattern>();
const zones = new Map<string, Intl.DateTimeFormat>();

/** What is wrong with an expression, or null: for whoever takes one from a person. */
export function faultOfCron(expression: string): string | null {
  try {
    patternOf(expression);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Whether the name is one of the IANA database. */
export function isTimeZone(name: string): boolean {
  try {
    zoneOf(name);
    return true;
  } catch {
    return false;
  }
}

/** The first occurrence strictly after `afterMs`; null where none ever comes. Takes what the two above let pass. */
export function nextByCron(expression: string, timeZone: string, afterMs: number): number | null {
  const pattern = patternOf(expression);
  const zone = zoneOf(timeZone);
  return pattern.isByHour ? nextByElapsed(pattern, zone, afterMs) : nextByWall(pattern, zone, afterMs);
}

function patternOf(expression: string): Pattern {
  const known = patterns.get(expression);
  if (known) return known;
  const fields = expression.trim().split(/\s+/);
  assert(
    expression.length <= CHARS_MAX && fields.length === 5,
    'a cron expression has five fields: minute, hour, day, month, weekday',
  );
  const cron = new Cron(expression, { paused: true, timezone: 'UTC', mode: '5-part' });
  const pattern: Pattern = {
    isByHour: fields[1]?.startsWith('*') ?? false,
    next: (wallMs) => cron.nextRun(new Date(wallMs))?.getTime() ?? null,
  };
  return remember(patterns, expression, pattern);
}

function zoneOf(name: string): Intl.DateTimeFormat {
  const known = zones.get(name);
  if (known) return known;
  const options = { timeZone: name, timeZoneName: 'longOffset' } as const;
  return remember(zones, name, new Intl.DateTimeFormat('en-US', options));
}

/** Both maps are filled by what people write: they begin anew rather than grow. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value): Value {
  if (map.size >= PATTERNS_MAX) map.clear();
  map.set(key, value);
  return value;
}

/** R1. */
function nextByWall(pattern: Pattern, zone: Intl.DateTimeFormat, afterMs: number): number | null {
  let wallMs: number | null = afterMs + offsetAt(zone, afterMs);
  for (;;) {
    wallMs = pattern.next(wallMs);
    if (wallMs === null) return null;
    const atMs = firstShowing(zone, wallMs);
    if (atMs > afterMs) return atMs;
  }
}

/** R2. From one change of the clock to the next the wall clock runs evenly. */
function nextByElapsed(pattern: Pattern, zone: Intl.DateTimeFormat, afterMs: number): number | null {
  let fromMs = afterMs;
  for (;;) {
    const offsetMs = offsetAt(zone, fromMs);
    const wallMs = pattern.next(fromMs + offsetMs);
    if (wallMs === null) return null;
    const atMs = wallMs - offsetMs;
    if (offsetAt(zone, atMs) === offsetMs) return atMs;
    const changeMs = changeBetween(zone, fromMs, atMs);
    // The moment of the change may itself be an occurrence.
    const wallAfterMs = changeMs + offsetAt(zone, changeMs);
    const next = pattern.next(wallAfterMs - 1);
    if (next === wallAfterMs) return changeMs;
    fromMs = changeMs;
  }
}

/** When the zone's clock shows this for the first time, or, where it never does, when it jumps over it. */
function firstShowing(zone: Intl.DateTimeFormat, wallMs: number): number {
  const dayMs = 86_400_000;
  const before = offsetAt(zone, wallMs - dayMs);
  const behind = offsetAt(zone, wallMs + dayMs);
  const showing = [wallMs - before, wallMs - behind].filter((atMs) => atMs + offsetAt(zone, atMs) === wallMs);
  if (showing.length > 0) return Math.min(...showing);
  return changeBetween(zone, wallMs - behind, wallMs - before);
}

/** The first moment of another offset than at `fromMs`, where there is one until `toMs`. */
function changeBetween(zone: Intl.DateTimeFormat, fromMs: number, toMs: number): number {
  const offsetMs = offsetAt(zone, fromMs);
  let [same, other] = [fromMs, toMs];
  while (other - same > 1) {
    const middle = Math.floor((same + other) / 2);
    if (offsetAt(zone, middle) === offsetMs) same = middle;
    else other = middle;
  }
  return other;
}

/** How far the zone's clock is ahead of UTC. */
function offsetAt(zone: Intl.DateTimeFormat, atMs: number): number {
  const name = zone.formatToParts(atMs).find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
  const match = /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(name);
  assert(match, 'a zone says how far it is from GMT');
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = match;
  const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
  return sign === '-' ? -ms : ms;
}
