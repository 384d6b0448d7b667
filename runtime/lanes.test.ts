import { expect, test } from 'vitest';
import { orderId } from '#protocols/supervision.ts';
import { PARTITION_LIMITS } from './bounds.ts';
import { Lanes } from './lanes.ts';
import type { Log, ReaderOptions } from './log.ts';

async function openLanes() {
  const readers = new Map<string, ReaderOptions>();
  const log: Pick<Log, 'read'> = {
    async read(options) {
      readers.set(options.lane, options);
      return { pending: 0, stop: async () => undefined };
    },
  };
  const nothing = () => undefined;
  const host = { log: log as Log, partition: 0, heard: nothing, wake: nothing, onBroken: nothing };
  const lanes = new Lanes(host);
  const start = { seq: 0, id: null };
  await lanes.open({ data: start, control: start });
  let seq = 0;
  const deliver = (lane: 'data' | 'control', id: string) =>
    readers.get(lane)?.onDelivery({ seq: ++seq, id, atMs: 0, bytes: new Uint8Array() });
  const take = (max = 100) => lanes.take(max).map(({ delivery }) => delivery.id);
  return { lanes, deliver, take };
}

test('control is taken before data, and no more than asked for', async () => {
  const { deliver, take } = await openLanes();
  for (const id of ['d1', 'd2']) void deliver('data', id);
  void deliver('control', 'c1');

  expect(take(2)).toEqual(['c1', 'd1']);
  expect(take()).toEqual(['d2']);
});

test('an order to the runtime ends what is taken with it: what is behind it finds it obeyed', async () => {
  const { deliver, take } = await openLanes();
  void deliver('data', 'd1');
  for (const id of ['c1', orderId('x'), 'c2']) void deliver('control', id);

  expect(take()).toEqual(['c1', orderId('x')]);
  expect(take()).toEqual(['c2', 'd1']);
});

test('a lane that is full makes its reader wait until half of it was taken', async () => {
  const { deliver, take } = await openLanes();
  const { bufferMax } = PARTITION_LIMITS;
  for (let n = 1; n < bufferMax; n++) expect(deliver('data', String(n))).toBeUndefined();
  let isLet = false;
  const waiting = Promise.resolve(deliver('data', 'last')).then(() => {
    isLet = true;
  });

  take(bufferMax / 2);
  await Promise.resolve();
  expect(isLet).toBe(false);
  take(1);
  await waiting;
  expect(isLet).toBe(true);
});

test('what comes after the lanes were closed is not kept', async () => {
  const { lanes, deliver, take } = await openLanes();
  void deliver('data', 'before');

  await lanes.close();
  void deliver('data', 'after');

  expect(take()).toEqual([]);
  expect(lanes.waiting).toBe(0);
});
