import { expect, test } from 'vitest';
import { NODE_BOUNDS, PARTITION_LIMITS } from './bounds.ts';
import { LaneBuffer } from './lane-buffer.ts';
import { Room, type Uncommitted } from './room.ts';

function roomOf(holders: readonly Uncommitted[], isOutboxFull = false): Room {
  const bounds = { ...NODE_BOUNDS, uncommittedMax: 100, uncommittedBytesMax: 1_000 };
  const partitions = () => holders.map((uncommitted) => ({ uncommitted }));
  return new Room({ bounds, partitions, isOutboxFull: () => isOutboxFull });
}

test('when the node holds all that it may, only a partition below its share goes on', () => {
  const [greedy, modest] = [
    { turns: 95, bytes: 0 },
    { turns: 10, bytes: 0 },
  ];
  const room = roomOf([greedy, modest]);

  expect(room.hasRoom(greedy)).toBe(false);
  expect(room.hasRoom(modest)).toBe(true);
  expect(roomOf([greedy]).hasRoom(greedy)).toBe(true);
});

test('a few large turns fill a node as many small ones do', () => {
  const large = { turns: 1, bytes: 900 };
  const room = roomOf([large, { turns: 1, bytes: 200 }]);

  expect(room.hasRoom(large)).toBe(false);
});

test('nothing is taken while too much is under way to the log', () => {
  expect(roomOf([], true).hasRoom({ turns: 0, bytes: 0 })).toBe(false);
});

const delivery = (seq: number, bytes: number) => ({
  seq,
  id: `${seq}`,
  atMs: 0,
  bytes: new Uint8Array(bytes),
});

test('a buffer is full by count or by bytes, and has room again when half of it is taken', async () => {
  const [many, large] = [new LaneBuffer(), new LaneBuffer()];
  for (let seq = 1; seq < PARTITION_LIMITS.bufferMax; seq++)
    expect(many.put(delivery(seq, 1))).toBeUndefined();
  let isLetGo = false;

  const waiting = many.put(delivery(PARTITION_LIMITS.bufferMax, 1));
  void waiting?.then(() => {
    isLetGo = true;
  });
  many.take(PARTITION_LIMITS.bufferMax / 2);
  await Promise.resolve();
  expect([waiting, isLetGo]).toEqual([expect.any(Promise), false]);
  many.take(1);
  await waiting;

  expect(large.put(delivery(1, PARTITION_LIMITS.bufferBytesMax - 1))).toBeUndefined();
  expect(large.put(delivery(2, 1))).toBeInstanceOf(Promise);
});
