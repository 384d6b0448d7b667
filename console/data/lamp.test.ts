import { expect, test } from 'vitest';
import { type LampInput, lampOf } from './lamp.ts';

const lit = (input: Partial<LampInput>) =>
  lampOf({ line: { state: 'live' }, lagMs: 12, gapAtMs: null, sample: 1, nowMs: 100_000, ...input }).word;

test('the lamp says the worst of what is the case', () => {
  const lost = { reason: 'the connection was lost', nextTryAtMs: 0 };
  const all = { gapAtMs: 99_000, sample: 4, lagMs: 900 };

  expect(lit({ ...all, line: { state: 'offline', ...lost } })).toBe('OFFLINE');
  expect(lit({ ...all, line: { state: 'reconnecting', ...lost } })).toBe('RECONNECTING');
  expect(lit(all)).toBe('GAP');
  expect(lit({ ...all, gapAtMs: null })).toBe('SAMPLED 1:4');
  expect(lit({ lagMs: 900 })).toBe('LAG 900 ms');
  expect(lit({ lagMs: 45_000 })).toBe('LAG 45 s');
  expect(lit({})).toBe('LIVE');
  expect(lit({ lagMs: null })).toBe('LIVE');
});

test('a gap is shown for a while and not for ever', () => {
  expect(lit({ gapAtMs: 86_000 })).toBe('GAP');
  expect(lit({ gapAtMs: 84_000 })).toBe('LIVE');
});
