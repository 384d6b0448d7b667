import { expect, test } from 'vitest';
import { partitionOf } from './partition.ts';

test('an address keeps its partition for ever: these places are part of the layout', () => {
  const places = ['a', 'b', 'c', '0190a1b2-0000-7000-8000-000000000001'].map((id) =>
    partitionOf({ type: 'session', tenant: 'dev', id }, 64),
  );

  expect(places).toMatchInlineSnapshot(`
    [
      12,
      21,
      54,
      13,
    ]
  `);
});

test('ids that differ in one digit only spread evenly', () => {
  const counts = new Array<number>(64).fill(0);
  for (let id = 0; id < 64_000; id++) {
    const partition = partitionOf({ type: 'task', tenant: 'dev', id: String(id) }, 64);
    counts[partition] = (counts[partition] ?? 0) + 1;
  }

  expect(Math.min(...counts)).toBeGreaterThan(850);
  expect(Math.max(...counts)).toBeLessThan(1_150);
});
