import { expect, test } from 'vitest';
import type { Session } from '#protocols/session.ts';
import { shownDetailOf } from '#protocols/session-detail.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { makeRunning, report, taskAt } from '../testing/session-fixture.ts';
import { sessionKind } from './session.ts';

const CHECKS = [{ permission: 'bash', pattern: 'git push origin' }];
const RULE = { permission: 'bash', pattern: 'git push *', action: 'allow' };

function atWork(): OneActor<Session> {
  const session = makeRunning({ template: 'crud' });
  report(session, 0, { state: 'in_progress', agent_id: 'agent-a' });
  report(session, 1, { state: 'in_progress', agent_id: 'agent-b' });
  return session;
}

function waits(session: OneActor<Session>, at: number, ...[waits_for, extra = {}]: [string | null, object?]) {
  const { id: task_id, attempt } = taskAt(session, at);
  const message = { type: 'task_waits', run: 1, task_id, attempt, waits_for, ...extra };
  return session.handle(message, `task/dev/${task_id}`);
}

function judge(session: OneActor<Session>) {
  const about = { task_id: taskAt(session, 0).id, session_id: session.state.id, approval_id: 'a-1' };
  const message = { type: 'judge_request', ...about, checks: CHECKS, expires_seconds: 600 };
  return session.handle(message, 'approval-policy/dev/policy').sentTo('task');
}

test('a session shows what its tasks wait for, people first, and its own detail when none does', () => {
  const session = atWork();
  const shown: unknown[] = [shownDetailOf(session.state)];

  waits(session, 0, 'rate_limited');
  shown.push(shownDetailOf(session.state));
  waits(session, 1, 'waiting_for_input');
  shown.push(shownDetailOf(session.state));
  waits(session, 0, 'waiting_for_approval');
  shown.push(shownDetailOf(session.state));
  waits(session, 0, null);
  waits(session, 1, null);
  shown.push(shownDetailOf(session.state));

  expect(shown).toEqual(['working', 'rate_limited', 'waiting_for_input', 'waiting_for_approval', 'working']);
  expect(session.of('emit')).toMatchObject([
    { name: 'task_waits', payload: { waits_for: null, status_detail: 'working' } },
  ]);
});

test('what is paused shows why it is', () => {
  const session = waits(atWork(), 0, 'waiting_for_approval').handle({ type: 'pause' });

  expect(session.state.state).toBe('paused');
  expect(shownDetailOf(session.state)).toBe(null);
});

test('a task that is no longer at work waits for nobody', () => {
  for (const news of [{ state: 'completed' }, { state: 'ready', attempt: 2, agent_id: null }]) {
    const session = waits(atWork(), 0, 'waiting_for_approval');
    report(session, 0, news as Parameters<typeof report>[2]);

    expect(taskAt(session, 0)).not.toHaveProperty('waits_for');
  }
});

test('news of another run, of another attempt or of an unknown task is not heard', () => {
  for (const extra of [{ run: 2 }, { attempt: 7 }, { task_id: 'nothing' }]) {
    const session = atWork();
    const before = session.state;
    waits(session, 0, 'waiting_for_approval', extra);

    expect(session.state).toBe(before);
    expect(session.effects).toEqual([]);
  }
});

test('a rule that a person made for the session decides the next request like it', () => {
  const session = waits(atWork(), 1, 'waiting_for_approval');
  const before = judge(session);

  session.handle({ type: 'add_rules', run: 1, rules: [RULE], by: 'user:anna' }, 'task/dev/t-1');
  const told = session.sentTo('task');
  const names = session.eventNames;
  session.handle({ type: 'add_rules', run: 1, rules: [RULE], by: 'user:anna' }, 'task/dev/t-1');

  expect(before).toMatchObject([{ type: 'judged', action: 'ask', by: 'session_rule', rule: null }]);
  expect(judge(session)).toMatchObject([{ action: 'allow', rule: 'allow bash git push *' }]);
  expect(session.state.permission_rules).toEqual([RULE]);
  expect(told).toEqual([{ type: 'rules_added', run: 1, rules: [RULE] }]);
  expect(names).toEqual(['permission_rules_added']);
});

test('a session that is not there leaves it to a person', () => {
  const nobody = new OneActor<Session>(sessionKind, 's-9');
  const about = { task_id: 't-1', session_id: 's-9', approval_id: 'a-1' };
  nobody.handle({ type: 'judge_request', ...about, checks: CHECKS, expires_seconds: 60 }, 'x/dev/y');

  expect(nobody.sentTo('task')).toMatchObject([{ action: 'ask' }]);
  expect(nobody.isThere).toBe(false);
});

test('a session of version 5 waits for nothing and has no rules, and is written without them', () => {
  const session = waits(atWork(), 0, 'waiting_for_approval');
  session.handle({ type: 'add_rules', run: 1, rules: [RULE], by: 'user:anna' });
  const old = sessionKind.writeState(session.state, 5);

  expect(JSON.stringify(old)).not.toContain('waits_for');
  expect(old).not.toHaveProperty('permission_rules');
  expect(sessionKind.readState(old, 5)).toMatchObject({ id: session.state.id });
});
