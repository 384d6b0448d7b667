import { expect, test } from 'vitest';
import { sampleSession } from '#protocols/testing/samples.ts';
import type { MemoryClient } from '#runtime/testing/client.ts';
import { actAsSession, buildTestGateway } from '../testing/gateway.ts';

const ROOT = '/api/v1/sessions';

interface Place {
  readonly parent?: string;
  readonly state?: string;
}

function put(client: MemoryClient, id: string, { parent, state = 'running' }: Place = {}): void {
  const session = { ...sampleSession({ id }), state, ...(parent === undefined ? {} : { parent_id: parent }) };
  const index = { status: state, title: id, createdAt: id, ...(parent === undefined ? {} : { parent }) };
  client.put({ type: 'session', tenant: 'dev', id }, session, index);
}

test('sessions are counted by state, and a session of the name stats would not be meant', async () => {
  const { app, client } = buildTestGateway();
  for (const [id, state] of [
    ['a', 'running'],
    ['b', 'running'],
    ['c', 'paused'],
    ['d', 'failed'],
  ] as const) {
    put(client, id, { state });
  }
  put(client, 'stats', { state: 'deleted' });

  const stats = (await app.inject({ url: `${ROOT}/stats` })).json();

  expect(stats).toMatchObject({ total: 4, active: 3 });
  expect(stats.by_state).toMatchObject({ running: 2, paused: 1, failed: 1, completed: 0 });
  expect(Object.keys(stats.by_state)).toHaveLength(12);
});

test('a tree is shown from its session down: each parent before its children, and these before its siblings', async () => {
  const { app, client } = buildTestGateway();
  put(client, 'root', { parent: 'above' });
  put(client, 'a', { parent: 'root' });
  put(client, 'b', { parent: 'root', state: 'completed' });
  put(client, 'a1', { parent: 'a' });
  put(client, 'a2', { parent: 'a' });

  const tree = (await app.inject({ url: `${ROOT}/root/tree` })).json();

  expect(tree.is_whole).toBe(true);
  expect(tree.nodes.map(({ id, depth }: { id: string; depth: number }) => `${depth} ${id}`)).toEqual([
    '0 root',
    '1 a',
    '2 a1',
    '2 a2',
    '1 b',
  ]);
  expect(tree.nodes[4]).toMatchObject({ parent_id: 'root', state: 'completed', health_score: 1 });
});

test('a tree that is too wide is cut, and says so', async () => {
  const { app, client } = buildTestGateway();
  put(client, 'root');
  for (let index = 100; index < 201; index++) put(client, `c${index}`, { parent: 'root' });

  const tree = (await app.inject({ url: `${ROOT}/root/tree` })).json();

  expect(tree.nodes).toHaveLength(101);
  expect(tree.is_whole).toBe(false);
});

test('a tree that runs in a circle is shown once', async () => {
  const { app, client } = buildTestGateway();
  put(client, 'a', { parent: 'b' });
  put(client, 'b', { parent: 'a' });

  expect((await app.inject({ url: `${ROOT}/a/tree` })).json().nodes).toHaveLength(2);
});

test('of a session that is not there no tree is shown', async () => {
  const { app } = buildTestGateway();

  expect((await app.inject({ url: `${ROOT}/nobody/tree` })).json()).toMatchObject({
    status: 404,
    code: 'SESSION_NOT_FOUND',
  });
});

test('a session is created below a parent that is there, and not below one that is not', async () => {
  const { app, client } = buildTestGateway(actAsSession);
  put(client, 'root');
  const create = (parent_id: string, key: string) =>
    app.inject({
      method: 'POST',
      url: ROOT,
      payload: { title: 'Make the tests pass', initial_prompt: 'Fix it.', parent_id },
      headers: { 'idempotency-key': key },
    });

  const created = await create('root', 'k-1');
  client.drop({ type: 'session', tenant: 'dev', id: 'root' });
  const again = await create('root', 'k-1');
  const refused = await create('root', 'k-2');

  expect(created.json()).toMatchObject({ parent_id: 'root', on_parent_end: 'orphan' });
  expect(again.statusCode).toBe(201);
  expect(refused.json()).toMatchObject({ status: 422, errors: [{ path: 'parent_id' }] });
});
