/** The mirrors on a real server: only ever forward, whoever writes last. */
import { Kvm } from '@nats-io/kv';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { Mirrors, type NodeMirror } from './mirrors.ts';

let connection: NatsConnection;
let nowMs = Date.now();

beforeAll(async () => {
  connection = await connect({ servers: inject('natsUrl') });
});
afterAll(() => connection?.close());

const nodeOf = (id: string): NodeMirror => ({
  id,
  state: 'working',
  partitions: 1,
  startedAt: '2026-01-01T00:00:00.000Z',
});
const open = () => new Mirrors(connection, { replicas: 1, nowMs: () => nowMs });
const shown = async (bucket: string, key: string) => {
  const entry = await (await new Kvm(connection).open(bucket)).get(key);
  return entry?.operation === 'PUT' ? entry.json() : null;
};

test('an owner of before, however late it writes, does not stand over its successor', async () => {
  const [before, after] = [open(), open()];
  await before.show(nodeOf('before'), [{ id: 1, epoch: 4 }]);
  await after.show(nodeOf('after'), [{ id: 1, epoch: 5 }]);

  nowMs += 60_000;
  await before.show(nodeOf('before'), [{ id: 1, epoch: 4 }]);

  expect(await shown('partitions', '1')).toEqual({ node: 'after', epoch: 5 });
});

test('many who write at once leave the newest', async () => {
  const epochs = [3, 9, 1, 7, 5];

  await Promise.all(epochs.map((epoch) => open().show(nodeOf(`n${epoch}`), [{ id: 2, epoch }])));
  nowMs += 60_000;
  await Promise.all(epochs.map((epoch) => open().show(nodeOf(`n${epoch}`), [{ id: 2, epoch }])));

  expect(await shown('partitions', '2')).toEqual({ node: 'n9', epoch: 9 });
});

test('a node that left is no longer shown', async () => {
  const mirrors = open();
  await mirrors.show(nodeOf('leaver'), []);
  expect(await shown('nodes', 'leaver')).toMatchObject({ state: 'working' });

  await mirrors.hide('leaver');

  expect(await shown('nodes', 'leaver')).toBeNull();
});
