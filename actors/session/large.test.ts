import { expect, test } from 'vitest';
import { LIMITS } from '#protocols/limits.ts';
import type { Session, TaskSummary } from '#protocols/session.ts';
import { encodeEdge } from '#protocols/session-graph.ts';
import type { TaskSpec } from '#protocols/task.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { admit, makeRunning } from '../testing/session-fixture.ts';
import { SPEC } from '../testing/task-fixture.ts';
import { beginWith } from '../turn.ts';
import { advance, settle } from './advance.ts';
import { addTasks } from './making.ts';
import { sessionKind } from './session.ts';

const TASKS = LIMITS.tasksPerSessionMax;
const EDGES = LIMITS.edgesPerSessionMax;
const LONG = '漢'.repeat(200);

function idOf(at: number): string {
  return `01a2b3c4-d5e6-7f80-9a1b-${String(at).padStart(12, '0')}`;
}

/** A thousand tasks with ten thousand edges: each depends on up to eleven of those before it. */
function planLayered(): number[][] {
  let left = EDGES;
  return Array.from({ length: TASKS }, (_, at) => {
    const count = Math.min(at, 11, left);
    left -= count;
    return Array.from({ length: count }, (_, back) => at - 1 - back);
  });
}

function specOf(before: readonly number[]): TaskSpec {
  const dependencies = before.map((at) => {
    return { task_id: idOf(at), kind: 'finish_to_start' as const, required: true };
  });
  return { ...SPEC, title: LONG, dependencies };
}

/** A running session whose first task was replaced by these; the messages to itself are handed over until none is left. */
function makeLarge(plan: readonly (readonly number[])[], changes: Partial<Session> = {}): Large {
  const small = makeRunning({ template: 'none' });
  const empty: Session = { ...small.state, tasks: [], edges: [], ...changes };
  const planned = plan.map((before, at) => ({ id: idOf(at), spec: specOf(before), required: false }));
  const { state, effects } = addTasks(beginWith(empty), planned);
  const large = new Large(sessionKind, 's-1');
  large.state = state;
  large.effects = effects;
  return large;
}

class Large extends OneActor<Session> {
  /** Most effects of one turn so far. */
  effectsMost = 0;
  turns = 0;
  readonly heard: string[] = [];

  /** Hands the session what it says to itself, until it says nothing more. */
  settle(): this {
    for (;;) {
      this.effectsMost = Math.max(this.effectsMost, this.effects.length);
      const sent = this.of('send');
      for (const { to, message } of sent) {
        if (to.type === 'task') this.heard.push(`${message.type} ${Number(to.id.slice(-12))}`);
      }
      const toSelf = sent.filter(({ to }) => to.type === 'session');
      const [next] = [...this.#waiting, ...toSelf];
      this.#waiting = [...this.#waiting, ...toSelf].slice(1);
      if (!next) return this;
      this.turns += 1;
      this.handle(next.message, 'session/dev/s-1');
    }
  }
  #waiting: { readonly message: { readonly type: string } }[] = [];

  resume(): this {
    admit(this.handle({ type: 'resume' }));
    return this;
  }

  report(at: number, news: Partial<TaskSummary>): this {
    const message = {
      type: 'task_changed',
      run: this.state.run,
      task_id: idOf(at),
      attempt: 1,
      agent_id: 'agent-a',
      branch: `oio/${idOf(0)}/${idOf(at)}`,
      error: LONG.repeat(10),
      usage: { tokens_in: 123_456, tokens_out: 12_345, cost_usd: 1.234_567 },
      reason: null,
      state: 'completed',
      ...news,
    };
    return this.handle(message, `task/dev/${idOf(at)}`).settle();
  }
}

test('a session of a thousand tasks and ten thousand edges stays well under the limit of its state', () => {
  const large = makeLarge(planLayered()).settle();
  const edges = large.state.edges.reduce((sum, codes) => sum + codes.length, 0);
  for (let at = 0; at < TASKS; at++) large.report(at, { agent_id: 'agent-number-one' });

  expect(edges).toBe(EDGES);
  expect(large.state).toMatchObject({ state: 'completed', unmade: 0, untold: [] });
  expect(Buffer.byteLength(JSON.stringify(large.state))).toBeLessThan(0.8 * LIMITS.actorStateBytesMax);
  expect(Buffer.byteLength(JSON.stringify(large.state.edges))).toBeLessThan(80_000);
});

test('a thousand tasks are made in parts, and each may begin once it is made, in turns of bounded effects', () => {
  const large = makeLarge(Array.from({ length: TASKS }, () => [])).settle();

  const of = (type: string) => large.heard.filter((one) => one.startsWith(`${type} `));
  const both = (at: number) => [large.heard.indexOf(`create ${at}`), large.heard.indexOf(`make_ready ${at}`)];
  expect(of('create')).toHaveLength(TASKS);
  large.handle({ type: 'pause' }).settle();
  large.resume().settle();
  expect(new Set(of('make_ready')).size).toBe(TASKS);
  expect(of('make_ready')).toHaveLength(TASKS);
  for (const at of [60, 500, 999]) {
    const [made = 0, ready = 0] = both(at);
    expect(made).toBeLessThan(ready);
  }
  expect(large.effectsMost).toBeLessThan(LIMITS.effectsPerTurnMax / 2);
});

test('a thousand tasks that may begin at once all hear of it, whatever comes between', () => {
  const first = [[], ...Array.from({ length: TASKS - 1 }, () => [0])];
  const large = makeLarge(first).settle();
  large.handle({ type: 'pause' }).settle();
  large.resume().settle();
  large.heard.length = 0;

  large.report(0, {});

  expect(new Set(large.heard).size).toBe(TASKS - 1);
  expect(large.heard).toHaveLength(TASKS - 1);
  expect(large.turns).toBeGreaterThan(3);
  expect(large.effectsMost).toBeLessThan(LIMITS.effectsPerTurnMax / 2);
});

test('a thousand tasks are held, let go, cancelled and begun anew, each of them once', () => {
  const large = makeLarge(Array.from({ length: TASKS }, () => [])).settle();
  large.handle({ type: 'pause' }).settle();
  large.resume().settle();
  const told = (message: { readonly type: string }) => {
    large.heard.length = 0;
    large.handle(message);
    if (large.state.state === 'queued') admit(large);
    large.settle();
    return [...new Set(large.heard.map((one) => one.split(' ')[0]))].map((type) => {
      return `${type} ${large.heard.filter((one) => one.startsWith(`${type} `)).length}`;
    });
  };

  expect(told({ type: 'pause' })).toEqual(['hold 1000']);
  expect(told({ type: 'resume' })).toEqual(['unhold 1000']);
  expect(told({ type: 'stop' })).toEqual(['cancel 1000']);
  expect(told({ type: 'retry' })).toEqual(['restart 1000', 'make_ready 1000']);
  expect(large.effectsMost).toBeLessThan(LIMITS.effectsPerTurnMax / 2);
});

test('a task that fails lets all that wait for it be skipped, in turns of bounded effects', () => {
  const chain = Array.from({ length: TASKS }, (_, at) => (at === 0 ? [] : [at - 1]));
  const large = makeLarge(chain).settle();
  large.handle({ type: 'pause' }).settle();
  large.resume().settle();
  large.heard.length = 0;

  large.report(0, { state: 'failed' });

  expect(large.heard.filter((one) => one.startsWith('skip'))).toHaveLength(TASKS - 1);
  expect(large.state.state).toBe('failed');
  expect(large.effectsMost).toBeLessThan(LIMITS.effectsPerTurnMax / 2);
});

test('what is told and not sent yet makes way for what makes it pointless', () => {
  const large = makeLarge(Array.from({ length: TASKS }, () => [])).settle();
  large.handle({ type: 'pause' }).settle();
  large.resume().settle();

  for (let round = 0; round < 20; round++) large.handle({ type: 'pause' }).resume();
  const waiting = large.state.untold.reduce((sum, { at }) => sum + at.length, 0);
  large.handle({ type: 'stop' });
  const words = large.state.untold.map(({ word }) => word);

  expect(waiting).toBeLessThanOrEqual(TASKS);
  expect(words).toEqual(['cancel']);
});

test('a part of a plan that comes twice is made once, and one that comes after the end is cancelled', () => {
  const large = makeLarge(Array.from({ length: 120 }, () => []));
  const parts = large.of('send').flatMap(({ message }) => (message.type === 'make_tasks' ? [message] : []));
  const [second, third] = parts;
  if (!second || !third) throw new Error('there are three parts');

  large.handle(second);
  const once = large.sentTo('task').length;
  large.handle(second);
  const twice = large.sentTo('task').length;
  large.handle({ type: 'stop' }).handle(third);

  expect([once, twice]).toEqual([100, 0]);
  expect(large.sentTo('task').map(({ type }) => type)).toEqual([
    ...Array(20).fill('create'),
    ...Array(20).fill('cancel'),
  ]);
});

test('over the life of a session each edge is looked at a few times, not once for every turn', () => {
  const large = makeLarge(planLayered()).settle();
  let lookedAt = 0;
  const order = [...large.state.tasks.keys()];
  for (const at of order) {
    const tasks = large.state.tasks.with(at, { ...taskAt(large.state, at), state: 'completed' });
    large.state = { ...large.state, tasks };
    const places = large.state.edges.flatMap((codes, place) =>
      codes.includes(encodeEdge({ at, kind: 'finish_to_start', required: true })) ? [place] : [],
    );
    lookedAt += settle(large.state, places).lookedAt;
    const { state } = advance(beginWith(large.state), CONTEXT, places);
    large.state = { ...state, untold: [] };
  }

  // Each of the eleven that a task waits for makes it look at its eleven edges.
  expect(lookedAt).toBeLessThanOrEqual(EDGES * 11);
  expect(large.state.state).toBe('completed');
});

const CONTEXT = {
  self: { type: 'session', tenant: 'dev', id: 's-1' },
  now: Date.UTC(2026, 0, 1),
  messageId: 'm-1',
  by: 'task/dev/t',
  id: () => 'id',
};

function taskAt(session: Session, at: number): TaskSummary {
  const task = session.tasks[at];
  if (!task) throw new Error(`there is no task ${at}`);
  return task;
}

test('a state of the version before is read with its edges, and written back with ids', () => {
  const large = makeLarge([[], [0], [0, 1]]).settle();
  const first = sessionKind.writeState(large.state, 2);

  const again = sessionKind.readState(first, 2);

  expect(first).toMatchObject({ tasks: [{}, {}, { depends_on: [idOf(0), idOf(1)] }] });
  expect(first).not.toHaveProperty('edges');
  expect(again).toEqual(large.state);
});
