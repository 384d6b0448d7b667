/** Branches of a session brought together, over the real session, tasks, agents and registry. */
import { expect, test } from 'vitest';
import type { Address } from '#protocols/address.ts';
import { Session } from '#protocols/session.ts';
import { Task } from '#protocols/task.ts';
import { ACTOR_KINDS } from '../registry.ts';
import { answerBy, FakeAgent, type Job, TENANT } from './fake-agent.ts';
import { World } from './world.ts';

const SESSION: Address = { type: 'session', tenant: TENANT, id: 's-1' };
const MERGE = 'Integrate the branches into one';
const PLAN = [
  { key: 'one', title: 'Implement one' },
  { key: 'two', title: 'Implement two' },
];

function start(fields: Record<string, unknown>, card = {}): { world: World; agent: FakeAgent } {
  const agent = new FakeAgent('AGENT-ONE');
  const world = new World({ kinds: ACTOR_KINDS, onDeliver: answerBy([agent]) });
  agent.register(world, { max_concurrent_capacity: 5, ...card });
  const draft = { type: 'create', title: 'Notes for everyone', initial_prompt: 'Keep notes.' };
  world.ask(SESSION, { ...draft, workspace: { repo: '/srv/notes' }, ...fields });
  expect(world.ask(SESSION, { type: 'start' }).ok).toBe(true);
  return { world, agent };
}

/** Two tasks beside each other, of which a third may go on. */
function startTwo(third?: string) {
  const after = [{ key: 'one' }, { key: 'two' }];
  const plan = third === undefined ? PLAN : [...PLAN, { key: 'three', title: third, after }];
  return start({ plan, blueprint: 'two@1' });
}

function sessionOf(world: World): Session {
  return Session.parse(world.state(SESSION));
}

function taskOf(world: World, id: string): Task {
  return Task.parse(world.state({ type: 'task', tenant: TENANT, id }));
}

function jobOf(agent: FakeAgent, title: string | RegExp): Job {
  const job = agent.jobs.find((one) =>
    typeof title === 'string' ? one.title === title : title.test(one.title),
  );
  if (!job) throw new Error(`nobody was given ${title}: ${agent.jobs.map((one) => one.title).join(', ')}`);
  return job;
}

function finish(world: World, agent: FakeAgent, title: string | RegExp): Job {
  const job = jobOf(agent, title);
  expect(agent.finish(world, job).ok).toBe(true);
  return job;
}

function conflict(world: World, agent: FakeAgent, title: string | RegExp): Job {
  const job = jobOf(agent, title);
  const message = 'the branches do not merge: src/notes.js';
  agent.report(world, job, {
    success: false,
    summary: message,
    commit: null,
    changes: null,
    error: { code: 'MERGE_CONFLICT', message, retryable: false },
  });
  return job;
}

test('a session whose work ends in several branches ends in one: a last task merges them in the order of the plan', () => {
  const { world, agent } = startTwo();
  const two = finish(world, agent, 'Implement two');
  const one = finish(world, agent, 'Implement one');
  const during = sessionOf(world);

  const merge = finish(world, agent, MERGE);

  expect([during.state, during.status_detail]).toEqual(['running', 'finalizing']);
  expect(merge.merge).toEqual([one.branch, two.branch]);
  expect(sessionOf(world)).toMatchObject({ state: 'completed', result: { branches: [merge.branch] } });
});

test('nothing is merged where there is one branch, or no repository', () => {
  const one = start({ template: 'none' });
  finish(one.world, one.agent, /./);
  const nowhere = start({ template: 'none', workspace: undefined });
  finish(nowhere.world, nowhere.agent, /./);

  expect(sessionOf(one.world).tasks).toHaveLength(1);
  expect(sessionOf(nowhere.world).tasks).toHaveLength(1);
  expect(sessionOf(one.world).state).toBe('completed');
});

test('branches that can not be merged leave the work that was done: the session is partially completed', () => {
  const { world, agent } = startTwo();
  finish(world, agent, 'Implement one');
  finish(world, agent, 'Implement two');
  const job = jobOf(agent, MERGE);

  agent.fail(world, job, false);

  const { state, result } = sessionOf(world);
  expect([state, result?.branches.length]).toEqual(['partially_completed', 2]);
});

test('a task whose branches are in conflict waits for an integrator, and goes on from what that resolved', () => {
  const { world, agent } = startTwo('Test both');
  const one = finish(world, agent, 'Implement one');
  const two = finish(world, agent, 'Implement two');

  const first = conflict(world, agent, 'Test both');
  const waiting = taskOf(world, first.taskId);
  const resolver = jobOf(agent, /^Resolve the conflicts before: Test both/);
  const task = taskOf(world, resolver.taskId);
  finish(world, agent, resolver.title);
  const second = finish(world, agent, 'Test both');

  expect([waiting.state, waiting.state_reason]).toEqual(['blocked', 'MERGE_CONFLICT']);
  expect(resolver.merge).toEqual([one.branch, two.branch]);
  expect([task.task_type, task.required_capabilities]).toEqual([
    'resolve_conflicts',
    ['conflict_resolution'],
  ]);
  expect(task.description).toContain('src/notes.js');
  expect([second.attempt, second.merge]).toEqual([2, [resolver.branch]]);
  expect(sessionOf(world)).toMatchObject({ state: 'completed', result: { branches: [second.branch] } });
});

test('a conflict counts against no agent', () => {
  const { world, agent } = startTwo('Test both');
  finish(world, agent, 'Implement one');
  finish(world, agent, 'Implement two');

  const job = conflict(world, agent, 'Test both');

  const task = taskOf(world, job.taskId);
  expect(task.failed_agents).toEqual([]);
  expect(task.attempts.map(({ outcome }) => outcome)).toEqual(['cancelled']);
  expect(task.attempts[0]?.result?.error?.code).toBe('MERGE_CONFLICT');
});

test('a conflict at the end is resolved too, and the session ends in one branch', () => {
  const { world, agent } = startTwo();
  finish(world, agent, 'Implement one');
  finish(world, agent, 'Implement two');

  conflict(world, agent, MERGE);
  const resolver = finish(world, agent, /^Resolve the conflicts before/);
  const merge = finish(world, agent, MERGE);

  expect(merge.merge).toEqual([resolver.branch]);
  expect(sessionOf(world)).toMatchObject({ state: 'completed', result: { branches: [merge.branch] } });
});

test('a conflict that nobody could resolve ends the task that waits for it', () => {
  const { world, agent } = startTwo('Test both');
  finish(world, agent, 'Implement one');
  finish(world, agent, 'Implement two');
  const job = conflict(world, agent, 'Test both');
  const resolver = jobOf(agent, /^Resolve/);

  agent.fail(world, resolver, false);

  expect(sessionOf(world)).toMatchObject({
    state: 'failed',
    error: expect.stringContaining('do not merge'),
  });
  expect(['skipped', 'cancelled']).toContain(taskOf(world, job.taskId).state);
});

test('a retried session resolves the conflict again where that had failed', () => {
  const { world, agent } = startTwo('Test both');
  finish(world, agent, 'Implement one');
  finish(world, agent, 'Implement two');
  conflict(world, agent, 'Test both');
  agent.fail(world, jobOf(agent, /^Resolve/), false);

  expect(world.ask(SESSION, { type: 'retry' }).ok).toBe(true);
  const resolver = finish(world, agent, /^Resolve/);
  const last = finish(world, agent, 'Test both');

  expect(last.merge).toEqual([resolver.branch]);
  expect(sessionOf(world).state).toBe('completed');
});

test('a task that runs into conflicts whatever was resolved fails', () => {
  const { world, agent } = startTwo('Test both');
  finish(world, agent, 'Implement one');
  finish(world, agent, 'Implement two');

  for (let round = 0; round < 3; round++) {
    conflict(world, agent, 'Test both');
    finish(world, agent, /^Resolve/);
  }
  conflict(world, agent, 'Test both');

  expect(sessionOf(world).state).toBe('failed');
});

test('a session that is paused at a conflict goes on with it when it is resumed', () => {
  const { world, agent } = startTwo('Test both');
  finish(world, agent, 'Implement one');
  finish(world, agent, 'Implement two');
  world.ask(SESSION, { type: 'pause' });
  conflict(world, agent, 'Test both');

  world.ask(SESSION, { type: 'resume' });
  finish(world, agent, /^Resolve/);
  finish(world, agent, 'Test both');

  expect(sessionOf(world).state).toBe('completed');
});
