import { expect, test } from 'vitest';
import { BulkJob } from '#protocols/bulk.ts';
import { sampleAgent, sampleSession, sampleTask, sampleTaskSummary } from '#protocols/testing/samples.ts';
import { buildTestGateway } from './testing/gateway.ts';

const V1 = '/api/v1';
const AT = '2026-01-01T00:00:00.000Z';
const job = {
  ...{ id: 'j1', tenant_id: 'dev', created_at: AT, updated_at: AT, ended_at: null, created_by: 'user:dev' },
  ...{ action: 'stop', reason: null, start: false, state: 'running', items: [] },
};
/** One entity of each kind, at version 7; whatever is asked of it is done. */
function build() {
  const gateway = buildTestGateway(() => ({ ok: true, value: null }));
  const put = (type: string, id: string, state: unknown) =>
    gateway.client.put({ type, tenant: 'dev', id }, state, { version: 7 });
  const tasks = ['t1', 't2'].map((id) => sampleTaskSummary({ id }));
  put('session', 's1', sampleSession({ id: 's1', state: 'paused', tasks, edges: [[], []] }));
  for (const id of ['t1', 't2']) {
    const task = sampleTask({ id, brief: { ...sampleTask().brief, session_id: 's1' } });
    gateway.client.put({ type: 'task', tenant: 'dev', id }, task, { version: 3 });
  }
  put('agent', 'agent-one', sampleAgent());
  put('bulk', 'j1', BulkJob.parse(job));
  return gateway;
}

const CHANGES: Record<string, object | undefined> = {
  'POST sessions/s1/start': undefined,
  'POST sessions/s1/pause': undefined,
  'POST sessions/s1/resume': undefined,
  'POST sessions/s1/stop': undefined,
  'POST sessions/s1/cancel': undefined,
  'POST sessions/s1/complete': { reason: 'good enough' },
  'POST sessions/s1/fail': { reason: 'no use' },
  'POST sessions/s1/retry': undefined,
  'POST sessions/s1/prompt': { prompt: 'And the manual.' },
  'POST sessions/s1/adopt': undefined,
  'POST sessions/s1/checkpoints': undefined,
  'DELETE sessions/s1': undefined,
  'POST tasks': { session_id: 's1', title: 'Test it' },
  'POST tasks/t1/subtasks': { title: 'Test it' },
  'POST tasks/t1/decompose': { template: 'crud' },
  'POST tasks/t1/dependencies': { task_id: 't2' },
  'DELETE tasks/t1/dependencies/t2': undefined,
  'POST sessions/bulk/j1/cancel': undefined,
  'POST agents/agent-one/drain': undefined,
  'POST agents/agent-one/maintenance': { enabled: true },
  'POST agents/agent-one/deregister': undefined,
  'POST agents/agent-one/performance': { quality: 1 },
};

async function change(name: string, tag: string) {
  const gateway = build();
  const [method, path] = name.split(' ');
  const body = CHANGES[name];
  const response = await gateway.app.inject({
    method: method === 'DELETE' ? 'DELETE' : 'POST',
    url: `${V1}/${path}`,
    headers: { 'if-match': tag },
    ...(body ? { payload: body } : {}),
  });
  return { response, commands: gateway.client.commands };
}

test('a change of another version than the one that was read is refused 412, whatever it is', async () => {
  for (const name of Object.keys(CHANGES)) {
    const { response } = await change(name, '"6"');

    expect([name, response.json()]).toEqual([
      name,
      expect.objectContaining({
        status: 412,
        code: 'PRECONDITION_FAILED',
        current_version: 7,
        retryable: false,
      }),
    ]);
  }
});

test('the versions travel with the command: they are compared in its turn, where nothing comes between', async () => {
  for (const name of Object.keys(CHANGES)) {
    const some = await change(name, '"6", W/"7"');
    const any = await change(name, '*');

    expect([name, some.response.statusCode === 412, some.commands[0]?.ifVersions]).toEqual([
      name,
      false,
      [6, 7],
    ]);
    expect([name, any.response.statusCode === 412, any.commands[0]?.ifVersions]).toEqual([
      name,
      false,
      undefined,
    ]);
  }
});

test('an If-Match that is none is refused with its path', async () => {
  for (const tag of ['7', '"seven"', '"1" "2"', '*, "1"']) {
    const { response, commands } = await change('POST sessions/s1/stop', tag);

    expect(response.json()).toMatchObject({ status: 422, errors: [{ path: 'headers.if-match' }] });
    expect(commands).toHaveLength(0);
  }
});

test('every entity that can be read by itself has an ETag', async () => {
  const { app } = build();
  const paths = [
    'sessions/s1',
    'agents/agent-one',
    'agents/agent-one/performance',
    'sessions/bulk/j1',
    'actors/agent/agent-one',
    // The plan is the session's.
    'sessions/s1/graph',
    'tasks/t1/tree',
    'tasks/t1/dependencies',
  ];

  for (const path of paths) {
    expect([path, (await app.inject({ url: `${V1}/${path}` })).headers.etag]).toEqual([path, '"7"']);
  }
});

test('every change of an entity and every POST says in the reference which headers it takes', async () => {
  const { app } = build();
  const { paths } = (await app.inject({ url: '/openapi.json' })).json();
  const headersOf = (path: string, method: string): string[] =>
    (paths[path]?.[method]?.parameters ?? [])
      .filter((parameter: { in: string }) => parameter.in === 'header')
      .map(({ name }: { name: string }) => name.toLowerCase());

  for (const [path, methods] of Object.entries<object>(paths)) {
    // What an agent says by EAP has its key in its body; each login is another one.
    const isKeyless = path.includes('/agents/external/{id}/') || /\/log(in|out)$/.test(path);
    if ('post' in methods && !isKeyless)
      expect([path, headersOf(path, 'post')]).toEqual([path, expect.arrayContaining(['idempotency-key'])]);
  }
  expect(headersOf('/api/v1/sessions/{id}/stop', 'post')).toContain('if-match');
  expect(paths['/api/v1/sessions/{id}/stop'].post.responses).toHaveProperty('412');
});
