import { expect, test } from 'vitest';
import type { Reply } from '#protocols/failure.ts';
import { encodeEdge } from '#protocols/session-graph.ts';
import { sampleSession, sampleTask, sampleTaskSummary } from '#protocols/testing/samples.ts';
import type { Command } from '#runtime/client.ts';
import type { MemoryClient } from '#runtime/testing/client.ts';
import { buildTestGateway } from '../testing/gateway.ts';

const SESSION = { type: 'session', tenant: 'dev', id: 'session-1' };
const ROOT = '/api/v1/tasks';
const on = (at: number, kind: 'finish_to_start' | 'start_to_start' = 'finish_to_start', required = true) =>
  encodeEdge({ at, kind, required });

/** Design, then build with two parts, then an optional test that may start with the building. */
function sample() {
  const tasks = [
    sampleTaskSummary({ id: 'design', title: 'Design it', state: 'completed', expected_hours: 2 }),
    sampleTaskSummary({ id: 'build', title: 'Build it', expected_hours: 1, deviation_hours: 0.5 }),
    sampleTaskSummary({ id: 'store', title: 'Implement the store', expected_hours: 4, parent: 1 }),
    sampleTaskSummary({ id: 'routes', title: 'Implement the routes', expected_hours: 3, parent: 1 }),
    sampleTaskSummary({ id: 'test', title: 'Test it', expected_hours: 1, required: false }),
  ];
  const edges = [[], [on(0), on(2), on(3)], [on(0)], [on(0)], [on(1, 'start_to_start', false)]];
  return sampleSession({ state: 'running', run: 1, tasks, edges });
}

/** Answers as a session's actor might: takes what it is told, refuses circles and what has ended. */
function actAsPlan(command: Command, client: MemoryClient): Reply {
  const stored = client.find(command.to);
  if (!stored) return { ok: false, failure: { code: 'SESSION_NOT_FOUND', detail: 'there is none' } };
  const session = sampleSession(Object(stored.state));
  const { type, dependency } = command.message;
  if (session.state === 'completed') {
    const detail = 'it has ended';
    return {
      ok: false,
      failure: { code: 'INVALID_TRANSITION', detail, current_state: 'completed', allowed: [] },
    };
  }
  if (Object(dependency).task_id === 'test') {
    return {
      ok: false,
      failure: { code: 'DEPENDENCY_CYCLE', detail: 'a circle', cycle: ['build', 'test', 'build'] },
    };
  }
  if (type === 'link' || type === 'unlink') return { ok: true, value: { task_id: 'build' } };
  const tasks = [...session.tasks, sampleTaskSummary({ id: 'new', title: 'Document it', parent: 1 })];
  client.put(command.to, { ...session, tasks, edges: [...session.edges, [on(0)]] });
  return { ok: true, value: { task_ids: ['new'] } };
}

function build(state: 'running' | 'completed' = 'running') {
  const { app, client } = buildTestGateway(actAsPlan);
  const session = sample();
  client.put(SESSION, { ...session, state });
  for (const { id, title } of session.tasks) {
    client.put({ type: 'task', tenant: 'dev', id }, sampleTask({ id, title }));
  }
  /** `method` and path in one, as people write it. */
  const ask = async (asked: string, payload?: object, key?: string) => {
    const [method = '', url = ''] = asked.split(' ');
    const headers = key === undefined ? {} : { 'idempotency-key': key };
    const response = await app.inject({
      method: method as 'GET' | 'POST' | 'DELETE', // One of these in every test here.
      url,
      headers,
      ...(payload ? { payload } : {}),
    });
    return { status: response.statusCode, headers: response.headers, body: response.json() };
  };
  return { client, ask };
}

const ADDS = [
  {
    url: ROOT,
    body: { session_id: 'session-1', title: 'Document it', depends_on: [{ task_id: 'design' }] },
    bad: { session_id: 'session-1', title: 'The documents' },
    faults: ['title'],
    unknown: { session_id: 'none', title: 'Document it' },
  },
  {
    url: `${ROOT}/build/subtasks`,
    body: { title: 'Document it', estimate: { likely: 2 } },
    bad: { title: 'Document it', estimate: { likely: 2, optimistic: 3 } },
    faults: ['estimate'],
  },
  {
    url: `${ROOT}/build/decompose`,
    body: { tasks: [{ key: 'a', title: 'Document it' }] },
    bad: {
      tasks: [
        { key: 'a', title: 'Document it', after: [{ key: 'b' }] },
        { key: 'b', title: 'Test it', after: [{ key: 'a' }, { key: 'c' }] },
      ],
    },
    faults: ['tasks.1.after.1.key', 'tasks.0.after'],
  },
] as const;

test('a task, a part of one and a whole plan are added, and what was added is shown', async () => {
  for (const { url, body } of ADDS) {
    const { ask, client } = build();

    const { status, body: added } = await ask(`POST ${url}`, body);

    expect(status, url).toBe(201);
    expect(added, url).toMatchObject({
      session_id: 'session-1',
      items: [{ id: 'new', title: 'Document it', parent_id: 'build', depends_on: ['design'] }],
    });
    expect(client.commands[0]?.to).toEqual(SESSION);
    expect(client.commands[0]?.message).toMatchObject({ tasks: [{ title: 'Document it' }] });
  }
});

test('what is wrong with a plan is named with its path, a circle too', async () => {
  for (const { url, bad, faults } of ADDS) {
    const { ask, client } = build();

    const { body } = await ask(`POST ${url}`, bad);

    expect(body, url).toMatchObject({ status: 422, code: 'VALIDATION_FAILED' });
    expect(
      body.errors.map(({ path }: { path: string }) => path),
      url,
    ).toEqual(faults);
    expect(client.commands).toEqual([]);
  }
  const { ask } = build();
  const { body } = await ask(`POST ${ADDS[2].url}`, ADDS[2].bad);
  expect(body.errors[1].message).toBe('closes a cycle: a → b → a');
});

test('a plan for what is not there is not found, and one for what has ended is a conflict', async () => {
  const { ask } = build('completed');

  expect((await ask(`POST ${ROOT}`, ADDS[0].unknown)).body).toMatchObject({
    status: 404,
    code: 'SESSION_NOT_FOUND',
  });
  for (const path of ['subtasks', 'decompose']) {
    expect((await ask(`POST ${ROOT}/none/${path}`, { title: 'Test it' })).body.code, path).toBe(
      'TASK_NOT_FOUND',
    );
  }
  for (const { url, body } of ADDS) {
    expect((await ask(`POST ${url}`, body)).body, url).toMatchObject({
      status: 409,
      current_state: 'completed',
      allowed: [],
    });
  }
});

test('the same key adds once, and with another body it is refused', async () => {
  for (const { url, body } of ADDS) {
    const { ask } = build();

    const first = await ask(`POST ${url}`, body, 'k');
    const again = await ask(`POST ${url}`, body, 'k');

    expect(again.body, url).toEqual(first.body);
    const other = url === ADDS[2].url ? { template: 'crud' } : { ...body, title: 'Test it' };
    expect((await ask(`POST ${url}`, other, 'k')).body.code, url).toBe('IDEMPOTENCY_KEY_REUSED');
  }
});

test('the parts of a task are listed in pages, and the tree below it is shown with how far it is', async () => {
  const { ask } = build();

  const { body: page } = await ask(`GET ${ROOT}/build/subtasks?page_size=1&page=2`);
  const { body: tree } = await ask(`GET ${ROOT}/build/tree`);

  expect(page).toMatchObject({ total: 2, items: [{ id: 'routes' }] });
  expect(tree.nodes.map(({ id, depth }: { id: string; depth: number }) => [id, depth])).toEqual([
    ['build', 0],
    ['store', 1],
    ['routes', 1],
  ]);
  expect(tree.progress).toBe(0);
  expect((await ask(`GET ${ROOT}/build/subtasks?page=0`)).body.errors).toMatchObject([
    { path: 'query.page' },
  ]);
  for (const path of ['subtasks', 'tree', 'dependencies']) {
    expect((await ask(`GET ${ROOT}/none/${path}`)).body.code, path).toBe('TASK_NOT_FOUND');
  }
});

test('what a task waits for and what waits for it is told as the session has it', async () => {
  const { ask } = build();

  const { body } = await ask(`GET ${ROOT}/build/dependencies`);

  expect(body.depends_on).toMatchObject([
    { task_id: 'design', title: 'Design it', state: 'completed', kind: 'finish_to_start', required: true },
    { task_id: 'store' },
    { task_id: 'routes' },
  ]);
  expect(body.dependents).toEqual([
    { task_id: 'test', title: 'Test it', state: 'pending', kind: 'start_to_start', required: false },
  ]);
});

test('a dependency is added and taken away by the session, each once a key', async () => {
  const { ask, client } = build();

  const added = await ask(
    `POST ${ROOT}/build/dependencies`,
    { task_id: 'design', kind: 'start_to_start' },
    'k',
  );
  const again = await ask(
    `POST ${ROOT}/build/dependencies`,
    { task_id: 'design', kind: 'start_to_start' },
    'k',
  );
  const removed = await ask(`DELETE ${ROOT}/build/dependencies/design`);

  expect([added.status, again.status, removed.status]).toEqual([201, 201, 200]);
  expect(again.body).toEqual(added.body);
  expect(client.commands.map(({ message }) => message)).toEqual([
    {
      type: 'link',
      task_id: 'build',
      dependency: { task_id: 'design', kind: 'start_to_start', required: true },
    },
    {
      type: 'link',
      task_id: 'build',
      dependency: { task_id: 'design', kind: 'start_to_start', required: true },
    },
    { type: 'unlink', task_id: 'build', depends_on: 'design' },
  ]);
});

test('a dependency that closes a circle is a conflict with the circle; a wrong one names its fault', async () => {
  const { ask } = build();
  const url = `${ROOT}/build/dependencies`;

  expect((await ask(`POST ${url}`, { task_id: 'test' })).body).toMatchObject({
    status: 409,
    code: 'DEPENDENCY_CYCLE',
    cycle: ['build', 'test', 'build'],
  });
  expect((await ask(`POST ${url}`, { task_id: 'design', kind: 'maybe' })).body.errors).toMatchObject([
    { path: 'kind' },
  ]);
  expect((await ask(`POST ${ROOT}/none/dependencies`, { task_id: 'design' })).body.code).toBe(
    'TASK_NOT_FOUND',
  );
  expect((await ask(`DELETE ${ROOT}/none/dependencies/design`)).body.code).toBe('TASK_NOT_FOUND');
  const ended = build('completed');
  expect((await ended.ask(`DELETE ${ROOT}/build/dependencies/design`)).status).toBe(409);
});

test('the graph of a session tells its edges, an order, the longest way and what is left of it', async () => {
  const { ask } = build();

  const { body } = await ask('GET /api/v1/sessions/session-1/graph');

  expect(body.critical_path).toEqual({ task_ids: ['design', 'store', 'build'], hours: 7 });
  expect(body).toMatchObject({
    order: ['design', 'store', 'routes', 'build', 'test'],
    remaining_hours: 5,
    deviation_hours: 0.5,
    progress: { done: 1, in_work: 0, failed: 0, blocked: 0, waiting: 4, percent: 18 },
  });
  expect(body.edges).toContainEqual({ from: 'build', to: 'test', kind: 'start_to_start', required: false });
  expect(body.nodes[1]).toMatchObject({
    id: 'build',
    starts_at_hours: 6,
    ends_at_hours: 7,
    is_critical: true,
  });
  expect((await ask('GET /api/v1/sessions/none/graph')).body.code).toBe('SESSION_NOT_FOUND');
});
