import { expect, test } from 'vitest';
import type { Session } from '#protocols/session.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { makeRunning, makeSession, report, statesOf, taskAt } from '../testing/session-fixture.ts';
import { sessionKind } from './session.ts';

const DRAFT = { type: 'create', title: 'Keep notes', initial_prompt: 'Keep notes.', template: 'crud' };

test('a new session is pending, belongs to who made it, and is the answer', () => {
  const session = makeSession({ template: undefined, tags: ['a'] });

  expect(session.state).toMatchObject({
    id: 's-1',
    tenant_id: 'dev',
    state: 'pending',
    run: 0,
    created_by: 'user:anna',
    priority: 'medium',
    tags: ['a'],
    created_at: '2026-01-01T00:00:00.000Z',
  });
  expect(session.value).toEqual(session.state);
  expect('template' in session.state).toBe(false);
  expect(session.eventNames).toEqual(['created']);
  expect(sessionKind.indexOf(session.state)).toEqual({
    status: 'pending',
    title: 'Keep notes',
    text: expect.any(String),
    labels: ['type:execution', 'priority:medium', 'by:user:anna', 'tag:a'],
  });
});

test('an id in use is refused, and a title that says nothing too', () => {
  const session = makeSession();
  const before = session.state;

  expect(session.handle({ ...DRAFT, title: 'Other work' }).failure?.code).toBe('NAME_TAKEN');
  expect(session.state).toBe(before);
  expect(() => new OneActor(sessionKind, 's-2').handle({ ...DRAFT, title: 'Untitled' })).toThrow(
    'VALIDATION_FAILED',
  );
});

test('commands to a session that is not there are refused; other messages are ignored', () => {
  const session = new OneActor<Session>(sessionKind, 's-9');

  for (const type of ['start', 'stop', 'cancel', 'delete']) {
    expect(session.handle({ type }).failure?.code, type).toBe('SESSION_NOT_FOUND');
  }
  expect(session.handle({ type: 'time_is_up', run: 1 }, 'timer').effects).toEqual([]);
  expect(session.isThere).toBe(false);
});

test('starting makes the tasks and lets those begin that wait for nothing, each after it was made', () => {
  const session = makeRunning({ max_duration_seconds: 90 });

  const sent = session.of('send').map(({ to, message }) => `${message.type} ${to.id}`);
  const ids = session.state.tasks.map(({ id }) => id);
  expect(session.state).toMatchObject({
    state: 'running',
    run: 1,
    used_template: 'crud',
    status_detail: 'working',
  });
  expect(sent).toEqual([
    ...ids.map((id) => `create ${id}`),
    ...ids.slice(0, 4).map((id) => `make_ready ${id}`),
  ]);
  expect(statesOf(session)).toEqual(['ready', 'ready', 'ready', 'ready', 'pending']);
  expect(
    session.of('schedule').map(({ key, atMs, message }) => [key, atMs - session.nowMs, message]),
  ).toEqual([
    ['checkpoint_due', 300_000, { type: 'checkpoint_due', run: 1 }],
    ['time_is_up', 90_000, { type: 'time_is_up', run: 1 }],
  ]);
});

test('a session with an unknown template is refused to start and stays pending', () => {
  const session = makeSession({ template: 'waterfall' });

  session.handle({ type: 'start' });

  expect(session.failure?.code).toBe('VALIDATION_FAILED');
  expect(session.state).toMatchObject({ state: 'pending', run: 0, tasks: [] });
});

test('a task begins when the last of those before it is done, with their branches in order', () => {
  const session = makeRunning();
  for (const index of [3, 1, 0]) report(session, index, { state: 'completed', branch: `b-${index}` });
  const early = session.sentTo('task');

  report(session, 2, { state: 'completed', branch: 'b-2' });

  expect(early).toEqual([]);
  expect(session.of('send').filter(({ to }) => to.type === 'task')).toMatchObject([
    {
      to: { id: taskAt(session, 4).id },
      message: { type: 'make_ready', merge: ['b-0', 'b-1', 'b-2', 'b-3'] },
    },
  ]);
});

test('services begin as soon as all shared components have begun', () => {
  const session = makeRunning({ template: 'microservice' });
  for (const index of [0, 1]) report(session, index, { state: 'in_progress' });
  const early = session.of('send');

  report(session, 2, { state: 'in_progress' });

  expect(early).toEqual([]);
  expect(session.sentTo('task').map(({ type }) => type)).toEqual(['make_ready', 'make_ready', 'make_ready']);
});

test('what a task of another run says is kept as an event and changes nothing', () => {
  const session = makeRunning();
  const before = session.state;

  report(session, 0, { state: 'completed', run: 0 });

  expect(session.state).toBe(before);
  expect(session.of('emit')).toMatchObject([
    { name: 'late_task_change', payload: { run: 0, current_run: 1, state: 'completed' } },
  ]);
  expect(session.effects).toHaveLength(1);
});

test('reports that come late, twice or out of order are dropped', () => {
  const session = makeRunning();
  report(session, 0, { state: 'in_progress', attempt: 2 });
  const before = session.state;

  report(session, 0, { state: 'in_progress', attempt: 2 });
  report(session, 0, { state: 'assigned', attempt: 2 });
  report(session, 0, { state: 'failed', attempt: 1, reason: 'retry' });

  expect(session.state).toBe(before);
  expect(session.effects).toEqual([]);
});

test('nothing is heard of a task after its end, and an end counts whatever attempt it names', () => {
  const session = makeRunning({ template: 'microservice' });
  report(session, 0, { state: 'in_progress', attempt: 3 });

  report(session, 0, { state: 'completed', attempt: 1, branch: 'b' });
  const before = session.state;
  report(session, 0, { state: 'ready', attempt: 4 });

  expect(taskAt(session, 0)).toMatchObject({ state: 'completed', attempt: 3, branch: 'b' });
  expect(session.state).toBe(before);
});

test('a session is degraded from a failed attempt until the next one is at work', () => {
  const session = makeRunning();
  const seen: string[] = [];
  const look = () => seen.push(`${session.state.state} ${session.state.status_detail}`);

  report(session, 0, { state: 'in_progress' });
  look();
  report(session, 0, { state: 'failed', reason: 'retry', error: 'broke' });
  look();
  report(session, 0, { state: 'ready', attempt: 2, reason: 'retry' });
  look();
  report(session, 0, { state: 'assigned', attempt: 2 });
  look();
  report(session, 0, { state: 'in_progress', attempt: 2 });
  look();

  expect(seen).toEqual([
    'running working',
    'degraded retry_backoff',
    'degraded retry_backoff',
    'degraded retry_backoff',
    'running working',
  ]);
});

test('a session whose tasks all succeed is completed: its timer goes, its result names the branches', () => {
  const session = makeRunning({ template: 'none' });

  report(session, 0, { state: 'completed', branch: 'oio/s-1/x' });

  expect(session.state).toMatchObject({
    state: 'completed',
    status_detail: null,
    result: { summary: '1 of 1 tasks completed', branches: ['oio/s-1/x'] },
  });
  expect(session.of('cancel').map(({ key }) => key)).toEqual(['time_is_up', 'checkpoint_due']);
  expect(session.state.ended_at).not.toBeNull();
});

test('a required task that fails for good ends the session: skip to what waits for it, cancel to what is open', () => {
  const session = makeRunning();

  report(session, 1, { state: 'failed', reason: 'failed', error: 'no way' });

  expect(session.state).toMatchObject({ state: 'failed', error: '"Implement read" failed: no way' });
  expect(session.sentTo('task').map(({ type }) => type)).toEqual(['skip', 'cancel', 'cancel', 'cancel']);
  expect(statesOf(session)).toEqual(['ready', 'failed', 'ready', 'ready', 'skipped']);
});

test('after its end a session keeps listening to how its tasks ended, and does nothing more', () => {
  const session = makeRunning();
  session.handle({ type: 'stop' });

  report(session, 0, { state: 'completed' });
  report(session, 1, { state: 'cancelled' });

  expect(statesOf(session).slice(0, 2)).toEqual(['completed', 'cancelled']);
  expect(session.state.state).toBe('stopped');
  expect(session.of('send')).toEqual([]);
});

test('an optional task that fails leaves the session partially completed', () => {
  const session = makeRunning({ template: 'microservice', metadata: { services: 1 } });
  const tasks = session.state.tasks.map((task, index) => (index === 3 ? { ...task, required: false } : task));
  session.state = { ...session.state, tasks };

  for (const index of [0, 1, 2]) report(session, index, { state: 'completed', branch: `b-${index}` });
  report(session, 3, { state: 'failed', reason: 'failed', error: 'no way' });

  expect(session.state).toMatchObject({
    state: 'partially_completed',
    result: { summary: '3 of 4 tasks completed', branches: ['b-0', 'b-1', 'b-2'] },
  });
});

test('a session that used up its budget pauses: nothing new begins, what is at work may end', () => {
  const session = makeRunning({ token_budget: 100 });
  for (const index of [0, 1, 2]) report(session, index, { state: 'completed', branch: `b-${index}` });

  report(session, 3, { state: 'completed', usage: { tokens_in: 90, tokens_out: 10, cost_usd: 0 } });

  expect(session.state).toMatchObject({ state: 'paused', status_detail: 'budget_exceeded' });
  expect(session.state.state_reason).toBe('budget_exhausted');
  expect(session.sentTo('task')).toEqual([]);
  expect(session.handle({ type: 'cancel' }).state.state).toBe('cancelled');
  expect(session.sentTo('task').map(({ type }) => type)).toEqual(['cancel']);
});

test('a session whose last task used up its budget is completed all the same', () => {
  const session = makeRunning({ template: 'none', cost_budget_usd: 1 });

  report(session, 0, { state: 'completed', usage: { tokens_in: 0, tokens_out: 0, cost_usd: 2 } });

  expect(session.state.state).toBe('completed');
});

test('a paused session ends when its last tasks come in', () => {
  const session = makeRunning({ template: 'microservice', token_budget: 1, metadata: { services: 1 } });
  for (const index of [0, 1, 2]) report(session, index, { state: 'in_progress' });
  report(session, 0, { state: 'completed', usage: { tokens_in: 5, tokens_out: 0, cost_usd: 0 } });
  const held = session.state.state;

  for (const index of [1, 2, 3]) report(session, index, { state: 'completed' });

  expect(held).toBe('paused');
  expect(session.state.state).toBe('completed');
  expect(session.of('emit').filter(({ name }) => name === 'transitioned')).toMatchObject([
    { payload: { from: 'paused', to: 'running' } },
    { payload: { from: 'running', to: 'completed' } },
  ]);
});

test('the time limit ends the run that it was set for, and no other', () => {
  const session = makeRunning();
  const before = session.state;
  session.handle({ type: 'time_is_up', run: 2 }, 'timer');
  const after = session.state;

  session.handle({ type: 'time_is_up', run: 1 }, 'timer');

  expect(after).toBe(before);
  expect(session.state).toMatchObject({ state: 'timeout', error: 'not finished after 3600 seconds' });
  expect(session.sentTo('task').map(({ type }) => type)).toEqual(Array(5).fill('cancel'));
});
