import { expect, test } from 'vitest';
import { Counters } from './counters.ts';

test('effect numbers are gapless per target and lane, and go on from what is stored', () => {
  const counters = new Counters({ outbound: [{ other: 3, lane: 'data', n: 41 }], inbound: [] });

  expect(counters.next(3, 'data').n).toBe(42);
  expect(counters.next(3, 'data').n).toBe(43);
  expect(counters.next(3, 'control').n).toBe(1);
  expect(counters.next(4, 'data').n).toBe(1);
});

test('only the next effect of a source is taken: below is a repeat, further ahead a gap', () => {
  const counters = new Counters({ outbound: [], inbound: [{ other: 1, lane: 'data', n: 5 }] });

  expect(counters.take(1, 'data', 5).verdict).toBe('repeat');
  expect(counters.take(1, 'data', 7).verdict).toBe('gap');
  expect(counters.take(1, 'data', 6)).toMatchObject({
    verdict: 'next',
    counter: { other: 1, lane: 'data', n: 6 },
  });
  expect(counters.take(1, 'data', 7).verdict).toBe('next');
});

test('an effect dropped at a gap is taken when it comes again in order', () => {
  const counters = new Counters({ outbound: [], inbound: [] });

  expect(counters.take(9, 'data', 2).verdict).toBe('gap');
  expect(counters.take(9, 'data', 1).verdict).toBe('next');
  expect(counters.take(9, 'data', 2).verdict).toBe('next');
});
