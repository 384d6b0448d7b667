/** The tools as the gateway serves them: what is refused and how it is told, waiting, pieces, and the doors they go by. */
import { hash } from 'node:crypto';
import { type CallToolResult, Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { expect, onTestFinished, test } from 'vitest';
import { artifactObject } from '#protocols/eap/intake.ts';
import { SCHEDULER_ID } from '#protocols/scheduler.ts';
import { NO_USAGE } from '#protocols/task.ts';
import { sampleSession, sampleTask } from '#protocols/testing/samples.ts';
import type { MemoryClient } from '#runtime/testing/client.ts';
import { answerAsCluster } from '../testing/cluster.ts';
import { buildTestGateway, NOW_MS, type TestGateway } from '../testing/gateway.ts';

const at = (type: string, id: string) => ({ type, tenant: 'dev', id });

interface World extends TestGateway {
  readonly url: string;
  readonly call: (name: string, asked?: object, onprogress?: (told: Told) => void) => Promise<CallToolResult>;
}

type Told = { readonly progress: number; readonly message?: string | undefined };

async function startWorld(config: { readonly isRateLimited?: boolean } = {}): Promise<World> {
  const gateway = buildTestGateway(answerAsCluster(), { config });
  const url = await gateway.app.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(async () => void (await gateway.app.close()));
  const client = new Client(
    { name: 'test', version: '1' },
    { versionNegotiation: { mode: { pin: '2026-07-28' } } },
  );
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)));
  onTestFinished(() => client.close());
  const call: World['call'] = (name, asked = {}, onprogress) =>
    client.callTool({ name, arguments: { ...asked } }, onprogress ? { onprogress } : {});
  return { ...gateway, url, call };
}

function putSession(client: MemoryClient, state: 'running' | 'paused' | 'completed'): void {
  const session = sampleSession({ id: 's-1', state, run: 1 });
  client.put(at('session', 's-1'), session, { status: state, title: session.title });
}

function errorOf({ isError, content }: CallToolResult): unknown {
  const [first] = content;
  return isError === true && first?.type === 'text' ? JSON.parse(first.text).error : null;
}

test('what is refused is told with its code and what mends it', async () => {
  const { call, client } = await startWorld();
  putSession(client, 'completed');

  const unknown = await call('get_session', { session_id: 'nobody' });
  const wrongState = await call('pause_session', { session_id: 's-1' });
  const invalid = await call('create_session', { title: 'untitled', prompt: 'All.', start: false });

  expect(errorOf(unknown)).toMatchObject({
    code: 'SESSION_NOT_FOUND',
    retryable: false,
    mend: expect.stringContaining('list_sessions'),
  });
  expect(errorOf(wrongState)).toMatchObject({
    code: 'INVALID_TRANSITION',
    current_state: 'completed',
    mend: expect.stringContaining('It is completed now'),
  });
  expect(errorOf(invalid)).toMatchObject({
    code: 'VALIDATION_FAILED',
    errors: [{ path: 'title', message: expect.stringContaining('says nothing') }],
  });
});

test('a defect is told without what it was', async () => {
  const { call, client } = await startWorld();
  client.get = async () => Promise.reject(new Error('secret of the house'));

  const failed = await call('get_session', { session_id: 's-1' });

  expect(failed.isError).toBe(true);
  expect(JSON.stringify(failed)).not.toContain('secret');
});

test('a watch tells how far the session is, and ends when it does', async () => {
  const { call, client } = await startWorld();
  putSession(client, 'running');
  const told: Told[] = [];

  const watch = call('watch_session', { session_id: 's-1', until: 'end', wait_seconds: 20 }, (progress) => {
    told.push(progress);
    if (told.length === 1) putSession(client, 'paused');
    if (told.length === 2) putSession(client, 'completed');
  });
  const { structuredContent } = await watch;

  expect(structuredContent).toMatchObject({ changed: true, ended: true, session: { state: 'completed' } });
  expect(told.map(({ message }) => message?.split(':', 1)[0])).toEqual(['running', 'paused', 'completed']);
  const figures = told.map(({ progress }) => progress);
  expect(figures).toEqual(figures.toSorted((a, b) => a - b));
});

test('a watch answers at once when the session changed since the version that was seen', async () => {
  const { call, client } = await startWorld();
  putSession(client, 'running');
  const { structuredContent: first } = await call('get_session', { session_id: 's-1' });
  putSession(client, 'paused');

  const seen = { session_id: 's-1', since_version: Object(first).version };
  const { structuredContent: second } = await call('watch_session', { ...seen, wait_seconds: 25 });

  expect(second).toMatchObject({ changed: true, ended: false, session: { state: 'paused' } });
});

test('a watch in which nothing happens ends in its time', async () => {
  const { call, client } = await startWorld();
  putSession(client, 'running');
  const begunAt = performance.now();

  const { structuredContent } = await call('watch_session', { session_id: 's-1', wait_seconds: 0.3 });

  expect(structuredContent).toMatchObject({ changed: false, ended: false });
  expect(performance.now() - begunAt).toBeGreaterThan(250);
});

test('the same idempotency key creates one session, started once', async () => {
  const { call, client } = await startWorld();
  const asked = { title: 'Document the interface', prompt: 'All of it.', idempotency_key: 'k-1' };

  const first = await call('create_session', asked);
  const again = await call('create_session', asked);

  expect(Object(first.structuredContent)).toMatchObject({ state: 'running' });
  expect(Object(again.structuredContent).id).toBe(Object(first.structuredContent).id);
  const all = {
    type: 'session',
    tenant: 'dev',
    sort: 'created',
    order: 'asc',
    page: 1,
    pageSize: 9,
  } as const;
  expect((await client.list(all)).total).toBe(1);
});

test('the quota of requests a minute holds for tools as for anything else', async () => {
  const { client, call } = await startWorld({ isRateLimited: true });
  const other = buildTestGateway(answerAsCluster());
  await other.app.inject({ method: 'PUT', url: '/api/v1/quota', payload: { requests_a_minute: 2 } });
  const scheduler = at('scheduler', SCHEDULER_ID);
  client.put(scheduler, other.client.find(scheduler)?.state);

  const told = [];
  for (let calls = 0; calls < 5; calls += 1) told.push(errorOf(await call('list_agents')));

  expect(told[0]).toBeNull();
  expect(told.at(-1)).toMatchObject({ code: 'RATE_LIMITED', retryable: true, mend: expect.any(String) });
});

test('a page of another site cannot call a tool', async () => {
  const { app } = await startWorld();
  const headers = { origin: 'https://elsewhere.example', accept: 'application/json, text/event-stream' };

  const answer = await app.inject({ method: 'POST', url: '/mcp', headers, payload: { jsonrpc: '2.0' } });

  expect(answer.statusCode).toBe(403);
});

test('there is no session to be opened or ended', async () => {
  const { app } = await startWorld();

  const opened = await app.inject({ method: 'GET', url: '/mcp', headers: { accept: 'text/event-stream' } });
  const ended = await app.inject({ method: 'DELETE', url: '/mcp' });

  expect([opened.statusCode, ended.statusCode]).toEqual([405, 405]);
});

test('an artifact is read in pieces that end between two characters', async () => {
  const { call, client } = await startWorld();
  const text = `${'ä'.repeat(40_000)}!`;
  const bytes = Buffer.from(text);
  const artifact = {
    ...{ artifact_id: 'a-1', attempt: 1, name: 'a.txt', role: 'report' as const, chunks: 1 },
    ...{ media_type: 'text/plain', size_bytes: bytes.length, sha256: hash('sha256', bytes) },
  };
  const open = { started_at: null, ended_at: null, outcome: null, percent: null, note: null, result: null };
  const by = { number: 1, agent_id: 'agent-one', assigned_at: new Date(NOW_MS).toISOString() };
  const attempts = [{ ...by, ...open, usage: NO_USAGE }];
  client.put(at('task', 't-1'), sampleTask({ id: 't-1', attempts, artifacts: [artifact] }));
  const place = { tenant: 'dev', agent: 'agent-one', taskId: 't-1', attempt: 1, artifactId: 'a-1', index: 0 };
  client.objects.set(artifactObject(place), bytes);
  const asked = { task_id: 't-1', artifact_id: 'a-1' };

  // 65,535 is in the middle of an ä.
  const first = Object((await call('read_artifact', { ...asked, offset: 1 })).structuredContent);
  const odd = Object((await call('read_artifact', asked)).structuredContent);
  const second = Object(
    (await call('read_artifact', { ...asked, offset: odd.next_offset })).structuredContent,
  );

  expect(first.next_offset % 2).toBe(0);
  expect(odd.content + second.content).toBe(text);
  expect(second.next_offset).toBeNull();
});
