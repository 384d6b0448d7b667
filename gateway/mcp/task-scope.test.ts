/** With the token of a task: what it opens, what it does not, and when it ends. */
import { type CallToolResult, Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { expect, onTestFinished, test } from 'vitest';
import { type ApiClient, buildClient } from '#protocols/client/client.ts';
import { NO_USAGE } from '#protocols/task.ts';
import { sampleSession, sampleTask, sampleTaskSummary } from '#protocols/testing/samples.ts';
import { signTaskToken, type TaskClaims } from '#runtime/task-token.ts';
import { answerAsCluster } from '../testing/cluster.ts';
import { buildTestGateway, NOW_MS, type TestGateway } from '../testing/gateway.ts';
import { buildMcpCases } from '../testing/mcp-cases.ts';
import { scopeClient } from './task-scope.ts';

const KEY = 'key of this deployment, not a short one';
const CLAIMS = {
  ...{ tenant: 'dev', session: 'own', task: 'own-task', attempt: 2, agent: 'agent-one' },
  expires: NOW_MS + 60_000,
} as TaskClaims;

const at = (type: string, id: string) => ({ type, tenant: 'dev', id });

interface World extends TestGateway {
  readonly connect: (token: string) => Promise<Client>;
  readonly global: string;
  readonly foreign: string;
}

/** Two sessions with a task each; the agent has the second attempt of `own-task`. */
async function startWorld(auth: 'off' | 'keys' = 'off'): Promise<World> {
  const gateway = buildTestGateway(answerAsCluster(), { config: { taskKey: KEY, auth } });
  const { app, client } = gateway;
  for (const id of ['own', 'other']) {
    const tasks = [sampleTaskSummary({ id: `${id}-task`, state: 'in_progress', attempt: 2 })];
    const session = sampleSession({ id, state: 'running', run: 1, tasks, edges: [[]] });
    client.put(at('session', id), session, { status: 'running', title: session.title });
    client.put(at('task', `${id}-task`), taskOf(id), { status: 'in_progress', parent: id });
  }
  const make = async (payload: object) =>
    (await app.inject({ method: 'POST', url: '/api/v1/contexts', payload })).json().id;
  const global = await make({ scope: 'global', name: 'All' });
  const foreign = await make({ scope: 'session', session_id: 'other', name: 'Theirs' });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(async () => void (await app.close()));
  const connect = async (token: string) => {
    const given = new Client({ name: 'test', version: '1' });
    const requestInit = { headers: { authorization: `Bearer ${token}` } };
    await given.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit }));
    onTestFinished(() => given.close());
    return given;
  };
  return { ...gateway, connect, global, foreign };
}

function taskOf(session_id: string, last: object = {}) {
  const open = { started_at: null, ended_at: null, outcome: null, percent: null, note: null, result: null };
  const assigned_at = new Date(NOW_MS).toISOString();
  const base = { agent_id: 'agent-one', assigned_at, usage: NO_USAGE, ...open };
  const brief = { session_id, run: 1, session_title: 'Ship it', prompt: 'Ship it.' };
  const attempts = [
    { ...base, number: 1, outcome: 'failed' as const },
    { ...base, number: 2, ...last },
  ];
  return sampleTask({ id: `${session_id}-task`, state: 'in_progress', brief, attempts });
}

const call = (client: Client, name: string, asked: object = {}) =>
  client.callTool({ name, arguments: { ...asked } });

function codeOf({ isError, content: [first] }: CallToolResult): unknown {
  return isError === true && first?.type === 'text' ? JSON.parse(first.text).error?.code : null;
}

test('its session and task are meant where none is named, and what it does is done as its agent', async () => {
  const { connect } = await startWorld();
  const client = await connect(signTaskToken(KEY, CLAIMS));

  const session = await call(client, 'get_session');
  const added = await call(client, 'add_subtask', { title: 'Test the parser' });
  const made = await call(client, 'create_context', { name: 'Notes', data: { a: 1 } });
  const { id, version } = Object(made.structuredContent);
  await call(client, 'set_context', { context_id: id, path: 'b', value: 2, version });
  const listed = await call(client, 'list_contexts');
  const lock = await call(client, 'acquire_lock', {
    name: 'repo/main',
    holder: 'another',
    ttl_ms: 3_600_000,
  });

  expect(session.structuredContent).toMatchObject({ id: 'own' });
  expect(added.structuredContent).toMatchObject({ session_id: 'own', items: [{ parent_id: 'own-task' }] });
  expect(Object(listed.structuredContent).items).toMatchObject([
    { id, session_id: 'own', label: 'agent', updated_by: 'agent:agent-one' },
  ]);
  expect(lock.structuredContent).toMatchObject({
    state: 'granted',
    owner: 'agent:agent-one/own-task.2',
    expires_at: new Date(NOW_MS + 300_000).toISOString(),
  });
});

test('nothing of another session, or of none, can be seen or changed: it is as if it were not there', async () => {
  const { connect, client: store, global, foreign } = await startWorld();
  const client = await connect(signTaskToken(KEY, CLAIMS));
  const before = store.commands.length;

  const other = { session_id: 'other' };
  const tried = [
    ...['get_session', 'watch_session', 'list_tasks', 'list_contexts', 'list_artifacts'].map((name) => [
      name,
      other,
    ]),
    ['list_approvals', other],
    ['get_task', { task_id: 'other-task' }],
    ['get_task', { task_id: 'never-there' }],
    ['add_task', { ...other, title: 'Test it' }],
    ['add_subtask', { task_id: 'other-task', title: 'Test it' }],
    ['create_context', { ...other, name: 'Notes' }],
    ['get_context', { context_id: foreign }],
    ['get_context', { context_id: global }],
    ['get_context', { context_id: foreign, path: 'a' }],
    ['set_context', { context_id: foreign, path: 'a', value: 1, version: 1 }],
    ['set_context', { context_id: global, path: 'a', value: 1, version: 1 }],
    ['read_artifact', { task_id: 'other-task', artifact_id: 'a' }],
  ] as const;
  const codes = [];
  for (const [name, asked] of tried)
    codes.push([name, codeOf(await call(client, String(name), Object(asked)))]);

  expect(codes).toEqual(tried.map(([name]) => [name, 'NOT_FOUND']));
  expect(store.commands.length).toBe(before);
});

test('what only a person may do is no tool of a task', async () => {
  const { connect } = await startWorld();
  const client = await connect(signTaskToken(KEY, CLAIMS));
  const { tools } = await client.listTools();
  const there = new Set(tools.map(({ name }) => name));
  const all = Object.keys(
    buildMcpCases({ ids: { context: '', noted: '', letter: '', dropped: '', audit: '' } }),
  );

  const missing = all.filter((name) => !there.has(name));

  expect(missing).toEqual([
    ...['create_session', 'list_sessions', 'prompt_session', 'start_session', 'pause_session'],
    ...[
      'resume_session',
      'retry_session',
      'stop_session',
      'cancel_session',
      'answer_approval',
      'list_agents',
    ],
  ]);
  for (const name of missing) {
    const told = await call(client, name, {}).catch((error: unknown) => String(error));
    expect(JSON.stringify(told)).toMatch(/not found/i);
  }
});

test('a token that is altered, of another key, past its time, or of an attempt that is over opens nothing', async () => {
  const { connect, client: store } = await startWorld();
  const good = signTaskToken(KEY, CLAIMS);
  const client = await connect(good);

  const bad = [
    `${good.slice(0, -1)}${good.endsWith('A') ? 'B' : 'A'}`,
    signTaskToken('another key, which is as long as the first', CLAIMS),
    signTaskToken(KEY, { ...CLAIMS, expires: NOW_MS }),
    signTaskToken(KEY, { ...CLAIMS, attempt: 1 }),
    signTaskToken(KEY, { ...CLAIMS, agent: 'agent-two' }),
    signTaskToken(KEY, { ...CLAIMS, session: 'other' } as TaskClaims),
    signTaskToken(KEY, { ...CLAIMS, tenant: 'elsewhere' } as TaskClaims),
  ];

  for (const token of bad) await expect(connect(token)).rejects.toThrow(/401|[Uu]nauth/);
  expect(codeOf(await call(client, 'get_session'))).toBeNull();
  store.put(at('task', 'own-task'), taskOf('own', { outcome: 'completed' }));
  await expect(call(client, 'get_session')).rejects.toThrow(/401|[Uu]nauth/);
});

test('a gateway without the key takes no token of a task', async () => {
  const { app } = buildTestGateway(answerAsCluster());
  const headers = { authorization: `Bearer ${signTaskToken(KEY, CLAIMS)}` };

  const answer = await app.inject({ method: 'POST', url: '/mcp', headers, payload: {} });

  expect(answer.statusCode).toBe(401);
  expect(answer.json()).toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('an operation that nobody opened for tasks is refused before it is asked', async () => {
  const asked: string[] = [];
  const fetch = async (url: string) => {
    asked.push(url);
    return new Response(JSON.stringify({ session_id: 'other' }));
  };
  const api = scopeClient(buildClient({ url: '', fetch }), CLAIMS);

  const reached: string[] = [];
  for (const [id, call] of Object.entries<(asked: object) => Promise<unknown>>(
    api as ApiClient & Record<string, never>,
  )) {
    const before = asked.length;
    await call({ id: 'x', session: 'x', name: 'x', body: {} }).catch(() => undefined);
    if (asked.length > before) reached.push(id);
  }

  // Locks have no session; the others read whose it is, and go no further.
  expect(reached).toEqual([
    ...['acquireLock', 'createSubtask', 'getArtifactContent', 'getContext', 'getContextKey', 'getTask'],
    ...['putContextKey', 'releaseLock', 'renewLock'],
  ]);
});

test('where everybody is asked who they are, the token of a task opens the tools of its session and no route', async () => {
  const { app, connect } = await startWorld('keys');
  const token = signTaskToken(KEY, CLAIMS);
  const client = await connect(token);
  const headers = { authorization: `Bearer ${token}` };

  const session = await call(client, 'get_session');
  const made = await call(client, 'create_context', { name: 'Notes' });
  const other = await call(client, 'get_session', { session_id: 'other' });
  const statuses = [];
  for (const url of ['/api/v1/sessions/own', '/api/v1/sessions', '/metrics', '/api/v1/me'])
    statuses.push((await app.inject({ url, headers })).statusCode);
  const nobody = await app.inject({ method: 'POST', url: '/mcp', payload: {} });

  expect(session.structuredContent).toMatchObject({ id: 'own' });
  expect(made.structuredContent).toMatchObject({ updated_by: 'agent:agent-one', label: 'agent' });
  expect(codeOf(other)).toBe('NOT_FOUND');
  expect(statuses.filter((status) => status !== 404)).toEqual(
    statuses.filter((status) => status !== 404).map(() => 401),
  );
  expect(statuses[0]).toBe(401);
  expect(nobody.statusCode).toBe(401);
});
