import { expect, test } from 'vitest';
import type { Circuit } from '#protocols/agent.ts';
import { halfOpen, NEW_CIRCUIT, takeResult } from './circuit.ts';

const AT = '2026-01-01T00:00:00.000Z';

function after(results: string, circuit: Circuit = NEW_CIRCUIT): Circuit {
  return [...results].reduce(
    (soFar, letter) => takeResult(soFar, { taskId: 't-1', isSuccess: letter === 's', at: AT }),
    circuit,
  );
}

test('five failures in a row open the circuit, four do not', () => {
  expect(after('sssssffff').state).toBe('closed');
  expect(after('sssssfffff')).toMatchObject({ state: 'open', opened_at: AT, trial: null });
});

test('below 30 % success the circuit opens, with at least five results', () => {
  expect(after('fff').state).toBe('closed');
  expect(after('sffff').state).toBe('open');
  expect(after('sfsff').state).toBe('closed');
  expect(after('sffsffsfff').state).toBe('closed');
  expect(after('sffsffsffff').state).toBe('open');
});

test('only the last twenty results count', () => {
  const long = after('s'.repeat(40));

  expect(long.recent).toHaveLength(20);
  // Fourteen failures, never five in a row, among the last twenty: exactly 30 %. One more: 25 %.
  expect(after('ffffsffffsffffsff', long).state).toBe('closed');
  expect(after('ffffsffffsffffsfffsf', long).state).toBe('open');
});

test('an open circuit is half-open after its time, and neither an early nor a foreign result changes it', () => {
  const open = after('fffff');
  const half = { ...halfOpen(open), trial: 't-2' };

  expect(after('s', open)).toBe(open);
  expect(halfOpen(open)).toMatchObject({ state: 'half_open', trial: null });
  expect(after('s', half)).toBe(half);
  expect(halfOpen(NEW_CIRCUIT)).toBe(NEW_CIRCUIT);
});

test('the one task of a half-open circuit closes it with a clean record, or opens it again', () => {
  const half = { ...halfOpen(after('fffff')), trial: 't-1' };

  expect(after('s', half)).toEqual(NEW_CIRCUIT);
  expect(after('f', half)).toMatchObject({ state: 'open', opened_at: AT });
});
