import { expect, test } from 'vitest';
import type { Address } from '#protocols/address.ts';
import { Registry } from '#protocols/agent.ts';
import { Checkpoint, checkpointId } from '#protocols/checkpoint.ts';
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
const COMPLETED = Array(5).fill('completed');

function makeWorld(agents: readonly FakeAgent[], options: Partial<WorldOptions> = {}): World {
  return new World({ kinds: ACTOR_KINDS, onDeliver: answerBy(agents), ...options });
}

function sessionOf(world: World, id = 's-1'): Session {
  return Session.parse(world.state({ ...SESSION, id }));
}

function taskStates(world: World): string[] {
  return sessionOf(world).tasks.map(({ id }) => {
    return Task.parse(world.state({ type: 'task', tenant: TENANT, id })).state;
  });
}

function finishNext(world: World, agent: FakeAgent): void {
  const [job] = agent.jobs;
  if (job) expect(agent.finish(world, job).ok).toBe(true);
}

/** The agent finishes all it has until the session is over, with time passing between. */
function workOff(world: World, agent: FakeAgent): void {
  for (let round = 0; round < 200; round++) {
    if (agent.jobs.length > 0) finishNext(world, agent);
    else if (sessionOf(world).ended_at) return;
    else world.advance(5_000);
  }
}

function startWith(agent: FakeAgent, options: Partial<WorldOptions> = {}, slots = 5): World {
  const world = makeWorld([agent], options);
  agent.register(world, { max_concurrent_capacity: slots });
  world.ask(SESSION, CRUD);
  expect(world.ask(SESSION, { type: 'start' }).ok).toBe(true);
  return world;
}

test('while a session is paused its agent ends what it has and gets nothing more, and then all the rest', () => {
  const agent = new FakeAgent('AGENT-ONE');
  const world = startWith(agent, {}, 2);
  const before = agent.taken.length;

  world.ask(SESSION, { type: 'pause' });
  const queued = Registry.parse(world.state(REGISTRY)).waiting;
  const states = taskStates(world);
  finishNext(world, agent);
  finishNext(world, agent);
  world.advance(600_000);
  const during = agent.taken.length;
  world.ask(SESSION, { type: 'resume' });
  workOff(world, agent);

  expect([before, during, agent.taken.length]).toEqual([2, 2, 5]);
  expect(queued).toEqual([]);
  expect(states).toEqual(['in_progress', 'in_progress', 'blocked', 'blocked', 'pending']);
  expect(sessionOf(world).state).toBe('completed');
  expect(taskStates(world)).toEqual(COMPLETED);
});

test('a retried session does what is left and nothing twice; its checkpoints are rows of their own', () => {
  const agent = new FakeAgent('AGENT-ONE');
  const world = startWith(agent);
  finishNext(world, agent);
  const [job] = agent.jobs;
  if (job) agent.fail(world, job, false);
  const failed = sessionOf(world);

  world.ask(SESSION, { type: 'retry' });
  const again = agent.jobs.map(({ title, attempt }) => `${title} ${attempt}`);
  workOff(world, agent);

  const session = sessionOf(world);
  expect(failed.state).toBe('failed');
  expect(again).toEqual(['Implement read 2', 'Implement update 2', 'Implement delete 2']);
  expect(session).toMatchObject({ state: 'completed', run: 2, retry_count: 1, checkpoint_count: 5 });
  const row = { type: 'checkpoint', tenant: TENANT, id: checkpointId('s-1', 5) };
  expect(Checkpoint.parse(world.state(row)).data).toMatchObject({ run: 2, tasks_completed: 5 });
  expect(world.timersOf(SESSION)).toEqual([]);
});

test('a session gone back to a checkpoint does again what was done since, and completes', () => {
  const agent = new FakeAgent('AGENT-ONE');
  const world = startWith(agent);
  finishNext(world, agent);
  finishNext(world, agent);
  const [late] = agent.jobs;
  const row = { type: 'checkpoint', tenant: TENANT, id: checkpointId('s-1', 1) };
  const { sequence, data } = Checkpoint.parse(world.state(row));

  world.ask(SESSION, { type: 'pause' });
  world.ask(SESSION, { type: 'restore', sequence, tasks: data.tasks });
  const put = taskStates(world);
  const refused = late && agent.finish(world, late);
  world.ask(SESSION, { type: 'resume' });
  workOff(world, agent);

  expect(put).toEqual(['completed', 'pending', 'pending', 'pending', 'pending']);
  expect(refused).toMatchObject({ ok: false, failure: { code: 'STALE_EPOCH' } });
  expect(sessionOf(world)).toMatchObject({ state: 'completed', run: 2 });
  expect(taskStates(world)).toEqual(COMPLETED);
});

test('a paused session of which nothing is open any more is over', () => {
  const agent = new FakeAgent('AGENT-ONE');
  const world = makeWorld([agent]);
  agent.register(world);
  world.ask(SESSION, { ...CRUD, template: 'none' });
  world.ask(SESSION, { type: 'start' });
  world.ask(SESSION, { type: 'pause' });

  finishNext(world, agent);

  expect(sessionOf(world).state).toBe('completed');
});

test('a child goes the way of its parent by its policy, through all generations, and is adopted', () => {
  const agent = new FakeAgent('AGENT-ONE');
  const world = startWith(agent);
  const child = (id: string, parent_id: string, on_parent_end: string) => {
    world.ask({ ...SESSION, id }, { ...CRUD, parent_id, on_parent_end });
    world.ask({ ...SESSION, id }, { type: 'start' });
  };
  child('orphan', 's-1', 'orphan');
  child('ended', 's-1', 'cancel');
  child('grandchild', 'orphan', 'cancel');
  child('lost', 'nobody', 'orphan');
  const { child_ids } = sessionOf(world);

  world.ask(SESSION, { type: 'stop' });
  const states = ['orphan', 'ended', 'grandchild'].map((id) => sessionOf(world, id).state);
  world.ask({ ...SESSION, id: 'orphan' }, { type: 'adopt', parent_id: null });
  const adopted = sessionOf(world, 'orphan').state;
  world.ask({ ...SESSION, id: 'grandchild' }, { type: 'retry' });

  expect(child_ids).toEqual(['orphan', 'ended']);
  expect(states).toEqual(['orphaned', 'stopped', 'stopped']);
  expect(adopted).toBe('running');
  expect(sessionOf(world, 'lost').warnings).toEqual([
    'it has no parent to go with: there is no such parent session',
  ]);
  expect(sessionOf(world, 'orphan').child_ids).toEqual(['grandchild']);
});

test('pauses, stops and retries at any moment, with messages crossed and doubled, end in a completed session', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const agent = new FakeAgent('AGENT-ONE');
    const world = makeWorld([agent], { seed, isDoubling: seed % 2 === 0 });
    agent.register(world, { max_concurrent_capacity: 1 + (seed % 4) });
    world.ask(SESSION, CRUD);
    world.ask(SESSION, { type: 'start' });
    const acts = [
      ['pause', 'resume'],
      ['stop', 'retry'],
      ['pause', 'stop', 'retry'],
      ['stop', 'retry', 'pause', 'resume'],
    ];
    if (seed % 5 === 0) finishNext(world, agent);

    for (const type of acts[seed % acts.length] ?? []) {
      let isAnswered = false;
      world.tell(SESSION, { type }, { by: 'user:anna', onReply: () => (isAnswered = true) });
      while (!isAnswered) world.step();
      for (let turn = 0; turn < seed % 23; turn++) world.step();
    }
    world.settle();
    workOff(world, agent);

    expect(sessionOf(world).state, `seed ${seed}`).toBe('completed');
    expect(taskStates(world), `seed ${seed}`).toEqual(COMPLETED);
    expect(Registry.parse(world.state(REGISTRY)).running, `seed ${seed}`).toEqual({});
    expect(world.timersOf(SESSION)).toEqual([]);
  }
});

test('a restore at any moment, with messages crossed and doubled, ends in a completed session', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const agent = new FakeAgent('AGENT-ONE');
    const world = makeWorld([agent], { seed, isDoubling: seed % 2 === 0 });
    agent.register(world, { max_concurrent_capacity: 1 + (seed % 4) });
    world.ask(SESSION, CRUD);
    world.ask(SESSION, { type: 'start' });
    finishNext(world, agent);
    if (seed % 3 === 0) finishNext(world, agent);
    const first = Checkpoint.parse(
      world.state({ type: 'checkpoint', tenant: TENANT, id: checkpointId('s-1', 1) }),
    );
    const restore = { type: 'restore', sequence: 1, tasks: seed % 5 === 0 ? [] : first.data.tasks };
    const acts = [{ type: 'pause' }, restore, { type: 'resume' }];

    for (const message of acts) {
      let isAnswered = false;
      world.tell(SESSION, message, { by: 'user:anna', onReply: () => (isAnswered = true) });
      while (!isAnswered) world.step();
      for (let turn = 0; turn < seed % 23; turn++) world.step();
    }
    world.settle();
    workOff(world, agent);

    expect(sessionOf(world), `seed ${seed}`).toMatchObject({ state: 'completed', run: 2 });
    expect(taskStates(world), `seed ${seed}`).toEqual(COMPLETED);
    expect(Registry.parse(world.state(REGISTRY)).running, `seed ${seed}`).toEqual({});
  }
});
