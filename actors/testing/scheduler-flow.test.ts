import { expect, test } from 'vitest';
import type { Address } from '#protocols/address.ts';
import { Registry } from '#protocols/agent.ts';
import { QUOTA_DEFAULT } from '#protocols/quota.ts';
import { Scheduler } from '#protocols/scheduler.ts';
import { Session } from '#protocols/session.ts';
import { SYSTEM_SCHEDULER, SystemScheduler } from '#protocols/system-scheduler.ts';
import { ACTOR_KINDS } from '../registry.ts';
import { answerBy, FakeAgent, TENANT } from './fake-agent.ts';
import { makeRandom } from './scheduling.ts';
import { World, type WorldOptions } from './world.ts';

const SCHEDULER: Address = { type: 'scheduler', tenant: TENANT, id: 'sessions' };
const DRAFT = { type: 'create', title: 'Keep notes', initial_prompt: 'Keep notes.', template: 'none' };

function makeWorld(agent: FakeAgent, options: Partial<WorldOptions> = {}): World {
  const world = new World({ kinds: ACTOR_KINDS, onDeliver: answerBy([agent]), ...options });
  agent.register(world, { max_concurrent_capacity: 20 });
  return world;
}

const address = (id: string): Address => ({ type: 'session', tenant: TENANT, id });
const sessionOf = (world: World, id: string) => Session.parse(world.state(address(id)));
const schedulerOf = (world: World) => Scheduler.parse(world.state(SCHEDULER));

function setQuota(world: World, change: object): void {
  const quota = { ...QUOTA_DEFAULT, ...change };
  expect(world.ask(SCHEDULER, { type: 'set_quota', quota }).ok).toBe(true);
}

function start(world: World, id: string, draft: object = {}): void {
  expect(world.ask(address(id), { ...DRAFT, ...draft }).ok).toBe(true);
  expect(world.ask(address(id), { type: 'start' })).toMatchObject({ ok: true, value: { state: 'queued' } });
}

function finishFirst(world: World, agent: FakeAgent): void {
  const [job] = agent.jobs;
  if (job) expect(agent.finish(world, job).ok).toBe(true);
}

test('a session that may start at once is running before any time has passed', () => {
  const world = makeWorld(new FakeAgent('AGENT-ONE'));

  start(world, 's-1');

  expect(sessionOf(world, 's-1')).toMatchObject({ state: 'running', queued_ms: 0 });
});

test('of two sessions with the same key the second begins when the first has ended, in the same moment', () => {
  const agent = new FakeAgent('AGENT-ONE');
  const world = makeWorld(agent);
  const keys = { concurrency_keys: ['deploy/prod'] };

  start(world, 's-1', keys);
  start(world, 's-2', keys);
  start(world, 's-3');
  const before = ['s-1', 's-2', 's-3'].map((id) => sessionOf(world, id).state);
  world.advance(90_000);
  finishFirst(world, agent);

  expect(before).toEqual(['running', 'queued', 'running']);
  expect(sessionOf(world, 's-1').state).toBe('completed');
  expect(sessionOf(world, 's-2')).toMatchObject({ state: 'running', queued_ms: 90_000 });
});

test('the eleventh session of a tenant without a quota waits, and a pause lets it in', () => {
  const world = makeWorld(new FakeAgent('AGENT-ONE'));
  for (let count = 1; count <= 11; count++) start(world, `s-${count}`);
  const before = sessionOf(world, 's-11').state;

  world.ask(address('s-4'), { type: 'pause' });
  const after = sessionOf(world, 's-11').state;
  world.ask(address('s-4'), { type: 'resume' });

  expect([before, after]).toEqual(['queued', 'running']);
  expect(sessionOf(world, 's-4').state).toBe('queued');
});

test('quotas of agents and of tasks at once are kept by the registry, which hears them from the scheduler', () => {
  const agent = new FakeAgent('AGENT-ONE');
  const world = makeWorld(agent);
  setQuota(world, { agents: 1, tasks_running: 2 });
  for (const id of ['s-1', 's-2', 's-3']) start(world, id);
  const atOnce = agent.jobs.length;

  setQuota(world, { agents: 1 });
  const registry = Registry.parse(world.state({ type: 'registry', tenant: TENANT, id: 'agents' }));

  expect([atOnce, agent.jobs.length]).toEqual([2, 3]);
  expect(registry).toMatchObject({ agents_max: 1, tasks_max: 3_000 });
  expect(new FakeAgent('AGENT-TWO').register(world)).toMatchObject({ ok: true });
  expect(Registry.parse(world.state({ type: 'registry', tenant: TENANT, id: 'agents' })).agents).toHaveLength(
    1,
  );
});

test('a session that waits too long times out, though all slots are taken, and one that runs does not', () => {
  const world = makeWorld(new FakeAgent('AGENT-ONE'));
  setQuota(world, { sessions_running: 1 });
  start(world, 's-1', { max_queue_seconds: 5 });
  start(world, 's-2', { max_queue_seconds: 5 });

  world.advance(5_000);

  expect(['s-1', 's-2'].map((id) => sessionOf(world, id).state)).toEqual(['running', 'timeout']);
  expect(schedulerOf(world).waiting).toEqual([]);
});

test('a session that is lost without a word frees its slot for the next one', () => {
  const agent = new FakeAgent('AGENT-ONE');
  // Its actor is not there any more: as if each of its turns threw.
  const lost = ACTOR_KINDS.map((kind) =>
    kind.type !== 'session'
      ? kind
      : {
          ...kind,
          handle: (...[state, message, context]: Parameters<typeof kind.handle>) =>
            context.self.id === 's-1' && ['slot_check', 'slot_lost'].includes(message.type)
              ? { state, effects: [] }
              : kind.handle(state, message, context),
        },
  );
  const world = makeWorld(agent, { kinds: lost });
  setQuota(world, { sessions_running: 1 });
  start(world, 's-1', { max_duration_seconds: 86_400 });
  start(world, 's-2');

  world.advance(10 * 60_000);

  expect(sessionOf(world, 's-2').state).toBe('running');
  expect(Object.keys(schedulerOf(world).running)).toEqual(['s-2']);
});

test('a capacity of all tenants is kept, and goes to the other tenant by turns', () => {
  const world = makeWorld(new FakeAgent('AGENT-ONE'));
  world.ask(SYSTEM_SCHEDULER, { type: 'set_capacity', capacity: { sessions_running: 2, weights: {} } });
  const other = (id: string): Address => ({ ...address(id), tenant: 'other' });
  for (const id of ['s-1', 's-2', 's-3']) start(world, id);
  for (const id of ['o-1', 'o-2']) {
    world.ask(other(id), DRAFT);
    world.ask(other(id), { type: 'start' });
  }
  const states = () => [
    ...['s-1', 's-2', 's-3'].map((id) => sessionOf(world, id).state),
    ...['o-1', 'o-2'].map((id) => Session.parse(world.state(other(id))).state),
  ];
  const before = states();

  world.ask(address('s-1'), { type: 'stop' });
  const after = states();
  world.ask(SYSTEM_SCHEDULER, { type: 'set_capacity', capacity: { sessions_running: null, weights: {} } });

  expect(before).toEqual(['running', 'running', 'queued', 'queued', 'queued']);
  expect(after).toEqual(['stopped', 'running', 'queued', 'running', 'queued']);
  expect(states()).toEqual(['stopped', 'running', 'running', 'running', 'running']);
});

test('acts at any moment, messages crossed and doubled: who runs and who waits is what the sessions say', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const agent = new FakeAgent('AGENT-ONE');
    const world = makeWorld(agent, { seed, isDoubling: seed % 2 === 0 });
    const random = makeRandom(seed);
    setQuota(world, { sessions_running: 2 });
    const isMetered = seed % 3 === 0;
    if (isMetered) {
      world.ask(SYSTEM_SCHEDULER, { type: 'set_capacity', capacity: { sessions_running: 1, weights: {} } });
    }
    const ids = ['s-1', 's-2', 's-3', 's-4', 's-5'];
    for (const [index, id] of ids.entries()) {
      world.ask(address(id), { ...DRAFT, concurrency_keys: index % 2 === 0 ? ['even'] : [] });
    }
    const acts = ['start', 'start', 'pause', 'resume', 'stop', 'cancel', 'retry'];
    for (let turn = 0; turn < 40; turn++) {
      const id = ids[Math.floor(random() * ids.length)] ?? 's-1';
      const type = acts[Math.floor(random() * acts.length)] ?? 'start';
      world.tell(address(id), { type }, { by: 'user:anna', onReply: () => undefined });
      for (let step = 0; step < seed % 11; step++) world.step();
    }
    world.settle();

    const states = ids.map((id) => [id, sessionOf(world, id).state] as const);
    const idsIn = (...wanted: string[]) =>
      states.filter(([, state]) => wanted.includes(state)).map(([id]) => id);
    const { running, waiting } = schedulerOf(world);
    expect(Object.keys(running).toSorted(), `seed ${seed}`).toEqual(idsIn('running', 'degraded'));
    expect(waiting.map(({ session_id }) => session_id).toSorted(), `seed ${seed}`).toEqual(idsIn('queued'));
    expect(Object.keys(running).length).toBeLessThanOrEqual(isMetered ? 1 : 2);
    if (isMetered) {
      const told = SystemScheduler.parse(world.state(SYSTEM_SCHEDULER)).tenants[TENANT];
      expect(told, `seed ${seed}`).toMatchObject({ in_use: Object.keys(running).length });
      expect(told?.granted).toBe(told?.known);
    }
  }
});
