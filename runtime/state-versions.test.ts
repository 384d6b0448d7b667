/** Nodes of two codes in the simulated world: what is written, who owns what, and that nothing is set aside for it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { type ActorKind, defineActor, NewerState } from '#protocols/actor.ts';
import { reply } from '#protocols/effects.ts';
import { encodeEnvelope } from '#protocols/envelope.ts';
import { partitionOf } from '#protocols/partition.ts';
import { buildLogger } from './logger.ts';
import { buildMetrics } from './metrics.ts';
import { RuntimeNode } from './node.ts';
import { NODE_SETTINGS } from './node-options.ts';
import type { Store } from './store.ts';
import { VirtualClock } from './testing/clock.ts';
import { command, counterAddress } from './testing/envelopes.ts';
import { type EventLoopWatch, watchEventLoop } from './testing/event-loop.ts';
import { takeInPlace } from './testing/isolation.ts';
import { MemoryLog } from './testing/log.ts';
import { HeartbeatNetwork, MemoryMembership } from './testing/membership.ts';
import { MemoryRemote, RemoteNetwork } from './testing/remote.ts';
import { MemoryStore } from './testing/store.ts';

const PARTITIONS = 8;
const ACTORS = 12;
const RAISE_AFTER_MS = 30_000;
const metrics = buildMetrics();
const Add = z.object({ type: z.literal('add'), by: z.number() });

/** The first code counts in `n`; the second in `count`, and knows how often. */
const First = z.strictObject({ n: z.number() });
const Second = z.strictObject({ count: z.number(), times: z.number() });
const common = { type: 'counter', message: Add, control: [], onDefect: 'resume' } as const;

const OLD: ActorKind = defineActor({
  ...common,
  stateVersion: 1,
  state: First,
  handle: (state, { by }) => ({ state: { n: (state?.n ?? 0) + by }, effects: [reply(null)] }),
});

const NEW: ActorKind = defineActor({
  ...common,
  stateVersion: 2,
  state: Second,
  migrations: {
    1: {
      up: (state) => ({ count: First.parse(state).n, times: 0 }),
      down: (state) => ({ n: Second.parse(state).count }),
    },
  },
  handle: (state, { by }) => ({
    state: { count: (state?.count ?? 0) + by, times: (state?.times ?? 0) + 1 },
    effects: [reply(null)],
  }),
});

/** `store` with some of its methods replaced. */
function replaced<Port extends object>(port: Port, methods: Partial<Port>): Port {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

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
  const logger = buildLogger({ level: 'silent', role: 'test' });
  const start = async (id: string, kind: ActorKind, change: Partial<Store> = {}) => {
    const node = new RuntimeNode({
      takeAlone: takeInPlace,
      id,
      partitionCount: PARTITIONS,
      kinds: [kind],
      store: replaced<Store>(store, change),
      log,
      membership: new MemoryMembership(heartbeats, clock),
      remote: new MemoryRemote(new RemoteNetwork()),
      clock,
      logger,
      metrics,
      settings: { ...NODE_SETTINGS, raiseVersionsAfterMs: RAISE_AFTER_MS },
    });
    void node.start();
    await clock.advance(8_000);
    return node;
  };
  let added = 0;
  /** One to each actor. */
  const addToAll = async () => {
    added++;
    for (let actor = 0; actor < ACTORS; actor++) {
      const key = `key-${added}-${actor}`;
      const subject = `mbx.${partitionOf(counterAddress(`a${actor}`), PARTITIONS)}`;
      const bytes = encodeEnvelope(command(`a${actor}`, { type: 'add', by: 1 }, key));
      await log.publish({ subject, id: key, bytes });
    }
    await clock.advance(1_000);
  };
  const leave = async (node: RuntimeNode) => {
    void node.drain(5_000);
    await clock.advance(6_000);
  };
  const stored = () =>
    store.rows.actors.map(({ state, stateVersion }) => ({
      stateVersion,
      count: stateVersion === 1 ? First.parse(JSON.parse(state)).n : Second.parse(JSON.parse(state)).count,
    }));
  const expectAll = (stateVersion: number) => {
    expect(stored()).toEqual(Array.from({ length: ACTORS }, () => ({ stateVersion, count: added })));
    expect(store.rows.deadLetters).toEqual([]);
  };
  return { clock, store, heartbeats, start, addToAll, leave, expectAll };
}

test('while a node of the older code is alive its version is written, however often partitions change hands', async () => {
  const { start, addToAll, leave, expectAll } = buildCluster();
  let old = await start('old-0', OLD);
  await addToAll();

  for (let round = 1; round <= 4; round++) {
    const young = await start(`new-${round}`, NEW);
    expect(young.held().length).toBeGreaterThan(0);
    await addToAll();
    expectAll(1);
    await leave(old);
    await addToAll();
    expectAll(1);
    expect(young.held()).toHaveLength(PARTITIONS);
    old = await start(`old-${round}`, OLD);
    await addToAll();
    expectAll(1);
    await leave(young);
    await addToAll();
    expectAll(1);
  }
});

test('the newer version is written when all nodes have known it for a while, not at once', async () => {
  const { clock, start, addToAll, leave, expectAll } = buildCluster();
  const old = await start('old', OLD);
  await addToAll();
  await start('new-1', NEW);
  await start('new-2', NEW);
  await leave(old);
  await addToAll();
  expectAll(1);

  await clock.advance(RAISE_AFTER_MS + 5_000);
  await addToAll();

  expectAll(2);
});

test('a node whose code is too old for what is written takes no partition, and sets nothing aside', async () => {
  const { clock, store, start, addToAll, leave, expectAll } = buildCluster();
  const young = await start('new', NEW);
  await addToAll();
  expectAll(2);

  const old = await start('old', OLD);
  await addToAll();
  expect(old.held()).toEqual([]);
  expect(young.held()).toHaveLength(PARTITIONS);
  await leave(young);
  await addToAll();

  expect(old.held()).toEqual([]);
  expect(store.rows.deadLetters).toEqual([]);
  await start('new-again', NEW);
  await clock.advance(5_000);
  expectAll(2);
});

test('a node that was taken for dead, and finds a newer version written when it is heard again, hands over', async () => {
  const { clock, heartbeats, start, addToAll, expectAll } = buildCluster();
  const old = await start('old', OLD);
  await start('new', NEW);
  await addToAll();
  heartbeats.carries = (from) => from !== 'old';
  await clock.advance(RAISE_AFTER_MS + 10_000);
  await addToAll();

  heartbeats.carries = () => true;
  await clock.advance(10_000);
  await addToAll();

  expect(old.held()).toEqual([]);
  expectAll(2);
});

test('a newer state is no fault of the message that meets it: it waits for a node that can read it', async () => {
  const { clock, store, start, addToAll, leave, expectAll } = buildCluster();
  const young = await start('new', NEW);
  await addToAll();
  await leave(young);
  // Has not heard yet what is written.
  const blind = await start('old', OLD, { stateVersions: async () => new Map([['counter', 1]]) });
  expect(blind.held()).toHaveLength(PARTITIONS);

  await addToAll();
  expect(store.rows.deadLetters).toEqual([]);
  await leave(blind);
  await start('new-again', NEW);
  await clock.advance(5_000);

  expectAll(2);
});

test('a state of a newer version is refused as such, and one without a way back is not written', () => {
  expect(() => OLD.readState({ count: 1, times: 1 }, 2)).toThrow(NewerState);
  expect(NEW.readState({ n: 3 }, 1)).toEqual({ count: 3, times: 0 });
  expect(NEW.writeState({ count: 3, times: 5 }, 1)).toEqual({ n: 3 });
  expect(NEW.writeState({ count: 3, times: 5 }, 2)).toEqual({ count: 3, times: 5 });
  expect([OLD.oldestVersion, NEW.oldestVersion]).toEqual([1, 1]);
  expect(() => OLD.writeState({ n: 1 }, 0)).toThrow('no migration');
});

test('what is read keeps the order of its keys: an actor that left memory writes the same bytes as one that stayed', () => {
  const text = '{"times":5,"count":3}';

  expect(JSON.stringify(NEW.readState(JSON.parse(text), 2))).toBe(text);
});
