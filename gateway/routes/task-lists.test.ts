import { expect, test } from 'vitest';
import { sampleAgent, sampleTask } from '#protocols/testing/samples.ts';
import type { MemoryClient } from '#runtime/testing/client.ts';
import { buildTestGateway } from '../testing/gateway.ts';

const ROOT = '/api/v1/tasks';
const brief = (session_id: string, run = 1) => ({
  session_id,
  run,
  session_title: 'Notes',
  prompt: 'Notes.',
});

function putTask(client: MemoryClient, changes: Parameters<typeof sampleTask>[0]): void {
  const task = sampleTask(changes);
  const index = { status: task.state, title: task.title, parent: task.brief.session_id };
  client.put({ type: 'task', tenant: 'dev', id: task.id }, task, { ...index, createdAt: task.id });
}

function buildWithTasks() {
  const { app, client } = buildTestGateway();
  putTask(client, { id: 't1', state: 'completed', brief: brief('s1') });
  putTask(client, { id: 't2', state: 'failed', brief: brief('s1'), title: 'Test the scanner' });
  putTask(client, { id: 't3', state: 'in_progress', brief: brief('s2') });
  putTask(client, { id: 't4', state: 'completed', brief: brief('s2') });
  const since = '2026-01-01T00:00:00.000Z';
  const assignments = ['t3', 't-gone'].map((task_id) => ({ task_id, attempt: 1, accepted: true, since }));
  client.put({ type: 'agent', tenant: 'dev', id: 'agent-one' }, sampleAgent({ assignments }));
  const get = async (query: string) => (await app.inject({ url: `${ROOT}${query}` })).json();
  const ids = async (query: string) =>
    (await get(query)).items.map(({ id }: { id: string }) => id) as string[];
  return { get, ids, client };
}

test('tasks are listed over all sessions, by state, session, agent and words, in pages', async () => {
  const { get, ids } = buildWithTasks();

  expect(await ids('')).toEqual(['t4', 't3', 't2', 't1']);
  expect(await ids('?state=completed,failed&order=asc')).toEqual(['t1', 't2', 't4']);
  expect(await ids('?session=s1&state=completed')).toEqual(['t1']);
  expect(await ids('?search=test+scan')).toEqual(['t2']);
  expect(await ids('?agent=agent-one')).toEqual(['t3']);
  expect(await ids('?agent=agent-one&state=failed')).toEqual([]);
  expect(await ids('?agent=agent-one&session=s2&search=parser')).toEqual(['t3']);
  expect(await ids('?agent=nobody')).toEqual([]);
  expect(await get('?page=2&page_size=3')).toMatchObject({ total: 4, pages: 2, items: [{ id: 't1' }] });
});

test('a list that asks for what cannot be is refused with the path of each fault', async () => {
  const { get } = buildWithTasks();

  const problem = await get('?state=asleep&session=a%20b&page=0');

  expect(problem.status).toBe(422);
  expect(problem.errors.map(({ path }: { path: string }) => path).sort()).toEqual([
    'query.page',
    'query.session',
    'query.state.0',
  ]);
});

test('tasks are told in numbers, all or those of a session', async () => {
  const { get } = buildWithTasks();

  expect(await get('/stats')).toMatchObject({
    total: 4,
    by_state: { completed: 2, failed: 1, in_progress: 1, pending: 0 },
    open: 1,
    success_rate: 2 / 3,
  });
  expect(await get('/stats?session=s2')).toMatchObject({ total: 2, success_rate: 1 });
  expect(await get('/stats?session=s9')).toMatchObject({ total: 0, success_rate: null });
  expect(await get('/stats?session=a%20b')).toMatchObject({
    status: 422,
    errors: [{ path: 'query.session' }],
  });
});
