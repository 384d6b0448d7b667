/** A node on ports in memory that fail on purpose: what it does between a failure and the next taking. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { encodeEnvelope } from '#protocols/envelope.ts';
import { systemClock } from './clock.ts';
import type { Log } from './log.ts';
import { buildLogger } from './logger.ts';
import { buildMetrics } from './metrics.ts';
import { RuntimeNode } from './node.ts';
import type { Batch, Store } from './store.ts';
import { COUNTER, CounterState } from './testing/counter.ts';
import { command, counterAddress } from './testing/envelopes.ts';
import { takeInPlace } from './testing/isolation.ts';
import { MemoryLog } from './testing/log.ts';
import { HeartbeatNetwork, MemoryMembership } from './testing/membership.ts';
import { MemoryRemote, RemoteNetwork } from './testing/remote.ts';
import { MemoryStore } from './testing/store.ts';

const SETTINGS = { settleMs: 1, planEveryMs: 5, movesPercentMax: 100 };

function startNode(change: {
  store?: (store: MemoryStore) => Partial<Store>;
  log?: (log: Log) => Partial<Log>;
}) {
  const store = new MemoryStore({ clock: systemClock, partitionCount: 1 });
  const log = new MemoryLog(systemClock);
  const changed = <Port extends object>(port: Port, part: Partial<Port>): Port =>
    new Proxy(port, {
      get(target, name) {
        const value = Reflect.get(part, name) ?? Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  const node = new RuntimeNode({
    id: 'node',
    partitionCount: 1,
    kinds: [COUNTER],
    store: changed<Store>(store, change.store?.(store) ?? {}),
    log: changed<Log>(log, change.log?.(log) ?? {}),
    membership: new MemoryMembership(new HeartbeatNetwork(), systemClock),
    remote: new MemoryRemote(new RemoteNetwork()),
    clock: systemClock,
    logger: buildLogger({ level: 'silent', role: 'test' }),
    metrics: buildMetrics(),
    takeAlone: takeInPlace,
    settings: SETTINGS,
  });
  const publish = (id: string, key: string) => {
    const bytes = encodeEnvelope(command(id, { type: 'add', by: 1 }, key));
    return log.publish({ subject: 'mbx.0', id: key, bytes });
  };
  const countOf = async (id: string) => {
    const [stored] = await store.load([counterAddress(id)]);
    return stored ? CounterState.parse(stored.state).count : 0;
  };
  return { node, publish, countOf };
}

test('what a failed commit left in memory is gone before the partition is taken again, however slowly its readers stop', async () => {
  let fails = 1;
  const { node, publish, countOf } = startNode({
    store: (store) => ({
      commit: async (batches: readonly Batch[]) => {
        if (fails-- > 0) throw new Error('connection lost');
        return store.commit(batches);
      },
    }),
    log: (log) => ({
      read: async (options) => {
        const reader = await log.read(options);
        return {
          get pending() {
            return reader.pending;
          },
          stop: async () => {
            await reader.stop();
            await sleep(400);
          },
        };
      },
    }),
  });
  await node.start();

  await publish('one', 'key-1');
  await vi.waitFor(async () => expect(await countOf('one')).toBeGreaterThan(0), 3_000);

  expect(await countOf('one')).toBe(1);
  await node.stop();
});

test('a partition whose epoch another raised is let go, though it has nothing to commit', async () => {
  let raise: (() => Promise<unknown>) | undefined;
  let taken = 0;
  const { node } = startNode({
    store: (store) => {
      raise = async () => {
        const [row] = await store.owners();
        return store.acquire(0, row?.epoch ?? 0, 'somebody');
      };
      return {
        acquire: (partition: number, epoch: number, owner: string) => {
          taken++;
          return store.acquire(partition, epoch, owner);
        },
      };
    },
  });
  await node.start();
  await vi.waitFor(() => expect(node.held()).toEqual([0]));

  await raise?.();

  // Nobody hears of "somebody", so the node takes it back, under an epoch of its own.
  await vi.waitFor(() => expect(taken).toBe(2), 3_000);
  await node.stop();
});

test('a state that can not be written stops its own partition and not the process', async () => {
  let commits = 0;
  const { node, publish } = startNode({
    store: (store) => ({
      commit: async (batches: readonly Batch[]) => {
        commits++;
        return store.commit(batches);
      },
    }),
  });
  await node.start();
  await vi.waitFor(() => expect(node.held()).toEqual([0]));
  const index = vi.spyOn(COUNTER, 'indexOf').mockImplementationOnce(() => {
    throw new Error('no such field');
  });

  await publish('one', 'key-1');

  await vi.waitFor(() => expect(commits).toBe(1), 3_000);
  expect(index).toHaveBeenCalledTimes(2);
  await node.stop();
});
