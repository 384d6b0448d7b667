import { expect, test } from 'vitest';
import { SessionState } from '#protocols/session.ts';
import {
  admit,
  makeRunning,
  makeSession,
  movesOf,
  report,
  statesOf,
  toldTasks,
} from '../testing/session-fixture.ts';
import { sessionKind } from './session.ts';

const BY_SCHEDULER = 'scheduler/dev/sessions';
const MINUTE_MS = 60_000;

function makeQueued(draft: Record<string, unknown> = {}) {
  return makeSession(draft).handle({ type: 'start' });
}

test('a session that is started waits for its slot: it says what it wants, and has no tasks yet', () => {
  const session = makeQueued({
    priority: 'high',
    model: 'anthropic/claude',
    workspace: { repo: 'https://git.example/notes.git/' },
    agent_config: { bert: {}, ada: {} },
    concurrency_keys: ['deploy/prod', 'deploy/prod'],
  });

  expect(session.state).toMatchObject({ state: 'queued', run: 0, ticket: 1, tasks: [], started_at: null });
  expect(session.value).toBe(session.state);
  expect(session.sentTo('scheduler')).toEqual([
    {
      type: 'want',
      session_id: 's-1',
      ticket: 1,
      priority: 'high',
      keys: [
        'repository:https://git.example/notes',
        'provider:anthropic',
        'agent:ada',
        'agent:bert',
        'key:deploy/prod',
      ],
    },
  ]);
  expect(session.of('send')).toHaveLength(1);
});

test('with its slot it runs, and keeps the reason for which it was queued', () => {
  const session = makeQueued();
  session.nowMs += 90_000;

  admit(session);

  expect(session.state).toMatchObject({
    state: 'running',
    state_reason: 'started',
    run: 1,
    queued_ms: 90_000,
  });
  expect(session.of('cancel').map(({ key }) => key)).toContain('queue_due');
  expect(session.sentTo('scheduler')).toEqual([]);
});

test('a slot that comes twice begins one run; one of an earlier ticket, or for one that wants none, goes back', () => {
  const session = admit(makeQueued());
  const before = session.state;
  const back = (ticket: number) => [{ type: 'release', session_id: 's-1', ticket }];

  expect(admit(session).effects).toEqual([]);
  expect(session.state).toBe(before);
  expect(session.handle({ type: 'admitted', ticket: 0 }, BY_SCHEDULER).sentTo('scheduler')).toEqual(back(0));
  for (const state of SessionState.options) {
    if (['queued', 'running', 'degraded'].includes(state)) continue;
    session.state = { ...before, state };
    expect(admit(session).sentTo('scheduler'), state).toEqual(back(1));
    expect(session.state.state).toBe(state);
  }
  const nobody = makeSession().handle({ type: 'fail', reason: 'no' }).handle({ type: 'delete' });
  expect(nobody.handle({ type: 'admitted', ticket: 4 }).sentTo('scheduler')).toEqual(back(4));
});

test('whatever ends or holds a session gives back its slot, or takes it from the queue', () => {
  const endings = [
    { type: 'pause' },
    { type: 'stop' },
    { type: 'complete', reason: 'done' },
    { type: 'fail', reason: 'no' },
    { type: 'time_is_up', run: 1 },
    { type: 'parent_gone', parent_id: 'parent', reason: 'gone' },
  ];
  const release = [{ type: 'release', session_id: 's-1', ticket: 1 }];

  for (const message of endings) {
    const session = makeRunning({ parent_id: 'parent' });
    expect(session.handle(message).sentTo('scheduler'), message.type).toEqual(release);
  }
  for (const message of [{ type: 'cancel' }, { type: 'fail', reason: 'no' }]) {
    const session = makeQueued();
    expect(session.handle(message).sentTo('scheduler'), message.type).toEqual(release);
    expect(session.of('cancel').map(({ key }) => key)).toContain('queue_due');
  }
  const done = makeRunning({ template: 'none' });
  expect(report(done, 0, { state: 'completed' }).sentTo('scheduler')).toEqual(release);
  const spent = makeRunning({ token_budget: 1 });
  const usage = { tokens_in: 5, tokens_out: 0, cost_usd: 0 };
  expect(report(spent, 0, { state: 'completed', usage }).sentTo('scheduler')).toEqual(release);
  const paused = makeRunning().handle({ type: 'pause' });
  expect(paused.handle({ type: 'stop' }).sentTo('scheduler')).toEqual([]);
});

test('a session that degrades and recovers keeps its slot', () => {
  const session = makeRunning();

  report(session, 0, { state: 'failed', reason: 'retry', error: 'broke' });
  const degraded = session.sentTo('scheduler');
  report(session, 0, { state: 'in_progress', attempt: 2 });

  expect(degraded).toEqual([]);
  expect(session.state.state).toBe('running');
  expect(session.sentTo('scheduler')).toEqual([]);
});

test('a resumed session waits for a slot, and goes on with it in the same run', () => {
  const session = makeRunning();
  report(session, 0, { state: 'completed' });
  session.handle({ type: 'pause' }).handle({ type: 'resume' });
  const [moves, wish] = [movesOf(session), session.sentTo('scheduler')];
  for (const index of [1, 2]) report(session, index, { state: 'completed' });

  admit(session);

  expect(moves).toEqual(['paused > queued']);
  expect(wish).toMatchObject([{ type: 'want', ticket: 2 }]);
  expect(session.state).toMatchObject({ state: 'running', run: 1 });
  expect(toldTasks(session)).toEqual(['unhold 3']);
  expect(statesOf(session)).toEqual(['completed', 'completed', 'completed', 'ready', 'pending']);
});

test('the time in the queue is not taken from the time of a run', () => {
  const session = makeRunning({ max_duration_seconds: 600 });
  session.nowMs += 100_000;
  session.handle({ type: 'pause' });
  session.nowMs += 50_000;
  session.handle({ type: 'resume' });
  const calledOff = session.of('cancel').map(({ key }) => key);
  const early = session.handle({ type: 'time_is_up', run: 2 }, 'timer').state.state;
  session.nowMs += 60 * MINUTE_MS;

  admit(session);

  const [timer] = session.of('schedule').filter(({ key }) => key === 'time_is_up');
  expect(calledOff).toContain('time_is_up');
  expect(early).toBe('queued');
  expect(timer).toMatchObject({ atMs: session.nowMs + 450_000, message: { run: 1 } });
});

test('a session that waits longer than it may ends as timeout, and can be retried', () => {
  const session = makeQueued({ max_queue_seconds: 90 });
  const [timer] = session.of('schedule');
  const early = session.handle({ type: 'queue_due', ticket: 1 }, 'timer').state.state;
  session.nowMs += 90_000;
  session.handle({ type: 'queue_due', ticket: 0 }, 'timer');
  const other = session.state.state;

  session.handle({ type: 'queue_due', ticket: 1 }, 'timer');

  expect(timer).toMatchObject({ key: 'queue_due', atMs: session.nowMs, message: { ticket: 1 } });
  expect([early, other]).toEqual(['queued', 'queued']);
  expect(session.state).toMatchObject({ state: 'timeout', error: 'no capacity within 90 seconds' });
  expect(session.sentTo('scheduler')).toEqual([{ type: 'release', session_id: 's-1', ticket: 1 }]);
  expect(session.handle({ type: 'retry' }).state).toMatchObject({ state: 'queued', ticket: 2 });
});

test('a session that waits says its wish again in turn, under the same ticket', () => {
  const session = makeQueued();
  const [timer] = session.of('schedule');
  session.nowMs += 10 * MINUTE_MS;

  session.handle({ type: 'queue_due', ticket: 1 }, 'timer');

  expect(timer?.atMs).toBe(session.nowMs);
  expect(session.sentTo('scheduler')).toMatchObject([{ type: 'want', ticket: 1 }]);
  expect(session.of('schedule')).toMatchObject([{ key: 'queue_due', atMs: session.nowMs + 10 * MINUTE_MS }]);
});

test('asked whether it has its slot, a session at work says so, and any other gives it back', () => {
  const session = makeRunning();
  const check = (ticket: number) =>
    session.handle({ type: 'slot_check', ticket }, BY_SCHEDULER).sentTo('scheduler');

  expect(check(1)).toEqual([{ type: 'holding', session_id: 's-1', ticket: 1 }]);
  expect(check(7)).toEqual([{ type: 'release', session_id: 's-1', ticket: 7 }]);
  session.handle({ type: 'pause' });
  expect(check(1)).toEqual([{ type: 'release', session_id: 's-1', ticket: 1 }]);
});

test('a session that never heard of its slot begins when it is asked for it', () => {
  const session = makeQueued().handle({ type: 'slot_check', ticket: 1 }, BY_SCHEDULER);

  expect(session.state).toMatchObject({ state: 'running', run: 1 });
  expect(session.sentTo('scheduler')).toEqual([{ type: 'holding', session_id: 's-1', ticket: 1 }]);
});

test('a session at work that lost its slot holds its tasks and waits to go on; one that waits, waits on', () => {
  const session = makeRunning().handle({ type: 'slot_lost', ticket: 1 }, BY_SCHEDULER);
  const [moves, told, wish] = [movesOf(session), toldTasks(session), session.sentTo('scheduler')];
  const queued_at = session.state.queued_at;
  session.nowMs += MINUTE_MS;

  session.handle({ type: 'slot_lost', ticket: 2 }, BY_SCHEDULER);

  expect(moves).toEqual(['running > paused', 'paused > queued']);
  expect(told).toEqual(['hold 0', 'hold 1', 'hold 2', 'hold 3']);
  expect(wish.map(({ type, ticket }) => `${type} ${ticket}`)).toEqual(['release 1', 'want 2']);
  expect(session.state).toMatchObject({ state: 'queued', ticket: 3, queued_at });
  expect(session.handle({ type: 'slot_lost', ticket: 2 }, BY_SCHEDULER).effects).toEqual([]);
  expect(admit(session).state).toMatchObject({ state: 'running', run: 1 });
});

test('a session for which the queue has no place is pending again, and says which quota is used up', () => {
  const full = { type: 'not_queued', quota: 'sessions_queued', limit: 2, used: 2 };
  const session = makeQueued().handle({ ...full, ticket: 1 }, BY_SCHEDULER);
  const begun = makeRunning().handle({ type: 'pause' }).handle({ type: 'resume' });

  begun.handle({ ...full, ticket: 2 }, BY_SCHEDULER);

  const reason = 'QUOTA_EXCEEDED: quota "sessions_queued": 2 of 2 used';
  expect(session.state).toMatchObject({ state: 'pending', state_reason: reason, warnings: [reason] });
  expect(session.handle({ ...full, ticket: 1 }, BY_SCHEDULER).effects).toEqual([]);
  expect(session.handle({ type: 'start' }).state).toMatchObject({ state: 'queued', ticket: 2 });
  expect(begun.state).toMatchObject({ state: 'pending', run_left_ms: null });
  expect(toldTasks(begun)).toHaveLength(5);
  expect(admit(begun.handle({ type: 'start' })).state).toMatchObject({ state: 'running', run: 2 });
});

test('a session whose template is gone when its slot comes has failed, and gives the slot back', () => {
  const session = makeQueued();
  session.state = { ...session.state, template: 'gone' };

  admit(session);

  expect(session.state).toMatchObject({ state: 'failed', run: 0 });
  expect(session.sentTo('scheduler')).toEqual([{ type: 'release', session_id: 's-1', ticket: 1 }]);
});

test('a session of version 1 is read as one without a slot, and what is written for its nodes is read again whole', () => {
  const now = makeRunning().state;
  const { ticket, queued_ms, run_ends_at, run_left_ms, max_queue_seconds, concurrency_keys, ...first } = now;

  const read = sessionKind.readState(first, 1);

  expect(read).toMatchObject({ ticket: 0, queued_ms: 0, run_ends_at: null, concurrency_keys: [] });
  expect(sessionKind.readState(sessionKind.writeState(now, 1), 1)).toEqual(now);
});
