import { expect, test } from 'vitest';
import { LIMITS } from '#protocols/limits.ts';
import { measureState, NO_STATE, roughBytes, sizeAfter } from './state-size.ts';
import { Random } from './testing/random.ts';

const CHARS_BEST = 6;

function drawValue(random: Random, depth: number): unknown {
  const roll = random.below(depth > 2 ? 5 : 8);
  if (roll === 0) return random.chance(0.5) ? null : random.chance(0.5);
  if (roll === 1) return random.chance(0.5) ? random.below(1_000) : -1.234_567_890_123_456e-300;
  if (roll < 5) return random.pick(['', 'plain', '"\\\n', '\u0000\u0001', 'zwölf', '漢字', '🧱', '\ud800']);
  const count = random.below(5);
  if (roll < 6) return Array.from({ length: count }, () => drawValue(random, depth + 1));
  return Object.fromEntries(
    Array.from({ length: count }, () => [
      random.pick(['a', 'b"', 'ключ', '\u0007']),
      drawValue(random, depth + 1),
    ]),
  );
}

/** Some of it new, the rest shared: as handlers do. */
function drawNext(random: Random, value: unknown): unknown {
  if (random.chance(0.3) || typeof value !== 'object' || value === null) return drawValue(random, 0);
  if (Array.isArray(value)) {
    const items = value.map((item) => (random.chance(0.2) ? drawNext(random, item) : item));
    return random.chance(0.3) ? [...items, drawValue(random, 1)] : items.slice(random.below(2));
  }
  const entries = Object.entries(value).map(([key, item]) => [
    key,
    random.chance(0.3) ? drawNext(random, item) : item,
  ]);
  return Object.fromEntries([...entries, ['new', drawValue(random, 1)]]);
}

test('the count is never too small for what the state became, whatever was shared with the state before', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = new Random(seed);
    let state = drawValue(random, 0);
    let size = measureState(state);
    for (let turn = 0; turn < 20; turn++) {
      const next = drawNext(random, state);
      size = sizeAfter(size, state, next);
      state = next;

      const bytes = state === null ? 0 : Buffer.byteLength(JSON.stringify(state));
      expect(size.measuredBytes + size.grownChars * CHARS_BEST, `seed ${seed}`).toBeGreaterThanOrEqual(bytes);
    }
  }
});

test('a state that is over the bound is measured, in one leap or little by little', () => {
  const text = 'x'.repeat(LIMITS.actorStateBytesMax);
  const leapt = sizeAfter(NO_STATE, null, { text });
  let [state, size] = [{ parts: [] as string[] }, measureState({ parts: [] })];
  while (Buffer.byteLength(JSON.stringify(state)) <= LIMITS.actorStateBytesMax) {
    const next = { parts: [...state.parts, '\u0000'.repeat(500)] };
    size = sizeAfter(size, state, next);
    state = next;
  }

  expect(leapt.measuredBytes).toBe(Buffer.byteLength(JSON.stringify({ text })));
  expect(size.measuredBytes).toBe(Buffer.byteLength(JSON.stringify(state)));
});

test('a small state that changes for ever does not seem to grow', () => {
  let [state, size] = [{ count: 0 }, measureState({ count: 0 })];

  for (let count = 1; count < 10_000; count++) {
    const next = { count };
    size = sizeAfter(size, state, next);
    state = next;
  }

  expect(roughBytes(size)).toBeLessThan(2_048);
});

test('a state that JSON cannot hold is told at its turn', () => {
  const round: { self?: unknown } = {};
  round.self = round;

  expect(() => sizeAfter(NO_STATE, null, { big: 1n })).toThrow();
  expect(() => sizeAfter(NO_STATE, null, round)).toThrow();
});
