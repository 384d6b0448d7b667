import { expect, test } from 'vitest';
import type { Session } from '#protocols/session.ts';
import type { OneActor } from '#protocols/testing/one-actor.ts';
import { makeSession, report, taskAt, toldTasks } from '../testing/session-fixture.ts';
import { PLAN_WAIT_MS } from './plan-watch.ts';

const DRAFT = { template: undefined, title: 'Make it nicer', initial_prompt: 'Make it nicer.' };
const PLAN = [{ key: 'a', title: 'Build it' }];

/** It runs, and an agent whose work it is to plan is there, unless it is said otherwise. */
function makeAsked(draft: Record<string, unknown> = {}, has_planner = true): OneActor<Session> {
  const session = makeSession({ ...DRAFT, ...draft }).handle({ type: 'start' });
  const admitted = { type: 'admitted', ticket: session.state.ticket, has_planner };
  return session.handle(admitted, 'scheduler/dev/sessions');
}

const needsOf = (session: OneActor<Session>) =>
  session.sentTo('task').flatMap((message) => Object(message).spec?.required_capabilities ?? []);
const lookAgain = (session: OneActor<Session>) => {
  session.nowMs += PLAN_WAIT_MS;
  return session.handle({ type: 'plan_due', run: session.state.run }, 'timer');
};
const figures = ({ state: { state, result, used_template } }: OneActor<Session>) => [
  state,
  result?.summary,
  used_template,
];
const giveUp = { state: 'failed', attempt: 3, reason: 'failed', error: 'the plan was refused: no JSON' };

test('an agent is asked for a plan where no template fits, one is there, and nobody wished otherwise', () => {
  expect(needsOf(makeAsked())).toEqual(['task_decomposition']);
  expect(needsOf(makeAsked({ strategy: 'temporal' }))).toEqual(['task_decomposition']);
  expect(needsOf(makeAsked({}, false))).toEqual(['code_generation']);
  expect(needsOf(makeAsked({ unmatched: 'one_task' }))).toEqual(['code_generation']);
  expect(needsOf(makeAsked({ template: 'none' }))).toEqual(['code_generation']);
  expect(needsOf(makeAsked({ title: 'A crud for notes' }))).toHaveLength(5);
});

test('where the plan is refused for good the session is one task, and the planning counts for nothing', () => {
  const session = makeAsked();
  const planner = taskAt(session, 0).id;

  report(session, 0, giveUp);
  const told = toldTasks(session);
  const events = session.eventNames;
  report(session, 1, { state: 'completed', branch: 'b' });

  expect(told).toEqual(['create 1', 'make_ready 1']);
  expect(events).toEqual(expect.arrayContaining(['plan_refused', 'planned']));
  expect(figures(session)).toEqual(['completed', '1 of 1 tasks completed', null]);
  expect(taskAt(session, 0)).toMatchObject({
    id: planner,
    state: 'failed',
    required: false,
    superseded: true,
  });
  expect(session.state.warnings.at(-1)).toContain('the plan was refused');
});

test('where the session insists on the plan of an agent, it fails without one', () => {
  const session = makeAsked({ template: 'agent' });

  report(session, 0, giveUp);

  expect(session.state.state).toBe('failed');
});

test('a planner that nobody takes is waited for no more after a while, one that works is', () => {
  const working = report(makeAsked(), 0, { state: 'in_progress' });
  const waiting = makeAsked();

  expect(lookAgain(working).of('schedule')).toMatchObject([{ key: 'plan_due' }]);
  expect(working.state.tasks).toHaveLength(1);
  expect(toldTasks(lookAgain(waiting))).toEqual(['create 1', 'cancel 0', 'make_ready 1']);
  report(waiting, 0, { state: 'cancelled' });
  report(waiting, 1, { state: 'completed' });
  expect(figures(waiting)).toEqual(['completed', '1 of 1 tasks completed', null]);
});

test('a plan that is taken is what the session does, and nobody looks any more', () => {
  const session = makeAsked();
  const made = { type: 'plan_made', run: 1, task_id: taskAt(session, 0).id, tasks: PLAN };

  const cancelled = session.handle(made, `task/dev/${taskAt(session, 0).id}`).of('cancel');
  report(session, 0, { state: 'completed' });
  const looked = lookAgain(session).effects;
  report(session, 1, { state: 'completed' });

  expect(cancelled).toMatchObject([{ key: 'plan_due' }]);
  expect(looked).toEqual([]);
  expect(figures(session)).toEqual(['completed', '2 of 2 tasks completed', 'agent']);
});

test('a plan that has no room is replaced by one task behind it', () => {
  const session = makeAsked();
  const many = Array.from({ length: 1_000 }, (_, at) => ({ key: `t${at}`, title: 'Build it' }));
  const made = { type: 'plan_made', run: 1, task_id: taskAt(session, 0).id, tasks: many };

  session.handle(made, `task/dev/${taskAt(session, 0).id}`);
  report(session, 0, { state: 'completed' });

  expect(session.state.tasks).toHaveLength(2);
  expect(toldTasks(session)).toEqual(['make_ready 1']);
});

test('a session that did without the plan does not ask for it again, neither in a retry nor after a restore', () => {
  const session = makeAsked();
  report(session, 0, giveUp);
  report(session, 1, { state: 'failed', attempt: 3, reason: 'failed', error: 'broke' });
  const restored = session.handle({ type: 'restore', sequence: 1, tasks: [] });
  const undone = toldTasks(restored);

  session.handle({ type: 'retry' });
  const { ticket } = session.state;
  session.handle({ type: 'admitted', ticket, has_planner: true }, 'scheduler/dev/sessions');

  expect(undone).toEqual(['restart 1']);
  expect(toldTasks(session)).toEqual(['restart 1', 'make_ready 1']);
});

test('the end of a session ends the look at its planner', () => {
  const keys = makeAsked()
    .handle({ type: 'stop' })
    .of('cancel')
    .map(({ key }) => key);

  expect(keys).toContain('plan_due');
});
