import { expect, test } from 'vitest';
import { buildTestGateway } from '../testing/gateway.ts';

test('the cluster is told: nodes, and who has which partition', async () => {
  const { app, client } = buildTestGateway();
  const row = { epoch: 2, batch: 7, generation: 0, cursor: 12, controlCursor: 3, movedAtMs: 0 };
  client.partitionsNow = [
    { id: 0, owner: 'node-1', ...row },
    { id: 1, owner: 'node-gone', ...row },
    { id: 2, owner: null, ...row },
  ];

  const answer = await app.inject({ url: '/api/v1/cluster' });

  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toMatchObject({
    ...{ partition_count: 3, owned: 4, nodes: [{ id: 'node-1', partitions: 4, lag: 0, heard_ms_ago: 20 }] },
    partitions: [
      { id: 0, owner: 'node-1', is_owner_heard: true, epoch: 2, batch: 7, cursor: 12, control_cursor: 3 },
      { id: 1, owner: 'node-gone', is_owner_heard: false },
      { id: 2, owner: null, is_owner_heard: false, moved_at: '1970-01-01T00:00:00.000Z' },
    ],
  });
});

test('an actor is shown as it is stored, with where it lives', async () => {
  const { app, client } = buildTestGateway();
  client.put({ type: 'task', tenant: 'dev', id: 't1' }, { any: 'thing' });

  const answer = await app.inject({ url: '/api/v1/actors/task/t1' });

  expect(answer.headers.etag).toBe('"1"');
  expect(answer.json()).toMatchObject({
    ...{ address: 'task/dev/t1', version: 1, state_version: 1, partition: 0, owner: 'node-1', timers: [] },
    state: { any: 'thing' },
  });
});

test('an actor that is not there is not found, and what is no address is not valid', async () => {
  const { app } = buildTestGateway();

  expect((await app.inject({ url: '/api/v1/actors/task/t1' })).json()).toMatchObject({ code: 'NOT_FOUND' });
  const problem = (await app.inject({ url: '/api/v1/actors/Task/a%20b' })).json();
  expect([problem.status, problem.errors.map(({ path }: { path: string }) => path)]).toEqual([
    422,
    ['params.type', 'params.id'],
  ]);
});
