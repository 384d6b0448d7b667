import { expect, test } from 'vitest';
import { APPROVAL_LIMITS } from '#protocols/approval.ts';
import type { Task } from '#protocols/task.ts';
import type { OneActor } from '#protocols/testing/one-actor.ts';
import {
  decideOn,
  PUSH,
  request,
  requestOf,
  requestOpenly,
  verdict,
  WHICH,
} from '../testing/request-fixture.ts';
import { DONE, fromAgent, makeAssignedTask, makeRunningTask, resultOf } from '../testing/task-fixture.ts';
import { taskKind } from './task.ts';

/** What its agent was told of its requests, by their names. */
function told(task: OneActor<Task>): Record<string, string> {
  const tellings = task.sentTo('agent').filter(({ type }) => type === 'tell');
  const payloads = tellings.map(({ payload }) => payload as { requestId: string; outcome: string });
  return Object.fromEntries(payloads.map(({ requestId, outcome }) => [requestId, outcome]));
}

test('whoever asks has begun its attempt, is told that it waits, and the rules are asked first', () => {
  const task = request(makeAssignedTask());

  expect(task.state.state).toBe('in_progress');
  expect(requestOf(task, 'r-1')).toMatchObject({ state: 'judging', attempt: 1, kind: 'permission' });
  expect(task.value).toEqual({ state: 'pending', requestId: 'r-1', expiresAt: '2026-01-01T00:10:00.000Z' });
  expect(task.sentTo('approval-policy')).toMatchObject([
    { type: 'judge', session_id: 's-1', checks: [{ permission: 'bash', pattern: 'git push origin' }] },
  ]);
  expect(task.sentTo('approval')).toEqual([]);
  expect(task.of('schedule').at(-1)).toMatchObject({ message: { type: 'request_expired' } });
});

test('what a rule allows or denies is told to the agent at once, with the rule, and asks nobody', () => {
  const allowed = verdict(request(makeRunningTask()), 'r-1', 'allow', { rule: 'allow bash *' });
  const denied = verdict(request(makeRunningTask()), 'r-1', 'deny', { rule: 'deny bash *' });

  expect(allowed.sentTo('agent')).toMatchObject([
    {
      type: 'tell',
      kind: 'permission.decision',
      payload: { requestId: 'r-1', outcome: 'selected', optionId: 'once', by: 'policy' },
    },
  ]);
  expect(denied.sentTo('agent')).toMatchObject([
    { payload: { outcome: 'selected', optionKind: 'reject_once' } },
  ]);
  for (const task of [allowed, denied]) {
    expect(task.eventNames).toEqual(['approval_decided']);
    expect(task.of('emit')[0]?.payload).toMatchObject({
      by: 'policy',
      reason: expect.stringContaining('rule: '),
    });
    expect(task.sentTo('approval')).toEqual([]);
    expect(task.sentTo('audit')).toEqual([]);
    expect(task.of('cancel')).toHaveLength(1);
  }
});

test('what rules leave open has a row of its own, an event, its time, and shows on the session', () => {
  const task = requestOpenly(makeRunningTask(), 'r-1', PUSH, { origin_task_id: 'ses_child' });

  expect(task.eventNames).toEqual(['approval_requested']);
  expect(task.sentTo('approval')).toMatchObject([
    {
      type: 'open',
      approval: {
        state: 'pending',
        title: 'git push origin',
        agent_id: 'agent-a',
        session_id: 's-1',
        origin_task_id: 'ses_child',
      },
    },
  ]);
  expect(task.sentTo('session')).toMatchObject([{ type: 'task_waits', waits_for: 'waiting_for_approval' }]);
});

test('a question that rules allow is still a person to answer, one that they deny is answered by nobody', () => {
  const open = verdict(request(makeRunningTask(), 'q', WHICH), 'q', 'allow');
  const denied = verdict(request(makeRunningTask(), 'q', WHICH), 'q', 'deny');

  expect(requestOf(open, 'q').state).toBe('pending');
  expect(open.sentTo('session')).toMatchObject([{ waits_for: 'waiting_for_input' }]);
  expect(denied.sentTo('agent')).toMatchObject([{ kind: 'input', payload: { outcome: 'rejected' } }]);
});

test('a shorter wish of the agent counts, a longer one is cut to what the policy says', () => {
  const asked = (seconds?: number) => {
    const wish = seconds === undefined ? {} : { expires_seconds: seconds };
    return verdict(request(makeRunningTask(), 'r-1', PUSH, wish), 'r-1', 'ask', { expires_seconds: 300 });
  };

  expect(requestOf(asked(), 'r-1').expires_at).toBe('2026-01-01T00:05:00.000Z');
  expect(requestOf(asked(30), 'r-1').expires_at).toBe('2026-01-01T00:00:30.000Z');
  expect(requestOf(asked(86_400), 'r-1').expires_at).toBe('2026-01-01T00:05:00.000Z');
});

test('a request that is said again is the same one, and is answered with what became of it', () => {
  const task = requestOpenly(makeRunningTask());
  const before = task.state;
  request(task);
  const pending = [task.value, task.state.requests];
  decideOn(task, 'r-1', { option: 'once' });
  request(task);

  expect(pending).toEqual([expect.objectContaining({ state: 'pending' }), before.requests]);
  expect(task.value).toMatchObject({
    state: 'decided',
    decision: { kind: 'permission.decision', requestId: 'r-1', outcome: 'selected', optionId: 'once' },
  });
  expect(task.state.requests).toHaveLength(1);
});

test('another request under a known name is refused', () => {
  const task = requestOpenly(makeRunningTask());

  expect(request(task, 'r-1', { ...PUSH, patterns: ['rm -rf /'] }).failure?.code).toBe(
    'IDEMPOTENCY_KEY_REUSED',
  );
  expect(request(task, 'r-1', WHICH).failure?.code).toBe('IDEMPOTENCY_KEY_REUSED');
  expect(requestOf(task, 'r-1').ask).toMatchObject({ patterns: ['git push origin'] });
});

test('two at once are two: each answer reaches the one that it names, in any order', () => {
  const task = requestOpenly(requestOpenly(makeRunningTask(), 'r-1'), 'r-2', {
    ...PUSH,
    patterns: ['git tag x'],
  });

  decideOn(task, 'r-2', { option: 'reject', reason: 'no tags' });
  const second = task.sentTo('agent');
  const waits = task.sentTo('session');
  decideOn(task, 'r-1', { option: 'allow_once' });

  expect(second).toMatchObject([
    {
      ref: requestOf(task, 'r-2').id,
      payload: { requestId: 'r-2', optionKind: 'reject_once', note: 'no tags' },
    },
  ]);
  expect(waits).toEqual([]);
  expect(task.sentTo('agent')).toMatchObject([{ payload: { requestId: 'r-1', optionKind: 'allow_once' } }]);
  expect(task.sentTo('session')).toMatchObject([{ type: 'task_waits', waits_for: null }]);
});

test('nobody answered in time is no, and is told, audited and shown', () => {
  const task = requestOpenly(makeRunningTask());
  const approval_id = requestOf(task, 'r-1').id;

  task.handle({ type: 'request_expired', approval_id }, 'timer');
  const [first, audited, rows] = [told(task), task.sentTo('audit'), task.sentTo('approval')];
  task.handle({ type: 'request_expired', approval_id }, 'timer');

  expect(first).toEqual({ 'r-1': 'expired' });
  expect(audited).toMatchObject([{ act: 'approval.decided', by: 'timer', target: approval_id }]);
  expect(rows).toMatchObject([{ type: 'settle', state: 'expired' }]);
  expect(task.effects).toEqual([]);
});

test('a request that no rule ever judged ends by its time, too', () => {
  const task = request(makeRunningTask());

  task.handle({ type: 'request_expired', approval_id: requestOf(task, 'r-1').id }, 'timer');

  expect(told(task)).toEqual({ 'r-1': 'expired' });
  expect(verdict(task, 'r-1', 'allow').effects).toEqual([]);
});

test('however an attempt ends, what it asked is answered with cancelled', () => {
  const ends = [
    resultOf(DONE),
    { type: 'agent_lost' },
    { type: 'attempt_timed_out' },
    { type: 'cancel', reason: 'enough' },
    { type: 'set_state', to: 'paused' },
    { type: 'restart', run: 2, from: 'anew' },
  ];
  for (const end of ends) {
    const task = requestOpenly(requestOpenly(makeRunningTask(), 'r-1'), 'q', WHICH);
    fromAgent(task, end);

    expect(told(task), end.type).toEqual({ 'r-1': 'cancelled', q: 'cancelled' });
    expect(task.state.requests.map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
    expect(task.sentTo('approval')).toMatchObject([{ state: 'cancelled' }, { state: 'cancelled' }]);
    expect(decideOn(task, 'r-1', { option: 'once' }).failure).toMatchObject({
      code: 'INVALID_TRANSITION',
      current_state: 'cancelled',
    });
    expect(task.eventNames).toEqual(['late_decision']);
  }
});

test('a request of an attempt that is over, or of another agent, is refused and kept as evidence', () => {
  const task = requestOpenly(makeRunningTask());
  fromAgent(task, { type: 'agent_lost' });
  task.handle({ type: 'routed', agent_id: 'agent-b', score: 1 }, 'registry/dev/agents');
  const late = { type: 'request', attempt: 1, agent_id: 'agent-a', request_id: 'r-2', ask: PUSH };
  task.handle(late, 'agent:agent-a');
  const [failure, events] = [task.failure, task.of('emit')];
  task.handle({ ...late, attempt: 2 }, 'agent:agent-a');

  expect(failure?.code).toBe('STALE_EPOCH');
  expect(events).toMatchObject([{ name: 'late_request', payload: { request_id: 'r-2', attempt: 1 } }]);
  expect(task.failure?.code).toBe('STALE_EPOCH');
  expect(task.state.requests).toHaveLength(1);
});

test('the next attempt may use a name that an earlier one used', () => {
  const task = requestOpenly(makeRunningTask());
  fromAgent(task, { type: 'agent_lost' });
  task.handle({ type: 'routed', agent_id: 'agent-b', score: 1 }, 'registry/dev/agents');

  request(task);

  expect(task.value).toMatchObject({ state: 'pending' });
  expect(task.state.requests.map(({ attempt, state }) => [attempt, state])).toEqual([
    [1, 'cancelled'],
    [2, 'judging'],
  ]);
});

test('an agent that no longer asks takes its request back and is not told of it', () => {
  const task = requestOpenly(makeRunningTask());

  fromAgent(task, { type: 'withdraw_request', request_id: 'r-1' });
  const [agent, rows] = [task.sentTo('agent'), task.sentTo('approval')];
  fromAgent(task, { type: 'withdraw_request', request_id: 'r-1' });

  expect(agent).toEqual([]);
  expect(rows).toMatchObject([{ state: 'withdrawn' }]);
  expect(task.reply).toEqual({ ok: true, value: null });
  expect(task.sentTo('approval')).toEqual([]);
});

test('so many wait at once and no more; what is decided is let go in its order', () => {
  const task = makeRunningTask();
  for (let n = 0; n < APPROVAL_LIMITS.waitingMax; n++) requestOpenly(task, `r-${n}`);

  expect(request(task, 'one-more').failure?.code).toBe('VALIDATION_FAILED');
  for (let n = 0; n < APPROVAL_LIMITS.waitingMax; n++) decideOn(task, `r-${n}`, { option: 'once' });
  for (let n = 0; n < 2 * APPROVAL_LIMITS.keptMax; n++) {
    requestOpenly(task, `s-${n}`);
    decideOn(task, `s-${n}`, { option: 'once' });
  }
  expect(task.state.requests).toHaveLength(APPROVAL_LIMITS.keptMax);
  expect(task.state.requests.every(({ ask }) => ask === null)).toBe(true);
});

test('what an agent waits for by itself shows on the session until its next report without it', () => {
  const task = makeRunningTask();

  fromAgent(task, { type: 'progress', note: 'slow down', waits_for: 'rate_limit' });
  const limited = task.sentTo('session');
  fromAgent(task, { type: 'progress', note: 'slow down', waits_for: 'rate_limit' });
  const again = task.sentTo('session');
  fromAgent(task, { type: 'progress', note: 'on' });
  const free = task.sentTo('session');
  fromAgent(task, { type: 'progress', waits_for: 'auth' });

  expect(limited).toMatchObject([{ type: 'task_waits', waits_for: 'rate_limited' }]);
  expect(again).toEqual([]);
  expect(free).toMatchObject([{ waits_for: null }]);
  expect(task.sentTo('session')).toMatchObject([{ waits_for: 'auth_required' }]);
});

test('a login that only a person can do shows as auth_required', () => {
  const ask = { ...PUSH, subject: { type: 'auth', title: 'Log in', paths: [] } };

  expect(requestOpenly(makeRunningTask(), 'r-1', ask).sentTo('session')).toMatchObject([
    { waits_for: 'auth_required' },
  ]);
});

test('a task of version 3 has no requests, and version 3 is written without them', () => {
  const task = requestOpenly(makeRunningTask());
  fromAgent(task, { type: 'progress', waits_for: 'auth' });
  const old = taskKind.writeState(task.state, 3) as Record<string, unknown>;

  expect(old).not.toHaveProperty('requests');
  expect(JSON.stringify(old)).not.toContain('waits_for');
  expect(taskKind.readState(old, 3)).toMatchObject({ requests: [], state: 'in_progress' });
});
