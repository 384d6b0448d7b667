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

test('what waits is told of the partitions that lag, and of the fullest actors of the tenant', async () => {
  const { app, client } = buildTestGateway();
  const row = { epoch: 2, batch: 7, generation: 0, cursor: 12, controlCursor: 3, movedAtMs: 0 };
  client.partitionsNow = [
    { id: 0, owner: 'node-1', ...row },
    { id: 1, owner: 'node-1', ...row },
  ];
  const actors = ['session/dev/a', 'session/other/b', 'task/dev/c'].map((to) => ({ to, waiting: 400 }));
  client.newsNow = { ...client.newsNow, behind: [{ id: 1, lag: 900, oldestMs: 2_500 }], fullest: actors };

  const cluster = (await app.inject({ url: '/api/v1/cluster' })).json();

  expect(cluster.partitions).toMatchObject([
    { id: 0, lag: null, oldest_ms: null },
    { id: 1, lag: 900, oldest_ms: 2_500 },
  ]);
  expect(cluster.fullest).toEqual([
    { address: 'session/dev/a', waiting: 400 },
    { address: 'task/dev/c', waiting: 400 },
  ]);
});

test('partitions that went from node to node are listed, newest first, up to a limit', async () => {
  const { app, client } = buildTestGateway();
  const handedOver = [2, 1].map((at) => ({ atMs: at, partition: at, from: null, to: `node-${at}` }));
  client.newsNow = { ...client.newsNow, sinceMs: 0, handedOver };

  const answer = (await app.inject({ url: '/api/v1/cluster/hand-overs?limit=1' })).json();

  expect(answer).toEqual({
    since: '1970-01-01T00:00:00.000Z',
    items: [{ at: '1970-01-01T00:00:00.002Z', partition: 2, from: null, to: 'node-2' }],
  });
});
