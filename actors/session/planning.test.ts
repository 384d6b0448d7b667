import { expect, test } from 'vitest';
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

const PLAN = [
  { key: 'a', title: 'Design it', estimate: { likely: 2 } },
  {
    key: 'b',
    title: 'Build it',
    after: [{ key: 'a', kind: 'start_to_start', required: false }],
    required: false,
  },
];

test('a session with a blueprint has its tasks, and says which version it was', () => {
  const session = makeSession({ template: undefined, blueprint: 'migration@2', plan: PLAN });
  const waiting = session.state.plan;

  admit(session.handle({ type: 'start' }));

  expect(waiting).toHaveLength(2);
  expect(session.state).toMatchObject({ used_template: 'migration@2', tasks: [{ title: 'Design it' }, {}] });
  expect('plan' in session.state).toBe(false);
  expect(session.sentTo('task').at(0)).toMatchObject({
    spec: { estimate: { optimistic: 1, likely: 2, pessimistic: 4, source: 'manual' } },
  });
  expect(dependenciesOf(session.state.edges[1] ?? [], session.state.tasks)).toMatchObject([
    { task_id: taskAt(session, 0).id, kind: 'start_to_start', required: false },
  ]);
  expect(taskAt(session, 1).required).toBe(false);
});

test('a blueprint that was not read, or has too many tasks with its templates, is refused at the start', () => {
  const unread = makeSession({ template: undefined, blueprint: 'migration@2' }).handle({ type: 'start' });
  const many = Array.from({ length: 300 }, (_, at) => ({
    key: `t${at}`,
    title: 'Build it',
    template: 'crud',
  }));
  const large = makeSession({ template: undefined, blueprint: 'x@1', plan: many }).handle({ type: 'start' });

  for (const session of [unread, large]) {
    expect(session.failure).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ path: 'blueprint' }] });
  }
});

/** Its one task asks an agent for a plan. */
const makePlanning = () => makeRunning({ template: 'agent' });
const made = (session: ReturnType<typeof makePlanning>, run = 1) => ({
  type: 'plan_made',
  run,
  task_id: taskAt(session, 0).id,
  tasks: PLAN,
});

test('a session that asks an agent for its plan has one task, for an agent that can make plans', () => {
  const session = makePlanning();

  expect(session.sentTo('task').at(0)).toMatchObject({
    type: 'create',
    spec: { task_type: 'planning_by_agent', required_capabilities: ['task_decomposition'] },
  });
  expect(session.state.used_template).toBe('agent');
});

test('the plan of an agent is taken once: its tasks begin when the planning is completed', () => {
  const session = makePlanning();
  session.handle(made(session), 'task/dev/x');
  const added = toldTasks(session);

  session.handle(made(session), 'task/dev/x').handle(made(session, 2), 'task/dev/x');
  report(session, 0, { state: 'completed' });

  expect(added).toEqual(['create 1', 'create 2']);
  expect(statesOf(session)).toEqual(['completed', 'ready', 'pending']);
  expect(toldTasks(session)).toEqual(['make_ready 1']);
});

test('a plan that comes after the end of its session is left aside', () => {
  const session = makePlanning().handle({ type: 'stop' });

  session.handle(made(session), 'task/dev/x');

  expect(session.effects).toEqual([]);
  expect(session.state.tasks).toHaveLength(1);
});
