/** Two nodes in the simulated world: what becomes of partitions that change hands. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildLogger } from './logger.ts';
import { buildMetrics } from './metrics.ts';
import { NODE_SETTINGS, RuntimeNode } from './node.ts';
import type { Store } from './store.ts';
import { VirtualClock } from './testing/clock.ts';
import { COUNTER } from './testing/counter.ts';
import { type EventLoopWatch, watchEventLoop } from './testing/event-loop.ts';
import { takeInPlace } from './testing/isolation.ts';
import { MemoryLog } from './testing/log.ts';
import { HeartbeatNetwork, MemoryMembership } from './testing/membership.ts';
import { MemoryRemote, RemoteNetwork } from './testing/remote.ts';
import { MemoryStore } from './testing/store.ts';

const PARTITIONS = 8;
const metrics = buildMetrics();
let loop: EventLoopWatch;

beforeEach(() => {
  loop = watchEventLoop();
});
afterEach(() => loop.stop());

function buildCluster() {
  const clock = new VirtualClock({ idle: () => loop.idle() });
  const store = new MemoryStore({ clock, partitionCount: PARTITIONS });
  const log = new MemoryLog(clock);
  const heartbeats = new HeartbeatNetwork();
  const start = (id: string, change: Partial<Store> = {}) => {
    const changed = new Proxy<Store>(store, {
      get(target, name) {
        const value: unknown = Reflect.get(change, name) ?? Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const node = new RuntimeNode({
      id,
      partitionCount: PARTITIONS,
      kinds: [COUNTER],
      store: changed,
      log,
      membership: new MemoryMembership(heartbeats, clock),
      remote: new MemoryRemote(new RemoteNetwork()),
      clock,
      logger: buildLogger({ level: 'silent', role: 'test' }),
      metrics,
      takeAlone: takeInPlace,
      settings: NODE_SETTINGS,
    });
    void node.start();
    return node;
  };
  return { clock, store, start };
}

test('a partition whose release failed does not stay with nobody: the next owner gets it', async () => {
  const { clock, store, start } = buildCluster();
  let failures = 0;
  const release: Store['release'] = (partition, epoch) => {
    if (failures++ === 0) return Promise.reject(new Error('connection lost'));
    return store.release(partition, epoch);
  };
  const one = start('one', { release });
  await clock.advance(2_000);
  expect(one.held()).toHaveLength(PARTITIONS);

  const two = start('two');
  await clock.advance(5_000);

  expect(failures).toBeGreaterThan(1);
  expect(two.held().length).toBeGreaterThan(0);
  expect([...one.held(), ...two.held()].sort()).toEqual(Array.from({ length: PARTITIONS }, (_, id) => id));
});

test('a partition that was taken and could not be opened goes to whom it belongs meanwhile', async () => {
  const { clock, store, start } = buildCluster();
  const away = Promise.withResolvers<never>();
  const one = start('one', { counters: () => away.promise });
  await clock.advance(1_000);
  expect(store.rows.partitions.every(({ owner }) => owner === 'one')).toBe(true);

  const two = start('two');
  await clock.advance(1_000);
  away.reject(new Error('connection lost'));
  await clock.advance(5_000);

  expect(one.held()).toEqual([]);
  expect(two.held().length).toBeGreaterThan(0);
});
