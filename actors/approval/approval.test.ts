import { expect, test } from 'vitest';
import type { Approval, StoredPolicy } from '#protocols/approval.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { policyKind } from '../approval-policy/policy.ts';
import { requestOpenly } from '../testing/request-fixture.ts';
import { makeRunningTask } from '../testing/task-fixture.ts';
import { approvalKind } from './approval.ts';

const CHECKS = [{ permission: 'bash', pattern: 'git push origin' }];
const about = { task_id: 't-1', session_id: 's-1', approval_id: 'a-1' };

function judged(policy: OneActor<StoredPolicy>, checks: object[] = CHECKS) {
  return policy.handle({ type: 'judge', ...about, checks }, 'task/dev/t-1');
}

test('a request is opened once and settled once', () => {
  const [open] = requestOpenly(makeRunningTask()).sentTo('approval');
  const row = new OneActor<Approval>(approvalKind, 'id-1');
  const decision = {
    by: 'user:anna',
    at: '2026-01-01T00:00:01.000Z',
    reason: null,
    option_id: 'once',
    answers: null,
  };

  row.handle({ type: 'settle', state: 'approved', decision });
  expect(row.isThere).toBe(false);
  row.handle(open ?? { type: 'none' }).handle(open ?? { type: 'none' });
  row.handle({ type: 'settle', state: 'approved', decision });
  row.handle({ type: 'settle', state: 'expired', decision: { ...decision, by: 'timer' } });

  expect(row.state).toMatchObject({ state: 'approved', decision: { by: 'user:anna' } });
  expect(row.kind.indexOf(row.state)).toEqual({
    status: 'approved',
    title: 'git push origin',
    parent: 's-1',
    labels: ['task:t-1', 'kind:permission'],
  });
});

test('a tenant that said nothing leaves its working copies to agents, and asks about what reaches outside', () => {
  const policy = new OneActor<StoredPolicy>(policyKind, 'policy');

  const inside = judged(policy, [{ permission: 'edit', pattern: 'src/a.ts' }]).sentTo('task');
  const outside = judged(policy, [{ permission: 'external_directory', pattern: '/etc/*' }]).sentTo('session');

  expect(inside).toEqual([
    {
      type: 'judged',
      approval_id: 'a-1',
      action: 'allow',
      by: 'policy',
      rule: 'allow * *',
      expires_seconds: 600,
    },
  ]);
  expect(outside).toMatchObject([{ type: 'judge_request', task_id: 't-1', expires_seconds: 600 }]);
  expect(policy.isThere).toBe(false);
});

test('what a tenant sets holds from then on, and the audit has what was there before', () => {
  const policy = new OneActor<StoredPolicy>(policyKind, 'policy');
  const rules = [{ permission: 'bash', pattern: 'git push *', action: 'deny' }];

  policy.handle({ type: 'set', rules, expires_seconds: 60 });
  const audited = policy.sentTo('audit');
  const denied = judged(policy).sentTo('task');
  const asked = judged(policy, [{ permission: 'edit', pattern: 'a' }]).sentTo('session');

  expect(audited).toMatchObject([{ act: 'approval_policy.set', before: { expires_seconds: 600 } }]);
  expect(denied).toMatchObject([{ action: 'deny', rule: 'deny bash git push *' }]);
  expect(asked).toMatchObject([{ type: 'judge_request', expires_seconds: 60 }]);
});
