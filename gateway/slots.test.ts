import { expect, test } from 'vitest';
import { Slots } from './slots.ts';

test('no more is under way than there are slots, all of it is done in order, and a failure gives its slot back', async () => {
  const slots = new Slots(2);
  const begun: number[] = [];
  let under = 0;
  let most = 0;

  const results = await Promise.allSettled(
    Array.from({ length: 7 }, (_, n) =>
      slots.run(async () => {
        begun.push(n);
        under += 1;
        most = Math.max(most, under);
        await new Promise((resolve) => setImmediate(resolve));
        under -= 1;
        if (n % 3 === 0) throw new Error('on purpose');
        return n;
      }),
    ),
  );

  expect(most).toBe(2);
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(3);
});
