import { expect, test } from 'vitest';
import { fitInto, inSight, reveal, SCALE_MAX, SCALE_MIN, zoomAt } from './viewport.ts';

const SCREEN = { width: 1_000, height: 500 };

test('zooming keeps what is under the pointer under it, within the bounds', () => {
  const view = { x: 30, y: -20, scale: 0.5 };
  const point = { x: 200, y: 100 };
  const under = (one: typeof view) => [(point.x - one.x) / one.scale, (point.y - one.y) / one.scale];

  expect(under(zoomAt(view, point, 1.7))).toEqual(under(view).map((value) => expect.closeTo(value)));
  expect(zoomAt(view, point, 1e9).scale).toBe(SCALE_MAX);
  expect(zoomAt(view, point, 1e-9).scale).toBe(SCALE_MIN);
});

test('a picture that is fitted is in sight whole and in the middle, and a small one is not blown up', () => {
  const picture = { left: -100, top: 50, right: 3_900, bottom: 650 };

  const seen = inSight(fitInto(picture, SCREEN), SCREEN);

  expect(seen.left).toBeLessThan(picture.left);
  expect(seen.right).toBeGreaterThan(picture.right);
  expect(seen.left + seen.right).toBeCloseTo(picture.left + picture.right);
  expect(fitInto({ left: 0, top: 0, right: 10, bottom: 10 }, SCREEN).scale).toBe(1);
});

test('what is out of sight is brought in by the shortest way, and what is in sight moves nothing', () => {
  const view = { x: 0, y: 0, scale: 1 };

  expect(reveal(view, { left: 100, top: 100, right: 200, bottom: 130 }, SCREEN)).toEqual(view);
  expect(reveal(view, { left: 1_100, top: 100, right: 1_200, bottom: 130 }, SCREEN)).toEqual({
    ...view,
    x: -224,
  });
  expect(reveal(view, { left: 100, top: -80, right: 200, bottom: -50 }, SCREEN)).toEqual({ ...view, y: 104 });
});
