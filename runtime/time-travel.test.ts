/** A node in the simulated world, and its actors folded again from what it recorded. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ActorKind } from '#protocols/actor.ts';
import { formatAddress } from '#protocols/address.ts';
import { scheduleEvery } from '#protocols/effects.ts';
import { type Envelope, encodeEnvelope, type Message } from '#protocols/envelope.ts';
import { FORK } from '#protocols/fork.ts';
import { checkFold } from './fold-check.ts';
import { buildFolding } from './folding.ts';
import { KEEPING } from './keeping.ts';
import { buildLogger } from './logger.ts';
import { buildMetrics } from './metrics.ts';
import { RuntimeNode } from './node.ts';
import { NODE_SETTINGS } from './node-options.ts';
import { VirtualClock } from './testing/clock.ts';
import { COUNTER } from './testing/counter.ts';
import { command, counterAddress, effect } from './testing/envelopes.ts';
import { type EventLoopWatch, watchEventLoop } from './testing/event-loop.ts';
import { takeInPlace } from './testing/isolation.ts';
import { MemoryLog } from './testing/log.ts';
import { HeartbeatNetwork, MemoryMembership } from './testing/membership.ts';
import { MemoryRemote, RemoteNetwork } from './testing/remote.ts';
import { MemoryStore } from './testing/store.ts';
import { digestOf, type Point, TimeTravel } from './time-travel.ts';

const metrics = buildMetrics();
const ADDRESS = counterAddress('one');
const CODE = 'memory';
let loop: EventLoopWatch;

beforeEach(() => {
  loop = watchEventLoop();
});
afterEach(() => loop.stop());

function build(kind: ActorKind = COUNTER) {
  const clock = new VirtualClock({ idle: () => loop.idle() });
  const store = new MemoryStore({ clock, partitionCount: 1 });
  const log = new MemoryLog(clock);
  const node = new RuntimeNode({
    takeAlone: takeInPlace,
    id: 'node',
    partitionCount: 1,
    kinds: [kind],
    store,
    log,
    membership: new MemoryMembership(new HeartbeatNetwork(), clock),
    remote: new MemoryRemote(new RemoteNetwork()),
    clock,
    logger: buildLogger({ level: 'silent', role: 'test' }),
    metrics,
    settings: NODE_SETTINGS,
  });
  const ports = {
    past: store.past,
    log,
    kinds: new Map([[kind.type, kind]]),
    partitionCount: 1,
    messagesMax: 10_000,
  };
  const travel = new TimeTravel(ports);
  let told = 0;
  const publish = (envelope: Envelope, lane = 'mbx') =>
    log.publish({ subject: `${lane}.0`, id: `${envelope.id}~${told++}`, bytes: encodeEnvelope(envelope) });
  const tell = (message: Message, key = `k${told}`) => publish(command('one', message, key));
  return {
    clock,
    store,
    log,
    travel,
    publish,
    tell,
    node,
    start: async () => {
      void node.start();
      await clock.advance(2_000);
    },
    check: (address = ADDRESS) => checkFold({ ...ports, code: CODE }, address),
    at: async (point: Point) => {
      const found = await travel.at(ADDRESS, point);
      if (!found.ok) return found.failure.code;
      return found.value.cell.state;
    },
  };
}

const count = (value: number) => ({ count: value, seen: [] });

test('an actor is shown as it was at a version, at a message, at a time and now', async () => {
  const { clock, tell, start, at } = build();
  await start();
  await tell({ type: 'add', by: 1 }, 'first');
  await clock.advance(1_000);
  const betweenMs = clock.now();
  await clock.advance(1_000);
  await tell({ type: 'add', by: 10 }, 'second');
  await clock.advance(1_000);

  expect(await at({ type: 'version', version: 1 })).toEqual(count(1));
  expect(await at({ type: 'message', id: 'command-first' })).toEqual(count(1));
  expect(await at({ type: 'message', id: 'command-second' })).toEqual(count(11));
  expect(await at({ type: 'time', atMs: betweenMs })).toEqual(count(1));
  expect(await at({ type: 'now' })).toEqual(count(11));
  expect(await at({ type: 'version', version: 3 })).toBe('NOT_FOUND');
  expect(await at({ type: 'message', id: 'command-third' })).toBe('NOT_FOUND');
});

test('each step of the history has its message, its effects and the digest of the state after it', async () => {
  const { clock, tell, start, travel } = build();
  await start();
  await tell({ type: 'add', by: 1 });
  await tell({ type: 'note', text: 'x' });
  await clock.advance(1_000);

  const found = await travel.history(ADDRESS, { from: null, limit: 10 });

  const steps = found.ok ? found.value.steps : [];
  expect(steps.map((step) => step.envelope.message)).toEqual([
    { type: 'add', by: 1 },
    { type: 'note', text: 'x' },
  ]);
  expect(steps[0]?.outcome.effects).toContainEqual({
    type: 'emit',
    name: 'added',
    payload: { by: 1, count: 1 },
  });
  expect(steps.map((step) => [step.cell.version, digestOf(step.cell.state)])).toEqual([
    [1, digestOf(count(1))],
    [2, digestOf({ count: 1, seen: ['x'] })],
  ]);
});

test('the history comes in pages that follow each other without a gap', async () => {
  const { clock, tell, start, travel } = build();
  await start();
  for (let round = 0; round < 5; round++) {
    await tell({ type: 'add', by: 1 });
    await tell({ type: 'add', by: 1 });
    await clock.advance(500);
  }
  const versions: number[] = [];
  let from: { batch: number; index: number } | null = null;

  do {
    const page = await travel.history(ADDRESS, { from, limit: 3 });
    if (!page.ok) throw new Error(page.failure.detail);
    versions.push(...page.value.steps.map((step) => step.cell.version));
    from = page.value.next;
  } while (from);

  expect(versions).toEqual(Array.from({ length: 10 }, (_, index) => index + 1));
});

test('repeats, effects applied before, gaps and dead letters are no turns the second time either', async () => {
  const { clock, publish, tell, start, check, at } = build();
  await start();
  await tell({ type: 'add', by: 1 }, 'same');
  await tell({ type: 'add', by: 1 }, 'same');
  await publish(effect('one', { type: 'add', by: 10 }, { partition: 0, n: 1 }));
  await publish(effect('one', { type: 'add', by: 10 }, { partition: 0, n: 1 }));
  await publish(effect('one', { type: 'add', by: 100 }, { partition: 0, n: 3 }));
  await tell({ type: 'throw' });
  await tell({ type: 'add', by: 1_000 });
  await clock.advance(1_000);

  expect(await at({ type: 'now' })).toEqual(count(1_011));
  expect(await check()).toEqual({ type: 'equal', turns: 3 });
});

test('both lanes are folded in the order in which they were taken', async () => {
  const { clock, publish, tell, start, check, travel } = build();
  await start();
  for (let round = 0; round < 20; round++) {
    await tell({ type: 'note', text: `data ${round}` });
    if (round % 3 === 0) {
      await publish(command('one', { type: 'urgent', text: `control ${round}` }, `u${round}`), 'ctl');
    }
    if (round % 4 === 0) await clock.advance(5);
  }
  await clock.advance(1_000);

  expect(await check()).toEqual({ type: 'equal', turns: 27 });
  const found = await travel.history(ADDRESS, { from: null, limit: 100 });
  const lanes = found.ok ? found.value.steps.map((step) => step.place.lane) : [];
  expect(lanes.lastIndexOf('control')).toBeGreaterThan(lanes.indexOf('data'));
});

test('a fold begins at the newest kept state before the point, and every one of them is folded to as well', async () => {
  const { clock, store, tell, start, check, at } = build();
  await start();
  for (let round = 0; round < 2 * KEEPING.versions + 10; round++) await tell({ type: 'add', by: 1 });
  await clock.advance(5_000);

  const { bases } = await store.past.find(ADDRESS, 0);

  expect(bases.map(({ version }) => version)).toContain(0);
  expect(bases.length).toBeGreaterThan(1);
  expect(await check()).toEqual({ type: 'equal', turns: 2 * KEEPING.versions + 10 });
  expect(await at({ type: 'version', version: KEEPING.versions + 3 })).toEqual(count(KEEPING.versions + 3));
});

test('the first change in each span is kept, so a fold is possible when the beginning is trimmed', async () => {
  const { clock, store, log, tell, start, check, at } = build();
  await start();
  await tell({ type: 'add', by: 1 });
  await clock.advance(KEEPING.spanMs);
  await tell({ type: 'add', by: 10 });
  await clock.advance(1_000);
  await tell({ type: 'add', by: 100 });
  await clock.advance(1_000);
  const [kept] = (await store.past.find(ADDRESS, 0)).bases.filter(({ version }) => version === 2);
  const [record] = await store.past.batches(0, { after: (kept?.batch ?? 0) - 1, before: 100, limit: 1 });

  await store.past.trim(0, (kept?.batch ?? 0) + 1);
  await log.trim('data', 0, record?.data.to ?? 0);

  expect(await at({ type: 'version', version: 1 })).toBe('POINT_NOT_KEPT');
  expect(await at({ type: 'version', version: 2 })).toEqual(count(11));
  expect(await at({ type: 'version', version: 3 })).toEqual(count(111));
  expect(await at({ type: 'time', atMs: 0 })).toBe('POINT_NOT_KEPT');
  expect(await check()).toEqual({ type: 'equal', turns: 1 });
});

test('a log that lost messages, or holds others in their place, is not folded as if it were the same', async () => {
  const { clock, log, tell, start, check, at } = build();
  await start();
  await tell({ type: 'add', by: 1 });
  await tell({ type: 'add', by: 10 });
  await clock.advance(1_000);

  log.loseTail('MAILBOX', 1);
  expect(await at({ type: 'message', id: 'any' })).toBe('POINT_NOT_KEPT');
  await tell({ type: 'add', by: 1_000 }, 'another');

  expect(await check()).toMatchObject({ type: 'not_kept' });
  expect(await at({ type: 'message', id: 'command-another' })).toBe('POINT_NOT_KEPT');
  // What was taken before the loss is there as it was.
  expect(await at({ type: 'version', version: 1 })).toEqual(count(1));
});

test('what is stored and is not the fold is found, and so is a handler that decides otherwise the second time', async () => {
  const { clock, store, tell, start, check } = build();
  await start();
  await tell({ type: 'add', by: 1 });
  await tell({ type: 'add', by: 1 });
  await clock.advance(1_000);
  const [stored] = store.rows.actors;
  if (!stored) throw new Error('nothing is stored');

  store.applyActors({
    partition: 0,
    snapshots: [{ ...stored, state: '{"count":3,"seen":[]}' }],
    removed: [],
    replies: [],
  });
  expect(await check()).toMatchObject({ type: 'different' });

  store.applyActors({
    partition: 0,
    snapshots: [{ ...stored, state: '{"seen":[],"count":2}' }],
    removed: [],
    replies: [],
  });
  expect(await check()).toMatchObject({ type: 'different' });

  store.applyActors({ partition: 0, snapshots: [stored], removed: [], replies: [] });
  expect(await check()).toMatchObject({ type: 'equal' });
});

test('the running check counts what it found, and says aloud when a state is not the fold of its log', async () => {
  const { clock, store, log, tell, start } = build();
  await start();
  await tell({ type: 'add', by: 1 });
  await clock.advance(1_000);
  const said: unknown[] = [];
  const logger = buildLogger({ level: 'silent', role: 'test' });
  logger.error = (fields: unknown) => said.push(fields);
  const host = { past: store.past, log, kinds: [COUNTER], partitionCount: 1, code: CODE, logger, metrics };
  const folding = buildFolding({ ...host, held: () => [0] });
  metrics.foldChecks.reset();

  await folding.checkFolds();
  expect(said).toEqual([]);
  const [stored] = store.rows.actors;
  if (!stored) throw new Error('nothing is stored');
  const changed = [{ ...stored, state: '{"count":3,"seen":[]}' }];
  store.applyActors({ partition: 0, snapshots: changed, removed: [], replies: [] });
  await folding.checkFolds();

  expect(said).toMatchObject([{ address: 'counter/test/one', type: 'different' }]);
  const { values } = await metrics.foldChecks.get();
  expect(values.map(({ labels, value }) => [labels.result, value])).toEqual([
    ['equal', 1],
    ['different', 1],
  ]);
});

test('a fork begins with the state of the point as a first turn of its own, and is the fold of its log', async () => {
  const { clock, store, tell, start, publish, travel, check } = build();
  await start();
  await tell({ type: 'add', by: 1 });
  await tell({ type: 'add_later', afterMs: 60_000, by: 5 });
  await clock.advance(500);
  const found = await travel.at(ADDRESS, { type: 'version', version: 2 });
  if (!found.ok) throw new Error(found.failure.detail);
  const { cell, step } = found.value;
  const message = {
    type: FORK,
    from: formatAddress(ADDRESS),
    version: cell.version,
    message_id: step?.envelope.id ?? null,
    state_version: COUNTER.stateVersion,
    state: cell.state,
  };

  await publish(command('two', message, 'fork'));
  await publish(command('two', { type: 'add', by: 10 }, 'after'));
  await publish(command('one', message, 'onto-existing'));
  await clock.advance(1_000);

  const [forked] = await store.load([counterAddress('two')]);
  expect(forked).toMatchObject({ version: 2, state: count(11), timers: {} });
  expect(await check(counterAddress('two'))).toEqual({ type: 'equal', turns: 2 });
  expect(await check()).toMatchObject({ type: 'equal' });
  const past = await store.past.find(counterAddress('two'), 0);
  expect(past.forkedFrom).toEqual({ id: 'one', version: 2, messageId: step?.envelope.id, by: 'user:test' });
  const [refused] = await store.findReplies([{ tenant: 'test', key: 'onto-existing' }]);
  expect(refused?.reply).toMatchObject({ ok: false, failure: { code: 'NAME_TAKEN' } });
});

test('a kind that says nothing of forks is not forked, and another actor can not send one', async () => {
  const { clock, store, start, publish } = build({ ...COUNTER, fork: null });
  const message = {
    type: FORK,
    from: 'counter/test/x',
    version: 1,
    message_id: null,
    state_version: 1,
    state: count(9),
  };
  await start();

  await publish(command('two', message, 'fork'));
  await publish(effect('three', message, { partition: 0, n: 1 }));
  await clock.advance(1_000);

  expect(store.rows.actors).toEqual([]);
  const [refused] = await store.findReplies([{ tenant: 'test', key: 'fork' }]);
  expect(refused?.reply).toMatchObject({ ok: false, failure: { code: 'UNSUPPORTED' } });
  expect(store.rows.deadLetters).toMatchObject([{ reason: 'invalid_message' }]);
});

test('a repeating timer whose handler throws is folded as it went on, though its message is a dead letter', async () => {
  const kind: ActorKind = {
    ...COUNTER,
    handle(state, message, context) {
      if (message.type === 'tick') throw new Error('on purpose');
      const turn = COUNTER.handle(state, message, context);
      const beat = scheduleEvery('beat', { everyMs: 1_000 }, { type: 'tick' });
      return 'code' in turn ? turn : { ...turn, effects: [...turn.effects, beat] };
    },
  };
  const { clock, store, tell, publish, start, check } = build(kind);
  await start();
  await tell({ type: 'add', by: 1 });
  await clock.advance(1_500);
  const [timer] = store.rows.timers;
  const source = { kind: 'timer', key: 'beat', generation: timer?.generation ?? 0 } as const;
  await publish({ ...command('one', { type: 'tick' }), source });
  await clock.advance(1_000);

  expect(store.rows.deadLetters).toMatchObject([{ reason: 'defect' }]);
  expect(store.rows.timers[0]?.generation).not.toBe(timer?.generation);
  expect(await check()).toEqual({ type: 'equal', turns: 2 });
});
