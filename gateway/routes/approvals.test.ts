import { expect, test } from 'vitest';
import { sampleApproval, sampleRequest } from '#protocols/testing/sample-approval.ts';
import { sampleAgent, sampleSession, sampleTask, sampleTaskSummary } from '#protocols/testing/samples.ts';
import { answerAsCluster } from '../testing/cluster.ts';
import { buildTestGateway } from '../testing/gateway.ts';

const at = (type: string, id: string) => ({ type, tenant: 'dev', id });
const AT = '2026-01-01T00:00:00.000Z';

function attempt(agent_id: string) {
  const open = { started_at: AT, ended_at: null, outcome: null, percent: null, note: null, result: null };
  const usage = { tokens_in: 0, tokens_out: 0, cost_usd: 0 };
  return { number: 1, agent_id, assigned_at: AT, usage, ...open };
}

function build() {
  const gateway = buildTestGateway(answerAsCluster());
  const { client, app } = gateway;
  const requests = [sampleRequest('pending')];
  const task = {
    id: 'task-asking',
    state: 'in_progress',
    attempts: [attempt('agent-one')],
    requests,
  } as const;
  client.put(at('task', 'task-asking'), sampleTask({ ...task, attempts: [...task.attempts] }));
  for (const approval of [
    sampleApproval(),
    sampleApproval({ id: 'other', task_id: 't-2', session_id: 's-2' }),
  ]) {
    const { state: status, session_id: parent, title, task_id, kind } = approval;
    const labels = [`task:${task_id}`, `kind:${kind}`];
    client.put(at('approval', approval.id), approval, { status, parent, title, labels });
  }
  const ask = async (method: 'GET' | 'POST' | 'PUT', path: string, payload?: object) => {
    const answer = await app.inject({ method, url: `/api/v1/${path}`, ...(payload ? { payload } : {}) });
    return { status: answer.statusCode, body: answer.json() };
  };
  return { ...gateway, ask };
}

test('approvals are listed by session, task and state', async () => {
  const { ask } = build();
  const idsOf = async (query: string) =>
    (await ask('GET', `approvals?${query}`)).body.items.map(({ id }: { id: string }) => id);

  expect(await idsOf('state=pending')).toHaveLength(2);
  expect(await idsOf('session=s-2')).toEqual(['other']);
  expect(await idsOf('task=task-asking')).toEqual(['approval-pending']);
  expect(await idsOf('state=approved,expired')).toEqual([]);
});

test('who decides reads the decision at once, and a second one is told what was decided', async () => {
  const { ask } = build();

  const decided = await ask('POST', 'approvals/approval-pending/decision', {
    option: 'once',
    reason: 'ours',
  });
  const read = await ask('GET', 'approvals/approval-pending');
  const late = await ask('POST', 'approvals/approval-pending/decision', { option: 'reject' });

  expect(decided).toMatchObject({ status: 200, body: { state: 'approved', task_id: 'task-asking' } });
  expect(read.body).toMatchObject({ state: 'approved', decision: { by: 'user:dev', reason: 'ours' } });
  expect(late).toMatchObject({
    status: 409,
    body: { code: 'INVALID_TRANSITION', current_state: 'approved' },
  });
});

test('an approval that is not there is 404, a word that was not offered 422', async () => {
  const { ask } = build();

  expect(await ask('GET', 'approvals/nothing')).toMatchObject({
    status: 404,
    body: { code: 'APPROVAL_NOT_FOUND' },
  });
  expect(await ask('POST', 'approvals/approval-pending/decision', { option: 'perhaps' })).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'option' }] },
  });
});

test('where no policy was set the one that holds is shown, and setting it replaces all of it', async () => {
  const { ask } = build();
  const rules = [{ permission: '*', pattern: '*', action: 'ask' }];

  const before = (await ask('GET', 'approvals/policy')).body;
  const set = await ask('PUT', 'approvals/policy', { rules });
  const after = (await ask('GET', 'approvals/policy')).body;

  expect(before).toMatchObject({ updated_at: null, expires_seconds: 600 });
  expect(set).toMatchObject({ status: 200, body: { rules, updated_by: 'user:dev' } });
  expect(after).toEqual(set.body);
});

test('to steer agents that do not take it is UNSUPPORTED, with what is taken', async () => {
  const { client, ask } = build();
  const tasks = [
    sampleTaskSummary({ id: 'a', state: 'in_progress', agent_id: 'agent-one' }),
    sampleTaskSummary({ id: 'b', state: 'in_progress', agent_id: 'agent-two' }),
  ];
  client.put(
    at('session', 's'),
    sampleSession({ id: 's', state: 'running', run: 1, tasks, edges: [[], []] }),
  );
  client.put(at('agent', 'agent-one'), sampleAgent({ supports: { steer: true, interrupt: false } }));
  client.put(at('agent', 'agent-two'), sampleAgent({ id: 'agent-two', name: 'AGENT-TWO' }));
  const prompt = (body: object) => ask('POST', 'sessions/s/prompt', { prompt: 'Use Postgres', ...body });

  expect(await prompt({ mode: 'steer' })).toMatchObject({
    status: 400,
    body: {
      code: 'UNSUPPORTED',
      allowed: ['enqueue', 'reject'],
      detail: expect.stringContaining('AGENT-TWO'),
    },
  });
  expect((await prompt({ mode: 'steer', task_id: 'a' })).status).toBe(200);
  expect(await prompt({ mode: 'interrupt', task_id: 'a' })).toMatchObject({
    status: 400,
    body: { allowed: ['enqueue', 'reject', 'steer'] },
  });
});
