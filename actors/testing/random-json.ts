/** JSON documents made of a seed, for tests of laws: few keys, so that two documents meet often. */
import type { JsonObject } from '#protocols/json-value.ts';

interface Dice {
  below(count: number): number;
}

const KEYS = ['a', 'b', 'c', 'src/a.ts', 'back\\slash', '0'];
const DEPTH_MAX = 3;

export function randomDocument(dice: Dice, depth = 0): JsonObject {
  const keys = KEYS.filter(() => dice.below(2) === 0);
  return Object.fromEntries(keys.map((key) => [key, randomValue(dice, depth + 1)]));
}

export function randomValue(dice: Dice, depth = 0): unknown {
  const kind = dice.below(depth < DEPTH_MAX ? 6 : 4);
  if (kind === 0) return dice.below(3);
  if (kind === 1) return ['x', 'y', ''][dice.below(3)];
  if (kind === 2) return [null, true, false][dice.below(3)];
  if (kind === 3) return Array.from({ length: dice.below(4) }, () => dice.below(4));
  if (kind === 4) return Array.from({ length: dice.below(3) }, () => randomDocument(dice, depth + 1));
  return randomDocument(dice, depth + 1);
}
