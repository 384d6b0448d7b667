import { expect, test } from 'vitest';
import { isoTime } from './turn.ts';

test('a time is RFC 3339 in UTC with milliseconds', () => {
  expect(isoTime(Date.UTC(2026, 0, 2, 3, 4, 5, 6))).toBe('2026-01-02T03:04:05.006Z');
  expect(isoTime(Date.UTC(2026, 0, 2))).toBe('2026-01-02T00:00:00.000Z');
});
