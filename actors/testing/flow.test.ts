import { expect, test } from 'vitest';
import type { Address } from '#protocols/address.ts';
import { Agent, Registry } from '#protocols/agent.ts';
import { Session } from '#protocols/session.ts';
import { Task } from '#protocols/task.ts';
import { ACTOR_KINDS } from '../registry.ts';
import { answerBy, FakeAgent, TENANT } from './fake-agent.ts';
import { World, type WorldOptions } from './world.ts';

const SESSION: Address = { type: 'session', tenant: TENANT, id: 's-1' };
const REGISTRY: Address = { type: 'registry', tenant: TENANT, id: 'agents' };
const CRUD = {
  type: 'create',
  title: 'Notes for everyone',
  initial_prompt: 'Keep notes: create, read, update, delete.',
  template: 'crud',
  workspace: { repo: '/srv/notes' },
};

function makeWorld(agents: readonly FakeAgent[], options: Partial<WorldOptions> = {}): World {
  return new World({ kinds: ACTOR_KINDS, onDeliver: answerBy(agents), ...options });
}

function sessionOf(world: World): Session {
  return Session.parse(world.state(SESSION));
}

function tasksOf(world: World): Task[] {
  return sessionOf(world).tasks.map(({ id }) =>
    Task.parse(world.state({ type: 'task', tenant: TENANT, id })),
  );
}

function registryOf(world: World): Registry {
  return Registry.parse(world.state(REGISTRY));
}

function startCrud(world: World, extra: object = {}): void {
  expect(world.ask(SESSION, { ...CRUD, ...extra }).ok).toBe(true);
  expect(world.ask(SESSION, { type: 'start' }).ok).toBe(true);
}

/** All agents finish all they have until nobody has anything, with time passing between. */
function workOff(world: World, agents: readonly FakeAgent[]): void {
  for (let round = 0; round < 200; round++) {
    const agent = agents.find((one) => one.isListening && one.jobs.length > 0);
    const job = agent?.jobs[0];
    if (agent && job) agent.finish(world, job);
    else if (sessionOf(world).ended_at) return;
    else world.advance(5_000);
  }
}

function expectAtRest(world: World, agents: readonly FakeAgent[]): void {
  expect(registryOf(world).running).toEqual({});
  expect(registryOf(world).waiting).toEqual([]);
  for (const agent of agents) {
    const state = Agent.parse(world.state(agent.address));
    expect(state.assignments).toEqual([]);
    expect(state.inbox).toEqual([]);
    expect(world.timersOf(agent.address)).toEqual([]);
  }
  expect(world.timersOf(SESSION)).toEqual([]);
  for (const { id } of sessionOf(world).tasks) {
    expect(world.timersOf({ type: 'task', tenant: TENANT, id })).toEqual([]);
  }
}

test('a session of five tasks completes: four at once, the last one on the branches of all four', () => {
  const agent = new FakeAgent('AGENT-ONE');
  const world = makeWorld([agent]);
  agent.register(world);

  startCrud(world);
  const atOnce = agent.jobs.map((job) => job.title);
  workOff(world, [agent]);

  const session = sessionOf(world);
  const branches = session.tasks.map((task) => `oio/s-1/${task.id}`);
  expect(atOnce).toEqual(['Implement create', 'Implement read', 'Implement update', 'Implement delete']);
  expect(session.state).toBe('completed');
  expect(session.result).toEqual({ summary: '5 of 5 tasks completed', branches: [branches[4]] });
  expect(agent.taken).toHaveLength(5);
  expect(agent.taken[4]?.merge).toEqual(branches.slice(0, 4));
  expect(Agent.parse(world.state(agent.address))).toMatchObject({ tasks_total: 5, tasks_succeeded: 5 });
  expectAtRest(world, [agent]);
});

test('each change of a session is one event with from, to, reason, who and run', () => {
  const agent = new FakeAgent('AGENT-ONE');
  const world = makeWorld([agent]);
  agent.register(world);

  startCrud(world);
  workOff(world, [agent]);

  const changes = world.events.filter(
    ({ address, name }) => address.type === 'session' && name === 'transitioned',
  );
  expect(changes.map(({ payload }) => payload)).toEqual([
    { from: 'pending', to: 'queued', reason: 'started', who: 'user:anna', run: 0 },
    { from: 'queued', to: 'running', reason: 'started', who: 'scheduler/dev/sessions', run: 1 },
    {
      from: 'running',
      to: 'completed',
      reason: '5 of 5 tasks completed',
      who: `task/dev/${sessionOf(world).tasks[4]?.id}`,
      run: 1,
    },
  ]);
});

test('a session started before any agent is there waits, and begins when one registers', () => {
  const agent = new FakeAgent('AGENT-ONE');
  const world = makeWorld([agent]);
  startCrud(world);
  const waiting = registryOf(world).waiting.length;

  agent.register(world);
  workOff(world, [agent]);

  expect(waiting).toBe(4);
  expect(sessionOf(world).state).toBe('completed');
});

test('an agent with one slot gets one task at a time, and the next with the slot that it gives back', () => {
  const agent = new FakeAgent('AGENT-ONE');
  const world = makeWorld([agent]);
  agent.register(world, { max_concurrent_capacity: 1 });

  startCrud(world);
  const first = agent.jobs.map((job) => job.title);
  const job = agent.jobs[0];
  if (job) agent.finish(world, job);

  expect(first).toEqual(['Implement create']);
  expect(agent.jobs.map((one) => one.title)).toEqual(['Implement read']);
  expect(registryOf(world).waiting).toHaveLength(2);
});

test('when an agent is lost in the middle, its tasks go to another one and the session completes', () => {
  const one = new FakeAgent('AGENT-ONE');
  const two = new FakeAgent('AGENT-TWO');
  const world = makeWorld([one, two]);
  one.register(world);
  startCrud(world);
  const done = one.jobs[0];
  if (done) one.finish(world, done);
  const held = [...one.jobs];
  one.isListening = false;

  world.ask(one.address, { type: 'silent' }, 'system');
  const degraded = sessionOf(world);
  two.register(world);
  workOff(world, [two]);

  expect(degraded.state).toBe('degraded');
  expect(degraded.status_detail).toBe('lease_lost');
  expect(sessionOf(world).state).toBe('completed');
  expect(two.taken).toHaveLength(4);
  expect(
    tasksOf(world).filter((task) => task.attempts.some(({ outcome }) => outcome === 'agent_lost')),
  ).toHaveLength(3);
  const [late] = held;
  expect(late && one.finish(world, late)).toMatchObject({ ok: false, failure: { code: 'STALE_EPOCH' } });
  expectAtRest(world, [two]);
});

test('a failed attempt is tried again after a while on another agent, and the session is degraded until it is', () => {
  const one = new FakeAgent('AGENT-ONE');
  const two = new FakeAgent('AGENT-TWO');
  const world = makeWorld([one, two]);
  one.register(world);
  startCrud(world, { template: 'none' });
  two.register(world);
  const job = one.jobs[0];

  if (job) one.fail(world, job);
  const degraded = sessionOf(world);
  world.advance(2_000);
  const again = sessionOf(world);
  workOff(world, [one, two]);

  expect(degraded).toMatchObject({ state: 'degraded', status_detail: 'retry_backoff' });
  expect(again.state).toBe('running');
  expect(two.taken).toHaveLength(1);
  expect(sessionOf(world).state).toBe('completed');
});

test('a required task that fails for good fails the session: what is open is cancelled, what waits is skipped', () => {
  const agent = new FakeAgent('AGENT-ONE');
  const world = makeWorld([agent]);
  agent.register(world);
  startCrud(world);
  const [job] = agent.jobs;

  if (job) agent.fail(world, job, false);

  const session = sessionOf(world);
  expect(session.state).toBe('failed');
  expect(session.error).toBe('"Implement create" failed: it broke');
  expect(session.tasks.map((task) => task.state)).toEqual([
    'failed',
    'cancelled',
    'cancelled',
    'cancelled',
    'skipped',
  ]);
  expect(agent.jobs).toEqual([]);
  expectAtRest(world, [agent]);
});

test('a task that fails three times fails its session', () => {
  const agent = new FakeAgent('AGENT-ONE');
  const world = makeWorld([agent]);
  agent.register(world);
  startCrud(world, { template: 'none' });

  for (let attempt = 1; attempt <= 3; attempt++) {
    const job = agent.jobs[0];
    if (job) agent.fail(world, job);
    world.advance(60_000);
  }

  expect(agent.taken.map((job) => job.attempt)).toEqual([1, 2, 3]);
  expect(sessionOf(world)).toMatchObject({ state: 'failed', ended_at: expect.any(String) });
  expectAtRest(world, [agent]);
});

test('stopping a session cancels its tasks, tells the agent, and frees its slots', () => {
  const agent = new FakeAgent('AGENT-ONE');
  const world = makeWorld([agent]);
  agent.register(world);
  startCrud(world);

  const reply = world.ask(SESSION, { type: 'stop', reason: 'wrong repository' });

  expect(reply).toMatchObject({ ok: true, value: { state: 'stopped', state_reason: 'wrong repository' } });
  expect(tasksOf(world).map((task) => task.state)).toEqual(Array(5).fill('cancelled'));
  expect(agent.cancelled).toHaveLength(4);
  expectAtRest(world, [agent]);
});

test('a result that comes after the stop is refused, kept as an event, and changes nothing', () => {
  const agent = new FakeAgent('AGENT-ONE');
  const world = makeWorld([agent]);
  agent.register(world);
  startCrud(world);
  const [job] = agent.jobs;
  world.ask(SESSION, { type: 'stop' });
  const before = world.snapshot();

  const reply = job && agent.finish(world, job);

  expect(reply).toMatchObject({ ok: false, failure: { code: 'STALE_EPOCH' } });
  expect(world.snapshot()).toBe(before);
  expect(world.events.at(-1)).toMatchObject({ name: 'late_result', payload: { success: true, attempt: 1 } });
});

test('a session whose time is up ends as timeout and cancels its tasks', () => {
  const agent = new FakeAgent('AGENT-ONE');
  const world = makeWorld([agent]);
  agent.register(world);
  startCrud(world, { max_duration_seconds: 60 });

  world.advance(59_999);
  const before = sessionOf(world).state;
  world.advance(1);

  expect(before).toBe('running');
  expect(sessionOf(world).state).toBe('timeout');
  expect(
    tasksOf(world).every((task) => task.state === 'cancelled' || task.state_reason === 'cancelled'),
  ).toBe(true);
  expectAtRest(world, [agent]);
});

test('an agent that never answers is given up, and the task goes to one that does', () => {
  const deaf = new FakeAgent('AGENT-DEAF');
  const good = new FakeAgent('AGENT-GOOD');
  const world = makeWorld([deaf, good]);
  deaf.isListening = false;
  deaf.register(world);
  startCrud(world, { template: 'none' });
  good.register(world);

  world.advance(300_000);
  workOff(world, [good]);

  expect(good.taken).toHaveLength(1);
  expect(sessionOf(world).state).toBe('completed');
  expect(tasksOf(world)[0]?.attempts.map(({ outcome }) => outcome)).toEqual(['refused', 'completed']);
});

test('a new process adopts what it resumes; the rest of the old one is lost and done again', () => {
  const old = new FakeAgent('AGENT-ONE', 'one');
  const fresh = new FakeAgent('AGENT-ONE', 'two');
  const world = makeWorld([old, fresh]);
  old.register(world);
  startCrud(world);
  const [kept] = old.jobs;
  old.isListening = false;

  const reply = fresh.register(world, {}, kept ? [kept] : []);
  workOff(world, [fresh]);

  expect(reply).toMatchObject({
    ok: true,
    value: { adopt: [{ taskId: kept?.taskId, attempt: 1 }], drop: [] },
  });
  expect(sessionOf(world).state).toBe('completed');
  expect(tasksOf(world).map((task) => task.attempts.length)).toEqual([1, 2, 2, 2, 1]);
  expectAtRest(world, [fresh]);
});

test('messages that arrive in any order between pairs, and twice each, bring every session to its end', () => {
  for (let seed = 1; seed <= 150; seed++) {
    const one = new FakeAgent('AGENT-ONE');
    const two = new FakeAgent('AGENT-TWO');
    const world = makeWorld([one, two], { seed, isDoubling: seed % 2 === 0 });
    one.register(world, { max_concurrent_capacity: 2 });
    two.register(world, { max_concurrent_capacity: 1 });
    startCrud(world);
    if (seed % 3 === 0) {
      one.isListening = false;
      one.jobs.length = 0;
      world.tell(one.address, { type: 'silent' }, { by: 'system' });
    }

    workOff(world, [one, two]);

    expect(sessionOf(world).state, `seed ${seed}`).toBe('completed');
    expect(
      tasksOf(world).map((task) => task.attempts.filter(({ outcome }) => outcome === 'completed').length),
    ).toEqual([1, 1, 1, 1, 1]);
    expect(registryOf(world).running, `seed ${seed}`).toEqual({});
  }
});

test('a stop at any moment leaves no task open, no slot taken and no timer set', () => {
  for (let seed = 1; seed <= 150; seed++) {
    const agent = new FakeAgent('AGENT-ONE');
    const world = makeWorld([agent], { seed });
    agent.register(world);
    world.ask(SESSION, CRUD);
    world.tell(SESSION, { type: 'start' }, { by: 'user:anna' });
    for (let turn = 0; turn < seed % 40; turn++) world.step();

    const isStarted = world.state(SESSION) !== null && sessionOf(world).state === 'running';
    if (!isStarted) world.settle();
    world.ask(SESSION, { type: 'stop' });
    world.advance(300_000);

    expect(sessionOf(world).state, `seed ${seed}`).toBe('stopped');
    const states = tasksOf(world).map((task) => task.state);
    expect(states, `seed ${seed}`).toEqual(Array(5).fill('cancelled'));
    expect(sessionOf(world).tasks.map((task) => task.state)).toEqual(states);
    expectAtRest(world, [agent]);
  }
});

test('the same messages give the same states, byte for byte', () => {
  const run = () => {
    const one = new FakeAgent('AGENT-ONE');
    const two = new FakeAgent('AGENT-TWO');
    const world = makeWorld([one, two], { seed: 7 });
    one.register(world);
    startCrud(world);
    const [job] = one.jobs;
    if (job) one.fail(world, job);
    two.register(world);
    world.ask(one.address, { type: 'silent' }, 'system');
    workOff(world, [two]);
    return { states: world.snapshot(), events: JSON.stringify(world.events) };
  };

  const [first, second] = [run(), run()];

  expect(second).toEqual(first);
  expect(first.states.length).toBeGreaterThan(1_000);
});
