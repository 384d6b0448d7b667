import { expect, test } from 'vitest';
import { nextByCron } from './cron.ts';
import { ByCron, Every, firstOccurrence, nextOccurrence, type Recurrence } from './recurrence.ts';

const at = (text: string) => Date.parse(text);

/** The first `count` occurrences after a time, as ISO texts without seconds. */
function cron(
  expression: string,
  timeZone: string,
  { from, count }: { from: string; count: number },
): string[] {
  const found: string[] = [];
  for (let afterMs = at(from); found.length < count; ) {
    const next = nextByCron(expression, timeZone, afterMs);
    if (next === null) break;
    found.push(new Date(next).toISOString().slice(0, 16));
    afterMs = next;
  }
  return found;
}

test('an interval goes on from its planned time, not from when it was dealt with: delays do not add up', () => {
  const every: Recurrence = { type: 'every', everyMs: 1_000 };

  expect(firstOccurrence(every, 500)).toBe(1_500);
  expect(nextOccurrence(every, 1_500, 1_900)).toBe(2_500);
});

test('an occurrence that the log dates before its planned time is not planned a second time', () => {
  expect(nextOccurrence({ type: 'every', everyMs: 1_000 }, 1_500, 1_490)).toBe(2_500);
  const nightly: Recurrence = { type: 'cron', cron: '30 2 * * *', timeZone: 'UTC' };
  const planned = at('2026-05-01T02:30Z');
  expect(nextOccurrence(nightly, planned, planned - 20)).toBe(at('2026-05-02T02:30Z'));
});

test('what an outage made it miss comes once, then it goes on in step from now', () => {
  const every: Recurrence = { type: 'every', everyMs: 1_000, firstAtMs: 250 };

  expect(firstOccurrence(every, 100_000)).toBe(250);
  expect(nextOccurrence(every, 250, 100_000)).toBe(100_250);
  expect(nextOccurrence(every, 250, 100_250)).toBe(101_250);
  const hourly: Recurrence = { type: 'cron', cron: '0 * * * *', timeZone: 'UTC' };
  expect(nextOccurrence(hourly, at('2026-05-01T02:00Z'), at('2026-05-03T10:20Z'))).toBe(
    at('2026-05-03T11:00Z'),
  );
});

test('Europe/Berlin skips an hour: a fixed time in it comes when the hour ends, several as one, and once', () => {
  const eve = '2026-03-28T12:00Z';

  for (const expression of ['30 2 * * *', '15,45 2 * * *', '0 2,3 * * *', '* 2 * * *']) {
    expect(cron(expression, 'Europe/Berlin', { from: eve, count: 1 })).toEqual(['2026-03-29T01:00']);
  }
  expect(cron('15,45 2 * * *', 'Europe/Berlin', { from: eve, count: 3 })).toEqual([
    '2026-03-29T01:00',
    '2026-03-30T00:15',
    '2026-03-30T00:45',
  ]);
  expect(cron('0 2,3 * * *', 'Europe/Berlin', { from: eve, count: 2 })).toEqual([
    '2026-03-29T01:00',
    '2026-03-30T00:00',
  ]);
});

test('America/New_York skips an hour too, at another time', () => {
  expect(cron('30 2 * * *', 'America/New_York', { from: '2026-03-07T12:00Z', count: 2 })).toEqual([
    '2026-03-08T07:00',
    '2026-03-09T06:30',
  ]);
});

test('an hour that is there twice: a fixed time comes at the first, whenever one looks', () => {
  expect(cron('30 2 * * *', 'Europe/Berlin', { from: '2026-10-24T12:00Z', count: 2 })).toEqual([
    '2026-10-25T00:30',
    '2026-10-26T01:30',
  ]);
  expect(cron('30 1 * * *', 'America/New_York', { from: '2026-10-31T12:00Z', count: 2 })).toEqual([
    '2026-11-01T05:30',
    '2026-11-02T06:30',
  ]);
  for (const later of ['2026-11-01T05:30Z', '2026-11-01T05:45Z', '2026-11-01T06:10Z', '2026-11-01T06:50Z']) {
    expect(cron('30 1 * * *', 'America/New_York', { from: later, count: 1 })).toEqual(['2026-11-02T06:30']);
  }
  expect(cron('0 2-4 * * *', 'Europe/Berlin', { from: '2026-10-24T12:00Z', count: 3 })).toEqual([
    '2026-10-25T00:00',
    '2026-10-25T02:00',
    '2026-10-25T03:00',
  ]);
});

test('what comes every so many minutes comes in both of two equal hours and makes no pause', () => {
  expect(cron('*/30 * * * *', 'Europe/Berlin', { from: '2026-10-25T00:10Z', count: 5 })).toEqual([
    '2026-10-25T00:30',
    '2026-10-25T01:00',
    '2026-10-25T01:30',
    '2026-10-25T02:00',
    '2026-10-25T02:30',
  ]);
});

test('what comes every so many minutes is not there in a skipped hour, nor at its end out of step', () => {
  expect(cron('15 * * * *', 'Europe/Berlin', { from: '2026-03-28T23:50Z', count: 3 })).toEqual([
    '2026-03-29T00:15',
    '2026-03-29T01:15',
    '2026-03-29T02:15',
  ]);
  expect(cron('0 * * * *', 'America/New_York', { from: '2026-03-08T05:30Z', count: 3 })).toEqual([
    '2026-03-08T06:00',
    '2026-03-08T07:00',
    '2026-03-08T08:00',
  ]);
});

test('a whole year of occurrences never goes back, and never comes twice', () => {
  for (const expression of ['*/20 * * * *', '10 */2 * * *', '30 2 * * *', '0 1-3 * * 0', '5 0 1 * *']) {
    for (const timeZone of ['Europe/Berlin', 'Australia/Lord_Howe']) {
      let afterMs = at('2026-01-01T00:00Z');
      while (afterMs < at('2026-12-31T00:00Z')) {
        const next = nextByCron(expression, timeZone, afterMs) ?? 0;
        if (next <= afterMs) expect.fail(`${expression} ${timeZone}: ${next} after ${afterMs}`);
        afterMs = expression.startsWith('*/20') ? next + 3 * 86_400_000 + 17 : next;
      }
    }
  }
});

test('a zone that left out a whole day still has its fixed time of that day, at the day’s end', () => {
  expect(cron('0 12 30 12 *', 'Pacific/Apia', { from: '2011-12-29T12:00Z', count: 1 })).toEqual([
    '2011-12-30T10:00',
  ]);
});

test('what no calendar has never comes', () => {
  expect(nextByCron('0 0 30 2 *', 'UTC', 0)).toBeNull();
});

test('an expression or a zone that is none is said to be wrong, and why', () => {
  const check = (cronText: string, timeZone = 'UTC') =>
    ByCron.safeParse({ type: 'cron', cron: cronText, timeZone }).success;

  expect(check('30 2 * * 1-5', 'Europe/Berlin')).toBe(true);
  for (const wrong of [
    '',
    'x',
    '@daily',
    '* * * * * *',
    '60 * * * *',
    '0 0 * * 1#6',
    `0 ${'1,'.repeat(99)}1 * * *`,
  ]) {
    expect(check(wrong), wrong).toBe(false);
  }
  expect(check('* * * * *', 'Mars/Base')).toBe(false);
  expect(Every.safeParse({ type: 'every', everyMs: 10 }).success).toBe(false);
});
