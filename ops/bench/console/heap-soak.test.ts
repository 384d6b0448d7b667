import { expect, test } from 'vitest';
import { holds } from './gates.ts';
import { judgeSoak, type Reading } from './heap-soak.ts';

/** A reading each half minute for a quarter of an hour. */
function readings(heapMb: (minute: number) => number): Reading[] {
  return Array.from({ length: 31 }, (_, at) => ({
    ...{ atMinutes: at / 2, heapMb: heapMb(at / 2), nodes: 1_000, listeners: 40 },
  }));
}

const broken = (given: readonly Reading[]) =>
  judgeSoak(given, 20_000)
    .filter((one) => !holds(one))
    .map(({ gate }) => gate.name);

test('a page whose windows fill and then stay as they are holds', () => {
  expect(broken(readings((minute) => 10 + Math.min(2, minute)))).toEqual([]);
});

test('a page that keeps a byte of each dozen events is found', () => {
  expect(broken(readings((minute) => 10 + minute * 0.1))).toEqual(['heap, an hour at 5,000/s adds']);
});

test('single readings that caught something on its way are not taken for growth', () => {
  const noisy = readings((minute) => (minute === 13 || minute === 15 ? 14 : 10));

  expect(broken(noisy)).toEqual([]);
});

test('a page that grows nodes is found, though its heap does not', () => {
  const more = readings(() => 10).map((one) => ({ ...one, nodes: 1_000 + one.atMinutes * 10 }));

  expect(broken(more)).toEqual(['nodes moved']);
});

test('a heap of more than 80 MB is found, though it does not grow', () => {
  expect(broken(readings(() => 90))).toEqual(['heap']);
});
