import { expect, test } from 'vitest';
import type { Session } from '#protocols/session.ts';
import type { Dependency } from '#protocols/task.ts';
import type { OneActor } from '#protocols/testing/one-actor.ts';
import { admit, makeRunning, report, statesOf, toldTasks } from '../testing/session-fixture.ts';
import { SPEC } from '../testing/task-fixture.ts';
import { beginWith } from '../turn.ts';
import { addTasks } from './making.ts';

interface Planned extends Partial<Pick<Dependency, 'kind' | 'required'>> {
  /** Places of the tasks that it depends on. */
  readonly on?: readonly number[];
  readonly isOptional?: boolean;
}

/** A running session of these tasks, which have just heard what they hear at its start. */
function makePlanned(plan: readonly Planned[]): OneActor<Session> {
  const session = makeRunning({ template: 'none' });
  const planned = plan.map(({ on = [], kind = 'finish_to_start', required = true, isOptional }, at) => ({
    id: `task-${at}`,
    required: !isOptional,
    spec: { ...SPEC, dependencies: on.map((place) => ({ task_id: `task-${place}`, kind, required })) },
  }));
  session.state = addTasks(beginWith({ ...session.state, tasks: [], edges: [] }), planned).state;
  return admit(session.handle({ type: 'pause' }).handle({ type: 'resume' }));
}

test('finish to finish: both are at work together, and the one may end when the other has', () => {
  const session = makePlanned([{}, { on: [0], kind: 'finish_to_finish' }]);
  const together = toldTasks(session);
  report(session, 1, { state: 'in_progress' });
  report(session, 1, { state: 'blocked' });
  const early = toldTasks(session);
  report(session, 0, { state: 'in_progress' });
  const begun = toldTasks(session);

  report(session, 0, { state: 'completed' });
  const late = toldTasks(session);
  report(session, 1, { state: 'completed' });

  expect(together).toEqual(['make_ready 0', 'make_ready 1']);
  expect([early, begun, late]).toEqual([[], [], ['may_finish 1']]);
  expect(session.state.state).toBe('completed');
});

test('start to finish: the one may end when the other has begun', () => {
  const session = makePlanned([{}, { on: [0], kind: 'start_to_finish' }]);
  report(session, 1, { state: 'blocked' });
  const early = toldTasks(session);

  report(session, 0, { state: 'in_progress' });
  const late = toldTasks(session);
  report(session, 0, { state: 'completed' });

  expect([early, late, toldTasks(session)]).toEqual([[], ['may_finish 1'], []]);
});

test('start to start: the one may begin when the other has begun, not when it only may', () => {
  const session = makePlanned([{}, { on: [0], kind: 'start_to_start' }]);
  const atStart = toldTasks(session);
  report(session, 0, { state: 'assigned' });
  const assigned = toldTasks(session);

  report(session, 0, { state: 'in_progress' });

  expect([atStart, assigned, toldTasks(session)]).toEqual([['make_ready 0'], [], ['make_ready 1']]);
});

test('finish to start: the one may begin when the other is done', () => {
  const session = makePlanned([{}, { on: [0] }]);
  report(session, 0, { state: 'in_progress' });
  const early = toldTasks(session);

  report(session, 0, { state: 'completed' });

  expect([early, toldTasks(session)]).toEqual([[], ['make_ready 1']]);
});

test('an end that waits for a task that comes to nothing never comes: it is skipped, wherever it is', () => {
  for (const state of ['in_progress', 'blocked'] as const) {
    const session = makePlanned([
      { isOptional: true },
      { on: [0], kind: 'finish_to_finish', isOptional: true },
      {},
    ]);
    report(session, 1, { state });

    report(session, 0, { state: 'failed' });
    const told = toldTasks(session);
    report(session, 0, { state: 'failed', attempt: 2 });

    expect(told, state).toEqual(['skip 1']);
    expect(toldTasks(session), 'once').toEqual([]);
    expect(session.state.state).toBe('running');
  }
});

test('what is optional is waited for and not needed, by a start and by an end', () => {
  const session = makePlanned([
    { isOptional: true },
    { on: [0], required: false },
    { on: [0], kind: 'finish_to_finish', required: false },
  ]);

  report(session, 0, { state: 'failed' });

  expect(toldTasks(session)).toEqual(['may_finish 2', 'make_ready 1']);
  expect(statesOf(session)).toEqual(['failed', 'ready', 'ready']);
});

test('a retry holds the end back anew, and what had begun then has not begun now', () => {
  const session = makePlanned([
    {},
    { on: [0], kind: 'start_to_finish' },
    { on: [0], kind: 'start_to_start' },
  ]);
  report(session, 0, { state: 'in_progress' });
  session.handle({ type: 'stop' });

  admit(session.handle({ type: 'retry' }));

  expect(toldTasks(session)).toEqual(['restart 0', 'restart 1', 'restart 2', 'make_ready 0', 'make_ready 1']);
  expect(session.state.tasks.map(({ begun, finish_held }) => [begun, finish_held])).toEqual([
    [undefined, undefined],
    [undefined, true],
    [undefined, undefined],
  ]);
});

test('a task that was held and let go is seen as it is again', () => {
  const session = makePlanned([{}]);
  const seen = [
    { state: 'blocked', reason: 'session_paused' },
    { state: 'ready', reason: 'session_resumed' },
    { state: 'assigned' },
    { state: 'in_progress' },
    { state: 'blocked', reason: 'finish_held' },
    { state: 'in_progress' },
  ].map((news) => statesOf(report(session, 0, news))[0]);

  expect(seen).toEqual(['blocked', 'ready', 'assigned', 'in_progress', 'blocked', 'in_progress']);
});
