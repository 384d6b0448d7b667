import { expect, test } from 'vitest';
import type { Exit } from './child.ts';
import type { RunningProcess } from './stack.ts';
import { supervise } from './supervise.ts';

const TIMING = { firstWaitMs: 1, longestWaitMs: 4, healthyMs: 60_000 };

interface Fake extends RunningProcess {
  readonly die: () => void;
}

function makeProcess(isReady: boolean): Fake {
  const { promise, resolve } = Promise.withResolvers<Exit>();
  const die = (): void => resolve({ code: 1, signal: null });
  const stop = (): Promise<Exit> => {
    resolve({ code: 0, signal: null });
    return promise;
  };
  const never = promise.then(() => Promise.reject(new Error('it exited before it was ready')));
  never.catch(() => undefined);
  return { pid: 1, ready: isReady ? Promise.resolve() : never, exited: promise, stop, kill: die, die };
}

test('a process that dies is started again, ever later, and given up after eight times', async () => {
  const waits: unknown[] = [];
  const supervised = await supervise({
    role: 'node-1',
    timing: TIMING,
    start: async () => {
      const fake = makeProcess(true);
      setImmediate(fake.die);
      return fake;
    },
    onRestart: (_, fields) => waits.push(fields.in_ms),
  });

  const failure = await supervised.broken;

  expect(waits).toEqual([1, 2, 4, 4, 4, 4, 4, 4]);
  expect(failure.message).toContain('node-1 died 9 times in a row (last: exit code 1)');
});

test('a process that is never ready is stopped, and that is the failure of the start', async () => {
  const fake = makeProcess(false);
  const supervised = supervise({
    role: 'gateway',
    start: async () => {
      setImmediate(fake.die);
      return fake;
    },
    onRestart: () => undefined,
  });

  await expect(supervised).rejects.toThrow('before it was ready');
  expect(await fake.exited).toEqual({ code: 1, signal: null });
});

test('a stop while it is being started again ends that one too', async () => {
  const started: Fake[] = [];
  const restarting = Promise.withResolvers<void>();
  const supervised = await supervise({
    role: 'agent',
    timing: TIMING,
    start: async () => {
      const fake = makeProcess(started.length === 0);
      started.push(fake);
      if (started.length === 2) restarting.resolve();
      return fake;
    },
    onRestart: () => undefined,
  });
  started[0]?.die();
  await restarting.promise;

  await supervised.stop();

  expect(started.length).toBe(2);
  expect(await started[1]?.exited).toEqual({ code: 0, signal: null });
});
