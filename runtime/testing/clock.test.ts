import { expect, test } from 'vitest';
import { VirtualClock } from './clock.ts';
import { watchEventLoop } from './event-loop.ts';
import { Random } from './random.ts';

async function withClock(run: (clock: VirtualClock) => Promise<void>): Promise<void> {
  const loop = watchEventLoop();
  try {
    await run(new VirtualClock({ startMs: 0, idle: () => loop.idle() }));
  } finally {
    loop.stop();
  }
}

test('sleepers wake in the order of their times, those of one moment as they came', () =>
  withClock(async (clock) => {
    const woken: string[] = [];
    const sleep = (name: string, ms: number) =>
      void clock.sleep(ms).then(() => woken.push(`${name} ${clock.now()}`));
    for (const [name, ms] of [
      ['c', 30],
      ['a', 10],
      ['b', 20],
      ['a2', 10],
      ['d', 31],
    ] as const)
      sleep(name, ms);

    await clock.advance(30);

    expect(woken).toEqual(['a 10', 'a2 10', 'b 20', 'c 30']);
    expect(clock.now()).toBe(30);
  }));

test('between two wake-ups everything happens that needs no time, immediates too', () =>
  withClock(async (clock) => {
    const happened: string[] = [];
    void clock.sleep(10).then(async () => {
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
      happened.push(`chain ${clock.now()}`);
    });
    void clock.sleep(11).then(() => happened.push(`next ${clock.now()}`));

    await clock.advance(100);

    expect(happened).toEqual(['chain 10', 'next 11']);
  }));

test('an aborted sleep ends at once and wakes nobody later', () =>
  withClock(async (clock) => {
    const over = new AbortController();
    let endedAtMs = -1;
    void clock.sleep(1_000, over.signal).then(() => {
      endedAtMs = clock.now();
    });
    await clock.advance(10);

    over.abort();
    await clock.advance(10);

    expect(endedAtMs).toBe(10);
    expect(await clock.step()).toBe(false);
  }));

test('a thousand sleepers wake in order', () =>
  withClock(async (clock) => {
    const random = new Random(1);
    const woken: number[] = [];
    for (let count = 0; count < 1_000; count++) {
      const ms = random.below(10_000);
      clock.after(ms, () => woken.push(ms));
    }

    await clock.advance(10_000);

    expect(woken).toHaveLength(1_000);
    expect(woken).toEqual([...woken].sort((a, b) => a - b));
  }));

test('the same seed gives the same numbers, another seed others', () => {
  const draw = (seed: number) => {
    const random = new Random(seed);
    return Array.from({ length: 20 }, () => random.between(1, 6));
  };

  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  expect(draw(7).every((number) => number >= 1 && number <= 6)).toBe(true);
});
