import { expect, test } from 'vitest';
import { LIMITS } from '#protocols/limits.ts';
import { SessionState } from '#protocols/session.ts';
import { dependenciesOf } from '#protocols/session-graph.ts';
import {
  admit,
  makeRunning,
  makeSession,
  report,
  statesOf,
  taskAt,
  toldTasks,
} from '../testing/session-fixture.ts';

type Session = ReturnType<typeof makeRunning>;

const task = (key: string, after: readonly string[] = [], extra: Record<string, unknown> = {}) => ({
  key,
  title: `Implement ${key}`,
  after: after.map((one) => ({ key: one })),
  ...extra,
});
const add = (tasks: readonly object[], extra: Record<string, unknown> = {}) => ({
  type: 'add_tasks',
  tasks,
  ...extra,
});
const idAt = (session: Session, at: number) => taskAt(session, at).id;
const on = (task_id: string, kind = 'finish_to_start', required = true) => ({ task_id, kind, required });

/** Titles of what the task at this place waits for. */
function awaited(session: Session, at: number): string[] {
  const { edges, tasks } = session.state;
  const ids = dependenciesOf(edges[at] ?? [], tasks).map(({ task_id }) => task_id);
  return tasks.filter(({ id }) => ids.includes(id)).map(({ title }) => title);
}

/** Design, then build, which both wait for nothing else; the session has begun. */
function makePlanned(): Session {
  return makeRunning({ template: 'refactoring' });
}

test('tasks are added to a session at work: they begin when what they wait for is done', () => {
  const session = makeRunning({ template: 'none' });

  session.handle(add([task('a'), task('b', ['a'])], { depends_on: [on(idAt(session, 0))] }));
  const [, a, b] = session.state.tasks;

  expect(session.value).toEqual({ task_ids: [a?.id, b?.id] });
  expect(session.sentTo('task').map(({ type }) => type)).toEqual(['create', 'create']);
  expect(awaited(session, 1)).toEqual([taskAt(session, 0).title]);
  expect(awaited(session, 2)).toEqual(['Implement a']);
  report(session, 0, { state: 'completed' });
  expect(toldTasks(session)).toEqual(['make_ready 1']);
});

test('a task that waits for nothing begins at once', () => {
  const session = makeRunning({ template: 'none' }).handle(add([task('a')]));

  expect(toldTasks(session)).toEqual(['create 1', 'make_ready 1']);
  expect(statesOf(session)).toEqual(['ready', 'ready']);
});

test('a session may be planned by hand before it is started, and then has that plan', () => {
  const session = makeSession({ template: undefined }).handle(add([task('a'), task('b', ['a'])]));
  const before = statesOf(session);

  admit(session.handle({ type: 'start' }));

  expect(before).toEqual(['pending', 'pending']);
  expect(statesOf(session)).toEqual(['ready', 'pending']);
  expect(toldTasks(session)).toEqual(['restart 0', 'restart 1', 'make_ready 0']);
});

test('a task that has not begun becomes the end of its parts, which wait for what it waited for', () => {
  const session = makePlanned();

  session.handle({
    type: 'decompose',
    task_id: idAt(session, 1),
    tasks: [task('a'), task('b'), task('c', ['a', 'b'])],
  });

  expect(awaited(session, 1)).toEqual(['Analyze the code', 'Implement c']);
  expect(awaited(session, 4)).toEqual(['Analyze the code']);
  expect(awaited(session, 6)).toEqual(['Implement a', 'Implement b']);
  expect(session.state.tasks.slice(4).map(({ parent }) => parent)).toEqual([1, 1, 1]);
  expect(session.sentTo('task')[3]).toMatchObject({ type: 'set_dependencies', finish_held: false });
  report(session, 0, { state: 'completed' });
  expect(toldTasks(session)).toEqual(['make_ready 4', 'make_ready 5']);
});

test('a task is decomposed by the template that is named, or that its title fits, and by no other', () => {
  const named = makePlanned();
  named.handle({ type: 'decompose', task_id: idAt(named, 3), template: 'crud' });
  const matched = makePlanned();
  matched.handle({ type: 'decompose', task_id: idAt(matched, 2) });
  const none = makePlanned();

  expect(named.state.tasks).toHaveLength(9);
  expect(matched.state.tasks.slice(4)).toHaveLength(4);
  expect(none.handle({ type: 'decompose', task_id: idAt(none, 3) }).failure?.errors).toMatchObject([
    { path: 'template' },
  ]);
  expect(none.handle({ type: 'decompose', task_id: idAt(none, 3), template: 'x' }).failure?.code).toBe(
    'VALIDATION_FAILED',
  );
});

test('the parts of a task are laid out by several templates and a strategy, as those of a session are', () => {
  const partsOf = (layout: object) => {
    const session = makePlanned();
    const first = session.state.tasks.length;
    session.handle({ type: 'decompose', task_id: idAt(session, 3), ...layout });
    return session.state.tasks.slice(first).map(({ title }, at) => ({
      title,
      waits: session.state.edges[first + at]?.length ?? 0,
    }));
  };
  const one = partsOf({ template: 'crud' });
  const both = partsOf({ templates: ['crud', 'ui'] });
  const phases = partsOf({ templates: ['crud', 'ui'], strategy: 'temporal' });
  const unknown = makePlanned();

  expect(both.length).toBeGreaterThan(one.length + 1);
  expect(phases.map(({ title }) => title).toSorted()).toEqual(both.map(({ title }) => title).toSorted());
  expect(phases).not.toEqual(both);
  const wrong = { type: 'decompose', task_id: idAt(unknown, 3), templates: ['crud', 'x'] };
  expect(unknown.handle(wrong).failure?.detail).toContain('there is no template "x"');
});

test('parts are nested as deep as the session allows, and no deeper', () => {
  const session = makeRunning({ template: 'refactoring', max_depth: 2 });
  session.handle({ type: 'decompose', task_id: idAt(session, 3), template: 'crud' });

  session.handle({ type: 'decompose', task_id: idAt(session, 8), template: 'ui' });

  expect(session.failure?.errors).toMatchObject([{ path: 'max_depth' }]);
  expect(session.state.tasks).toHaveLength(9);
});

test('templates that a plan names make parts down to the same depth', () => {
  const plan = [task('a', [], { template: 'crud' }), task('b', ['a'])];
  const flat = makeSession({ template: undefined, max_depth: 1 }).handle(add(plan));
  const deep = makeSession({ template: undefined }).handle(add(plan));

  expect(flat.state.tasks).toHaveLength(2);
  expect(deep.state.tasks).toHaveLength(7);
  expect(awaited(deep, 0)).toEqual(['Test the create, read, update and delete operations']);
  expect(deep.state.tasks.map(({ parent }) => parent)).toEqual([undefined, 0, 0, 0, 0, 0, undefined]);
});

test('a dependency that would close a circle is refused with the circle, and nothing changes', () => {
  const session = makePlanned();
  const before = session.state;

  session.handle({ type: 'link', task_id: idAt(session, 1), dependency: on(idAt(session, 3)) });

  const ids = [1, 3, 2, 1].map((at) => idAt(session, at));
  expect(session.failure).toMatchObject({ code: 'DEPENDENCY_CYCLE', cycle: ids });
  expect(session.failure?.detail).toContain('"Design the refactoring" → ');
  expect(session.state).toBe(before);
});

test('a dependency on itself, on nothing, or a second time is refused with its path', () => {
  const session = makePlanned();
  const link = (to: string) =>
    session.handle({ type: 'link', task_id: idAt(session, 3), dependency: on(to) }).failure;

  expect(link(idAt(session, 3))).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ path: 'task_id' }] });
  expect(link(idAt(session, 2))).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ path: 'task_id' }] });
  expect(link('nothing')).toMatchObject({
    code: 'VALIDATION_FAILED',
    errors: [{ path: 'depends_on.0.task_id' }],
  });
  expect(session.handle({ type: 'link', task_id: 'nothing', dependency: on('x') }).failure?.code).toBe(
    'TASK_NOT_FOUND',
  );
});

test('a new dependency is told to the task and holds it; without it the task begins', () => {
  const session = makePlanned();
  session.handle({
    type: 'link',
    task_id: idAt(session, 3),
    dependency: on(idAt(session, 0), 'start_to_start'),
  });
  const linked = session.sentTo('task');

  session.handle({ type: 'unlink', task_id: idAt(session, 1), depends_on: idAt(session, 0) });

  expect(linked).toMatchObject([
    {
      type: 'set_dependencies',
      dependencies: [on(idAt(session, 2)), on(idAt(session, 0), 'start_to_start')],
    },
  ]);
  expect(session.sentTo('task').map(({ type }) => type)).toEqual(['set_dependencies', 'make_ready']);
  expect(statesOf(session)).toEqual(['ready', 'ready', 'pending', 'pending']);
  expect(
    session.handle({ type: 'unlink', task_id: idAt(session, 1), depends_on: idAt(session, 0) }).failure?.code,
  ).toBe('NOT_FOUND');
});

test('what has begun takes no dependency of its start any more, only of its end', () => {
  const session = makePlanned();
  report(session, 0, { state: 'in_progress' });
  const link = (kind: string) =>
    session.handle({ type: 'link', task_id: idAt(session, 0), dependency: on(idAt(session, 0), kind) });
  session.handle(add([task('a', [], { required: false })]));
  const to = (kind: string) => ({
    type: 'link',
    task_id: idAt(session, 0),
    dependency: on(idAt(session, 4), kind),
  });

  expect(link('finish_to_start').failure?.code).toBe('VALIDATION_FAILED');
  expect(session.handle(to('finish_to_start')).failure).toMatchObject({
    code: 'INVALID_TRANSITION',
    current_state: 'in_progress',
  });
  expect(session.handle(to('finish_to_finish')).sentTo('task')).toMatchObject([{ finish_held: true }]);
  expect(toldTasks(report(session, 4, { state: 'completed' }))).toEqual(['may_finish 0']);
});

test('the plan of a session that has ended stays as it is', () => {
  for (const state of SessionState.options) {
    const session = makePlanned();
    session.state = { ...session.state, state };
    const isOpen = ['pending', 'queued', 'running', 'paused', 'degraded'].includes(state);
    const acts = [
      add([task('a')]),
      { type: 'decompose', task_id: idAt(session, 3), template: 'crud' },
      { type: 'link', task_id: idAt(session, 3), dependency: on(idAt(session, 0)) },
      { type: 'unlink', task_id: idAt(session, 3), depends_on: idAt(session, 2) },
    ];

    for (const act of acts) {
      session.handle(act);
      expect(session.failure?.code, `${act.type} ${state}`).toBe(isOpen ? undefined : 'INVALID_TRANSITION');
    }
  }
});

test('a session has so many tasks and dependencies, and more are refused whole', () => {
  const session = makeRunning({ template: 'none' });
  const many = Array.from({ length: LIMITS.tasksPerSessionMax }, (_, at) => task(`t${at}`));
  const before = session.state;

  expect(session.handle(add(many)).failure).toMatchObject({
    code: 'QUOTA_EXCEEDED',
    quota: { name: 'tasks_per_session', limit: LIMITS.tasksPerSessionMax, used: 1 },
  });
  expect(session.state).toBe(before);
  expect(session.handle(add(many.slice(1))).failure).toBeUndefined();
  expect(session.state.tasks).toHaveLength(LIMITS.tasksPerSessionMax);
});

test('more than 10,000 dependencies of a session are refused whole, however they come', () => {
  const session = makeRunning({ template: 'none' });
  const woven = (name: string, count: number) => {
    const keys = Array.from({ length: count }, (_, at) => `${name}${at}`);
    return keys.map((key, at) => task(key, keys.slice(0, at)));
  };
  session.handle(add(woven('a', 141)));
  const before = session.state;

  session.handle(add(woven('b', 20)));

  expect(before.tasks).toHaveLength(142);
  expect(session.failure).toMatchObject({
    code: 'QUOTA_EXCEEDED',
    quota: { name: 'dependencies_per_session', limit: 10_000, used: 9_870 },
  });
  expect(session.state).toBe(before);
  expect(session.handle(add(woven('b', 10))).failure).toBeUndefined();
});

test('a task that is over keeps its dependencies: they say what it waited for', () => {
  const session = makePlanned();
  report(session, 0, { state: 'completed' });
  report(session, 1, { state: 'completed' });
  const before = session.state;

  session.handle({ type: 'unlink', task_id: idAt(session, 1), depends_on: idAt(session, 0) });

  expect(session.failure).toMatchObject({ code: 'INVALID_TRANSITION', current_state: 'completed' });
  expect(session.state).toBe(before);
});
