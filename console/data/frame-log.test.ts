import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameLog } from './frame-log.ts';

const step = fc.oneof(
  fc.record({ do: fc.constant('push' as const), count: fc.nat(12) }),
  fc.record({ do: fc.constant('hold' as const), isHeld: fc.boolean() }),
  fc.record({ do: fc.constant('filter' as const), by: fc.constantFrom(1, 2, 3) }),
);

test('whatever is pushed, held and filtered, the view is the newest that pass, in their order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const log = new FrameLog<number>(20);
      const all: number[] = [];
      let by = 1;
      let held: number[] | null = null;
      const view = () =>
        all
          .slice(-20)
          .filter((one) => one % by === 0)
          .reverse();
      for (const one of steps) {
        if (one.do === 'push') {
          const fresh = Array.from({ length: one.count }, (_, at) => all.length + at);
          all.push(...fresh);
          log.push(fresh);
        } else if (one.do === 'hold') {
          log.hold(one.isHeld);
          held = one.isHeld ? view() : null;
        } else {
          by = one.by;
          log.filter(by === 1 ? null : (value) => value % by === 0);
          if (held) held = view();
        }
        const shown = log.rows(0, 100);
        // Of the filtered those stay that the ring of all no longer has: never fewer than it has, never others.
        expect(shown.slice(0, (held ?? view()).length)).toEqual(held ?? view());
        expect(shown.every((value) => value % by === 0)).toBe(true);
        expect(shown.toSorted((a, b) => b - a)).toEqual(shown);
        expect(log.total).toBe(all.length);
        expect(log.size).toBe(shown.length);
      }
    }),
  );
});

test('while it is held it keeps receiving, counts what passes, and shows it on release', () => {
  const log = new FrameLog<number>(100);
  log.push([1, 2, 3, 4]);
  log.filter((value) => value % 2 === 0);

  log.hold(true);
  log.push([5, 6, 7, 8]);
  expect([log.rows(0, 9), log.missed]).toEqual([[4, 2], 2]);
  log.hold(false);

  expect([log.rows(0, 9), log.missed]).toEqual([[8, 6, 4, 2], 0]);
});

test('a window of the view is given without the rest', () => {
  const log = new FrameLog<number>(1_000);
  log.push(Array.from({ length: 5_000 }, (_, at) => at));

  expect(log.rows(10, 3)).toEqual([4_989, 4_988, 4_987]);
  expect([log.size, log.total]).toEqual([1_000, 5_000]);
});
