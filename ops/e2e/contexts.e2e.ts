/** Contexts on the real stack: written through the gateway, decided by the node, kept in Postgres. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ACTOR_KINDS } from '#actors/registry.ts';
import { type System, startSystem } from '../demo/system.ts';
import { foldAll } from '../dev/fold-all.ts';

let folder: string;
let system: System;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-contexts-'));
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
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
}

test('twenty writers of one context each apply once, and who is late is told both values', async () => {
  const { body: created } = await ask('POST contexts', { scope: 'global', name: 'Counter', data: { n: 0 } });
  const path = `contexts/${created.id}`;
  let refused = 0;

  const add = async (writer: number): Promise<void> => {
    for (;;) {
      const { body: read } = await ask(`GET ${path}`);
      const set = { n: read.data.n + 1, [`by.${writer}`]: true };
      const written = await ask(`PATCH ${path}`, { version: read.version, set });
      if (written.status === 200) return;
      expect(written).toMatchObject({ status: 409, body: { code: 'CONTEXT_CONFLICT' } });
      const conflict = written.body.conflicts.find((one: { path: string }) => one.path === `by.${writer}`);
      expect(conflict ?? written.body.conflicts[0]).toHaveProperty('proposed');
      refused += 1;
    }
  };
  await Promise.all(Array.from({ length: 20 }, (_, writer) => add(writer)));

  const { body: read } = await ask(`GET ${path}`);
  expect(refused).toBeGreaterThan(0);
  expect(read).toMatchObject({ version: 21, data: { n: 20 } });
  expect(Object.keys(read.data.by)).toHaveLength(20);
  await expect
    .poll(async () => (await ask(`GET ${path}/history`)).body, { timeout: 10_000 })
    .toMatchObject({ version: 21, items: { length: 40 } });
});

test('a context of a session is shared, merged and promoted; what a key repeated is one', async () => {
  const draft = { title: 'Make the tests pass', initial_prompt: 'The test suite fails. Fix the code.' };
  const [one, two] = await Promise.all([ask('POST sessions', draft), ask('POST sessions', draft)]);
  const place = { scope: 'session', session_id: one.body.id };
  const original = await ask('POST contexts', { ...place, name: 'Found', data: { list: [1], a: 1 } });
  const id = original.body.id;
  const key = { 'idempotency-key': 'share-it' };

  const shared = await ask(`POST contexts/${id}/share`, { session_id: two.body.id }, key);
  const again = await ask(`POST contexts/${id}/share`, { session_id: two.body.id }, key);
  await ask(`PUT contexts/${shared.body.id}/keys/list`, { value: [2] }, { 'if-match': '"1"' });
  const merge = { target_id: id, source_ids: [shared.body.id], version: 1 };
  const merged = await ask('POST contexts/merge', merge);
  const promoted = await ask(`POST contexts/${id}/promote`, { version: 2 });

  expect(again.body).toEqual(shared.body);
  expect((await ask(`GET contexts/session/${two.body.id}`)).body.total).toBe(1);
  expect(merged.body).toMatchObject({ merged: true, context: { version: 2, data: { list: [1, 2], a: 1 } } });
  expect(promoted.body).toMatchObject({ scope: 'global', version: 3 });
  expect((await ask(`GET contexts/session/${one.body.id}`)).body.total).toBe(0);
  expect((await ask(`GET contexts/${id}/diff/${shared.body.id}`)).body.modified).toEqual([
    { path: 'list', old: [1, 2], value: [2] },
  ]);
});

test('a document of just 256 KiB is kept, and whatever characters are in it', async () => {
  const data = { zero: 'a\u0000b', lone: '\ud800', text: '' };
  const room = 256 * 1_024 - Buffer.byteLength(JSON.stringify(data));
  const full = { ...data, text: 'x'.repeat(room) };

  const kept = await ask('POST contexts', { scope: 'global', name: 'Large', data: full });
  const over = await ask(`PATCH contexts/${kept.body.id}`, { version: 1, set: { one: 1 } });

  expect(kept).toMatchObject({ status: 201, body: { bytes: 256 * 1_024, data: full } });
  expect(over.body).toMatchObject({ status: 413, code: 'PAYLOAD_TOO_LARGE' });
  const rewritten = await ask(`PATCH contexts/${kept.body.id}`, { version: 1, data: { small: true } });
  expect(rewritten.body).toMatchObject({ version: 2, data: { small: true } });
  expect((await ask(`DELETE contexts/${kept.body.id}`)).status).toBe(204);
  expect((await ask(`GET contexts/${kept.body.id}`)).status).toBe(404);
});

test('a context is shown as it was at each version, and a fork begins as it was at one of them', async () => {
  const made = await ask('POST contexts', { scope: 'global', name: 'Past', data: { n: 1 } });
  const { id } = made.body;
  for (const n of [2, 3]) await ask(`PATCH contexts/${id}`, { version: n - 1, set: { n } });

  const second = await ask(`GET actors/context/${id}/at?version=2`);
  const history = await ask(`GET actors/context/${id}/history`);
  const key = { 'idempotency-key': 'fork-of-the-past' };
  const fork = await ask(`POST actors/context/${id}/fork`, { version: 2 }, key);
  const again = await ask(`POST actors/context/${id}/fork`, { version: 2 }, key);

  expect(second).toMatchObject({ status: 200, body: { version: 2, state: { data: { n: 2 } } } });
  expect(history.body.steps.map((step: { version: number }) => step.version)).toEqual([1, 2, 3]);
  expect(fork).toMatchObject({ status: 201, body: { from: `context/dev/${id}`, version: 2 } });
  expect(again.body).toEqual(fork.body);
  expect((await ask(`GET contexts/${fork.body.id}`)).body).toMatchObject({
    version: 1,
    data: { n: 2 },
    source: { context_id: id, version: 2, how: 'clone' },
  });
  expect((await ask(`GET actors/context/${fork.body.id}/history`)).body.forked_from).toMatchObject({
    id,
    version: 2,
  });
  expect(await ask(`POST actors/registry/agents/fork`)).toMatchObject({
    status: 400,
    body: { code: 'UNSUPPORTED' },
  });
  expect((await ask(`GET actors/context/${id}/at?version=9`)).status).toBe(404);
});

test('every actor of the product is the fold of its log, byte for byte', async () => {
  const report = await foldAll(system, ACTOR_KINDS);

  expect(report.faults).toEqual([]);
  expect(report.equal).toBeGreaterThan(10);
});
