/** Sessions of a template one after the other: what the first took is what the next expects. */
import { expect, test } from 'vitest';
import type { Address } from '#protocols/address.ts';
import { Estimates, type LearnedByTask, learnedKey } from '#protocols/estimates.ts';
import { Session } from '#protocols/session.ts';
import { Task } from '#protocols/task.ts';
import { ACTOR_KINDS } from '../registry.ts';
import { answerBy, FakeAgent, TENANT } from './fake-agent.ts';
import { World, type WorldOptions } from './world.ts';

const HOUR_MS = 3_600_000;
const LEARNED: Address = { type: 'estimates', tenant: TENANT, id: 'templates' };
const addressOf = (id: string): Address => ({ type: 'session', tenant: TENANT, id });

function start(world: World, id: string, learned?: LearnedByTask): void {
  const draft = {
    title: 'Keep notes',
    initial_prompt: 'Keep notes.',
    template: 'crud',
    max_duration_seconds: 86_400,
  };
  world.ask(addressOf(id), { type: 'create', ...draft, ...(learned && { learned }) });
  expect(world.ask(addressOf(id), { type: 'start' }).ok).toBe(true);
}

function tasksOf(world: World, id: string): Task[] {
  const { tasks } = Session.parse(world.state(addressOf(id)));
  return tasks.map((task) => Task.parse(world.state({ type: 'task', tenant: TENANT, id: task.id })));
}

const learnedIn = (world: World) => Estimates.parse(world.state(LEARNED)).tasks;

/** Takes each task in hand and calls it done half an hour later, in the order in which they may begin. */
function workByHand(world: World, id: string): void {
  for (let round = 0; round < 5; round++) {
    const next = tasksOf(world, id).find(({ state }) => state === 'ready');
    if (!next) throw new Error('a task is ready');
    const task: Address = { type: 'task', tenant: TENANT, id: next.id };
    world.ask(task, { type: 'set_state', to: 'in_progress' });
    world.advance(HOUR_MS / 2);
    expect(world.ask(task, { type: 'set_state', to: 'completed' }).ok).toBe(true);
  }
}

test.each<Partial<WorldOptions>>([{}, { isDoubling: true }, { seed: 3 }])(
  'each task that is completed counts once for its template, and the next session is planned by it: %j',
  (options) => {
    const world = new World({ kinds: ACTOR_KINDS, ...options });
    start(world, 's-1');

    workByHand(world, 's-1');

    expect(Session.parse(world.state(addressOf('s-1'))).state).toBe('completed');
    const byKey = learnedIn(world).toSorted((one, other) => (one.key < other.key ? -1 : 1));
    expect(byKey).toEqual([
      { key: 'crud/create', base: 2, likely: 1.25, confidence: 0.55, count: 1 },
      { key: 'crud/delete', base: 1, likely: 0.75, confidence: 0.55, count: 1 },
      { key: 'crud/read', base: 2, likely: 1.25, confidence: 0.55, count: 1 },
      { key: 'crud/tests', base: 3, likely: 1.75, confidence: 0.55, count: 1 },
      { key: 'crud/update', base: 2, likely: 1.25, confidence: 0.55, count: 1 },
    ]);
    const known = byKey.map(({ key, base, likely, confidence }) => {
      return [learnedKey({ estimates: 'templates', key }), { base, likely, confidence }] as const;
    });
    start(world, 's-2', Object.fromEntries(known));
    expect(tasksOf(world, 's-2').map(({ estimate }) => [estimate.likely, estimate.source])).toEqual([
      [1.25, 'historical'],
      [1.25, 'historical'],
      [1.25, 'historical'],
      [0.75, 'historical'],
      [1.75, 'historical'],
    ]);
  },
);

test('an attempt that fails teaches nothing; the one that completes the task does', () => {
  const agent = new FakeAgent('AGENT-ONE');
  const world = new World({ kinds: ACTOR_KINDS, onDeliver: answerBy([agent]) });
  start(world, 's-1');
  const [first] = tasksOf(world, 's-1');
  const task: Address = { type: 'task', tenant: TENANT, id: first?.id ?? '' };
  world.ask(task, { type: 'set_state', to: 'in_progress' });
  world.advance(HOUR_MS);
  world.ask(task, { type: 'set_state', to: 'failed', retry: true });
  expect(world.state(LEARNED)).toBeNull();
  world.advance(10 * 60_000);

  world.ask(task, { type: 'set_state', to: 'in_progress' });
  world.advance(HOUR_MS);
  world.ask(task, { type: 'set_state', to: 'completed' });

  expect(learnedIn(world)).toMatchObject([{ key: 'crud/create', likely: 1.5, count: 1 }]);
});

test('a task that a checkpoint brings back as it was completed teaches nothing again', () => {
  const world = new World({ kinds: ACTOR_KINDS });
  start(world, 's-1');
  const [first] = tasksOf(world, 's-1');
  const task: Address = { type: 'task', tenant: TENANT, id: first?.id ?? '' };
  world.ask(task, { type: 'set_state', to: 'in_progress' });
  world.advance(HOUR_MS);
  world.ask(task, { type: 'set_state', to: 'completed' });
  const learned = world.state(LEARNED);

  world.ask(task, { type: 'restart', run: 2, from: 'anew' });
  world.ask(task, { type: 'restart', run: 3, from: 'completed' });

  expect(Task.parse(world.state(task))).toMatchObject({ state: 'completed', state_reason: 'restored' });
  expect(world.state(LEARNED)).toEqual(learned);
});
