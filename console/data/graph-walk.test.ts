import { expect, test } from 'vitest';
import { layOut } from './graph-layout.ts';
import { walk } from './graph-walk.ts';

// a → b, c, d → e; and f alone.
const LAYOUT = layOut({ ids: [...'abcdef'], before: [[], [0], [0], [0], [1, 2, 3], []] });
const go = (place: number | null, ...arrows: ('Left' | 'Right' | 'Up' | 'Down')[]) =>
  arrows.reduce((at, arrow) => walk(LAYOUT, at, `Arrow${arrow}`), place);

test('arrows to the sides walk along edges, straight on where that is possible', () => {
  expect(go(0, 'Right')).toBe(2);
  expect(go(0, 'Right', 'Right')).toBe(4);
  expect(go(4, 'Left', 'Left')).toBe(0);
});

test('arrows up and down walk along a column, and no arrow leads out of the graph', () => {
  expect(go(2, 'Up')).toBe(1);
  expect(go(2, 'Down')).toBe(3);
  expect(go(3, 'Down')).toBe(3);
  expect(go(4, 'Right')).toBe(4);
  expect(go(0, 'Left')).toBe(0);
});

test('without a place the walk begins at the beginning, and in an empty graph nowhere', () => {
  expect([0, 5]).toContain(go(null, 'Down'));
  expect(walk(layOut({ ids: [], before: [] }), null, 'ArrowRight')).toBeNull();
});
