import { expect, test } from 'vitest';
import { sampleSession, sampleTask, sampleTaskSummary } from '#protocols/testing/samples.ts';
import { buildTestGateway } from '../testing/gateway.ts';

const usage = { tokens_in: 10, tokens_out: 5, cost_usd: 0.25 };
const attempt = {
  number: 1,
  agent_id: 'agent-one',
  assigned_at: '2026-01-01T00:00:00.000Z',
  started_at: null,
  ended_at: null,
  outcome: null,
  percent: null,
  note: null,
  usage,
  result: null,
};

test('a task shows its latest attempt, and the use of all', async () => {
  const { app, client } = buildTestGateway();
  const attempts = [
    { ...attempt, outcome: 'failed' as const },
    { ...attempt, number: 2, agent_id: 'agent-two', percent: 40, note: 'running the tests' },
  ];
  client.put(
    { type: 'task', tenant: 'dev', id: 't1' },
    sampleTask({ id: 't1', state: 'in_progress', attempts }),
  );

  const response = await app.inject({ url: '/api/v1/tasks/t1' });

  expect(response.headers.etag).toBe('"1"');
  expect(response.json()).toMatchObject({
    session_id: 'session-1',
    attempt: 2,
    agent_id: 'agent-two',
    percent: 40,
    note: 'running the tests',
    expected_hours: 2,
    usage: { tokens_in: 20, tokens_out: 10, cost_usd: 0.5 },
  });
});

test('the tasks of a session are listed in pages, in the order of the plan', async () => {
  const { app, client } = buildTestGateway();
  const ids = ['t2', 't1', 't3'];
  const tasks = ids.map((id) => sampleTaskSummary({ id }));
  client.put({ type: 'session', tenant: 'dev', id: 'session-1' }, sampleSession({ tasks }));
  for (const id of [...ids, 'of-an-earlier-run'])
    client.put({ type: 'task', tenant: 'dev', id }, sampleTask({ id }));

  const page = (await app.inject({ url: '/api/v1/sessions/session-1/tasks?page_size=2' })).json();

  expect(page).toMatchObject({ total: 3, pages: 2 });
  expect(page.items.map((task: { id: string }) => task.id)).toEqual(['t2', 't1']);
});

test('a task that was just planned and is not there yet is left out', async () => {
  const { app, client } = buildTestGateway();
  const tasks = [sampleTaskSummary({ id: 't1' }), sampleTaskSummary({ id: 't2' })];
  client.put({ type: 'session', tenant: 'dev', id: 'session-1' }, sampleSession({ tasks }));
  client.put({ type: 'task', tenant: 'dev', id: 't2' }, sampleTask({ id: 't2' }));

  const page = (await app.inject({ url: '/api/v1/sessions/session-1/tasks' })).json();

  expect(page.items.map((task: { id: string }) => task.id)).toEqual(['t2']);
  expect(page.total).toBe(2);
});

test('a task that is not there is not found', async () => {
  const { app } = buildTestGateway();

  const response = await app.inject({ url: '/api/v1/tasks/nothing' });

  expect(response.json()).toMatchObject({ status: 404, code: 'TASK_NOT_FOUND' });
});
