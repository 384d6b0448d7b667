/** A node's upkeep in the simulated world. */
import { expect, onTestFinished, test } from 'vitest';
import { encodeEnvelope } from '#protocols/envelope.ts';
import { buildLogger } from './logger.ts';
import { buildMetrics } from './metrics.ts';
import { RuntimeNode } from './node.ts';
import { NODE_SETTINGS } from './node-options.ts';
import { VirtualClock } from './testing/clock.ts';
import { COUNTER } from './testing/counter.ts';
import { command } from './testing/envelopes.ts';
import { watchEventLoop } from './testing/event-loop.ts';
import { takeInPlace } from './testing/isolation.ts';
import { MemoryLog } from './testing/log.ts';
import { HeartbeatNetwork, MemoryMembership } from './testing/membership.ts';
import { MemoryRemote, RemoteNetwork } from './testing/remote.ts';
import { MemoryStore } from './testing/store.ts';
import { Upkeep } from './upkeep.ts';

/** One node with one partition and its upkeep, running. */
async function startNode(settings: { idleMs: number; journalMs: number }) {
  const loop = watchEventLoop();
  onTestFinished(() => loop.stop());
  const clock = new VirtualClock({ idle: () => loop.idle() });
  const store = new MemoryStore({ clock, partitionCount: 1 });
  const log = new MemoryLog(clock);
  const logger = buildLogger({ level: 'silent', role: 'test' });
  const ports = { store, log, clock, logger, metrics: buildMetrics() };
  const node = new RuntimeNode({
    ...ports,
    id: 'node',
    partitionCount: 1,
    kinds: [COUNTER],
    membership: new MemoryMembership(new HeartbeatNetwork(), clock),
    remote: new MemoryRemote(new RemoteNetwork()),
    takeAlone: takeInPlace,
    settings: NODE_SETTINGS,
  });
  const upkeep = new Upkeep({ ...ports, past: store.past, node, routes: node.routes, settings });
  void node.start().then(() => upkeep.start());
  await clock.advance(2_000);
  let n = 0;
  const add = async (count: number) => {
    for (let index = 0; index < count; index++) {
      const key = `key-${++n}`;
      const bytes = encodeEnvelope(command('one', { type: 'add', by: 1 }, key));
      await log.publish({ subject: 'mbx.0', id: key, bytes });
    }
  };
  return { clock, store, log, node, add };
}

test('what is older than the journal is trimmed, but for the message at the cursor', async () => {
  const { clock, log, store, add } = await startNode({ idleMs: 60_000, journalMs: 50_000 });
  await add(20);
  await clock.advance(70_000);
  await add(5);
  await clock.advance(60_000);

  expect(store.partition(0)?.cursor.seq).toBe(25);
  expect(log.messages('data', 0).map(({ seq }) => seq)).toEqual([20, 21, 22, 23, 24, 25]);
  const [oldest] = await store.past.batches(0, { after: -1, before: 1_000, limit: 1 });
  expect(oldest?.data).toMatchObject({ from: 20 });
});

test('places of a log that is gone do not trim the log that came after it', async () => {
  const { clock, log, store, add } = await startNode({ idleMs: 60_000, journalMs: 50_000 });
  await add(20);
  await clock.advance(20_000);

  log.recreate('MAILBOX', 1);
  await add(5);
  await clock.advance(45_000);

  expect(store.partition(0)).toMatchObject({ generation: 1, cursor: { seq: 5 } });
  expect(log.messages('data', 0)).toHaveLength(5);
});

test('an actor that nobody used leaves memory, and goes on from its snapshot', async () => {
  const { clock, node, store, add } = await startNode({ idleMs: 10_000, journalMs: 50_000 });
  await add(2);
  await clock.advance(5_000);
  expect(node.activations.size).toBe(1);

  await clock.advance(15_000);
  expect(node.activations.size).toBe(0);
  await add(1);
  await clock.advance(1_000);

  expect(store.rows.actors).toMatchObject([{ version: 3, state: expect.stringContaining('"count":3') }]);
});
