/** What operators do, on the real stack: many sessions at once, lists of them, agents over HTTP, actors held back. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ACTOR_KINDS } from '#actors/registry.ts';
import { type System, startSystem } from '../demo/system.ts';
import { foldAll } from '../dev/fold-all.ts';

let folder: string;
let system: System;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-operators-'));
  const dataDir = join(folder, 'data');
  system = await startSystem({ dataDir, nodes: 1, model: null, onLog: () => undefined });
});

afterAll(async () => {
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function ask(what: string, body?: object, headers: Record<string, string> = {}) {
  const [method = '', path = ''] = what.split(' ');
  const response = await fetch(`${system.url}/api/v1/${path}`, {
    method,
    headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    etag: response.headers.get('etag'),
    body: text === '' ? null : JSON.parse(text),
  };
}

async function untilOver(job: string) {
  const look = async () => (await ask(`GET sessions/bulk/${job}`)).body;
  await expect.poll(async () => (await look()).ended_at, { timeout: 20_000 }).not.toBeNull();
  return look();
}

const draftOf = (n: number) => ({
  title: `Mend part ${n}`,
  initial_prompt: n % 10 === 0 ? 'Look at the carburettor.' : 'Look at the engine.',
  priority: n % 2 === 0 ? 'high' : 'low',
  tags: ['fleet'],
});

test('a hundred sessions are made by a job, found by their words and labels, and walked through without a gap', async () => {
  const sessions = Array.from({ length: 100 }, (_, n) => draftOf(n));
  const begun = await ask(
    'POST sessions/bulk',
    { action: 'create', sessions },
    { 'idempotency-key': 'make-all' },
  );
  const again = await ask(
    'POST sessions/bulk',
    { action: 'create', sessions },
    { 'idempotency-key': 'make-all' },
  );
  const job = await untilOver(begun.body.id);

  expect([begun.status, again.body.id]).toEqual([202, begun.body.id]);
  expect(job).toMatchObject({ state: 'completed', progress: { total: 100, done: 100, percent: 100 } });
  expect((await ask('GET sessions?search=CARBUR&page_size=3')).body).toMatchObject({ total: 10, pages: 4 });
  expect((await ask('GET sessions?priority=high&tag=fleet&state=pending')).body.total).toBe(50);
  expect((await ask('GET sessions/stats')).body).toMatchObject({ total: 100, by_state: { pending: 100 } });
  const ids: string[] = [];
  let next = '';
  do {
    const { body } = await ask(`GET sessions?page_size=7&tag=fleet${next && `&cursor=${next}`}`);
    ids.push(...body.items.map(({ id }: { id: string }) => id));
    next = body.next_cursor;
  } while (next);
  expect(ids.toSorted()).toEqual(
    job.items.map(({ session_id }: { session_id: string }) => session_id).sort(),
  );
});

test('all that fit a filter are cancelled, and each that can not be says why', async () => {
  const { body: found } = await ask('GET sessions?search=carburettor&page_size=1');
  await ask(`POST sessions/${found.items[0].id}/cancel`);

  const begun = await ask('POST sessions/bulk', {
    action: 'cancel',
    filter: { search: 'carburettor' },
    reason: 'sold',
  });
  const job = await untilOver(begun.body.id);

  expect(job.progress).toMatchObject({ total: 10, done: 9, failed: 1 });
  const failed = job.items.find(({ state }: { state: string }) => state === 'failed');
  expect(failed).toMatchObject({ session_id: found.items[0].id, code: 'INVALID_TRANSITION' });
  expect((await ask('GET sessions/stats')).body.by_state).toMatchObject({ pending: 90, cancelled: 10 });
});

test('a session that is held back refuses people, keeps what jobs ask, and does that when it goes on', async () => {
  const { body: session } = await ask('POST sessions', draftOf(1));
  const actor = `actors/session/${session.id}`;

  const held = await ask(`POST ${actor}/suspend`, { reason: 'to be looked at' });
  const refused = await ask(`POST sessions/${session.id}/cancel`);
  const begun = await ask('POST sessions/bulk', { action: 'cancel', session_ids: [session.id] });
  await expect.poll(async () => (await ask(`GET ${actor}/supervision`)).body.kept).toBe(1);
  const listed = await ask('GET actors/suspended');
  const before = await ask(`GET sessions/${session.id}`);
  const resumed = await ask(`POST ${actor}/resume`, { reason: 'looked at' });
  const job = await untilOver(begun.body.id);

  expect(held.body).toMatchObject({ status: 'suspended', by: 'user:dev', reason: 'to be looked at' });
  expect([refused.status, refused.body.code]).toEqual([503, 'ACTOR_SUSPENDED']);
  expect(listed.body.items).toMatchObject([{ address: `session/dev/${session.id}`, kept: 1 }]);
  expect(before.body.state).toBe('pending');
  expect(resumed.status).toBe(200);
  expect(job.progress).toMatchObject({ done: 1 });
  expect((await ask(`GET sessions/${session.id}`)).body.state).toBe('cancelled');
  expect((await ask(`POST ${actor}/resume`)).body).toMatchObject({ status: 409, current_state: 'active' });
});

test('an agent that registers over HTTP is there as long as it is heard, and is lost when it is not', async () => {
  const card = { name: 'AGENT-HTTP', agent_type: 'implementer', version: '1', heartbeat_seconds: 1 };
  const capabilities = { primary: ['code_generation'] };
  const joined = await ask('POST agents/external/register', { card: { ...card, capabilities } });
  const { instance } = joined.body;
  const statusNow = async () => (await ask('GET agents/agent-http')).body.status;

  const route = await ask('POST agents/route', { required_capabilities: ['code_generation'] });
  for (let n = 0; n < 12; n++) {
    expect((await ask('POST agents/agent-http/heartbeat', { instance })).status).toBe(200);
    await sleep(500);
  }
  const heard = await statusNow();
  await expect.poll(statusNow, { timeout: 20_000 }).toBe('offline');

  expect([joined.status, joined.body.connection.in]).toEqual([201, `eap.v2.dev.agent-http.${instance}.in`]);
  const candidates = route.body.candidates.map(({ agent_id }: { agent_id: string }) => agent_id);
  expect(candidates).toContain('agent-http');
  expect(route.body.candidates[0].terms.length).toBeGreaterThan(4);
  expect(heard).toBe('online');
  expect((await ask('POST agents/agent-http/heartbeat', { instance })).body).toMatchObject({
    ...{ status: 409, current_state: 'offline', allowed: ['register'] },
  });
  expect((await ask('POST agents/register', { ...card, capabilities, heartbeat_seconds: 60 })).status).toBe(
    201,
  );
  expect(await statusNow()).toBe('online');
});

test('of many who change what they all read one does, and the others are told 412', async () => {
  const { etag } = await ask('GET agents/agent-http');
  const change = (n: number) =>
    ask(
      'POST agents/agent-http/maintenance',
      { enabled: true, reason: `try ${n}` },
      { 'if-match': etag ?? '' },
    );

  const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => change(n)));

  const statuses = answers.map(({ status }) => status).sort();
  expect(statuses).toEqual([200, ...Array(11).fill(412)]);
  expect((await ask('POST agents/agent-http/deregister', { force: true })).body.status).toBe('offline');
});

test('every actor of it is the fold of its log, byte for byte', async () => {
  const report = await foldAll(system, ACTOR_KINDS);

  expect(report.faults).toEqual([]);
  expect(report.equal).toBeGreaterThan(100);
});
