import { expect, test } from 'vitest';
import type { Reply } from '#protocols/failure.ts';
import type { Command } from '#runtime/client.ts';
import type { MemoryClient } from '#runtime/testing/client.ts';
import { actAsSession, buildTestGateway } from '../testing/gateway.ts';

const ROOT = '/api/v1/blueprints';
const AT = '2026-01-01T00:00:00.000Z';
const TASKS = [
  { key: 'a', title: 'Design it' },
  { key: 'b', title: 'Build it', after: [{ key: 'a' }] },
];
const YAML = `
name: migration
description: in YAML
tasks:
  - { key: a, title: Design it }
  - key: b
    title: Build it
    after: [{ key: a, kind: start_to_start }]
`;
const addressOf = (id: string) => ({ type: 'blueprint', tenant: 'dev', id });

/** Answers as a blueprint's actor might. */
function act(command: Command, client: MemoryClient): Reply {
  if (command.to.type === 'session') return actAsSession(command, client);
  const { type, ...body } = command.message;
  const stored = client.find(command.to);
  if (type === 'create' && stored) return { ok: false, failure: { code: 'NAME_TAKEN', detail: 'taken' } };
  if (type !== 'create' && !stored)
    return { ok: false, failure: { code: 'NOT_FOUND', detail: 'there is none' } };
  const before = { latest: 0, retired_at: null, ...Object(stored?.state) };
  if (before.retired_at !== null) {
    const detail = 'it is retired';
    return {
      ok: false,
      failure: { code: 'INVALID_TRANSITION', detail, current_state: 'retired', allowed: [] },
    };
  }
  const { id, tenant: tenant_id } = command.to;
  const known = { id, tenant_id, created_at: AT, updated_at: AT, created_by: command.by };
  const changed =
    type === 'retire' ? { retired_at: AT } : { latest: before.latest + 1, description: '', ...body };
  const state = { ...known, ...before, ...changed };
  client.put(command.to, state, { title: id, status: state.retired_at === null ? 'active' : 'retired' });
  return { ok: true, value: null };
}

function build() {
  const { app, client } = buildTestGateway(act);
  const post = async (path: string, payload: object | string, headers: Record<string, string> = {}) => {
    const response = await app.inject({ method: 'POST', url: `${ROOT}${path}`, payload, headers });
    return { status: response.statusCode, body: response.json(), headers: response.headers };
  };
  const get = async (path: string) => (await app.inject({ url: `${ROOT}${path}` })).json();
  return { app, client, post, get };
}

test('a blueprint is created from JSON and from YAML, and shown with its tasks', async () => {
  const { post, get } = build();

  const yaml = await post('', YAML, { 'content-type': 'application/yaml' });
  const json = await post('', { name: 'other', tasks: TASKS });

  expect([yaml.status, json.status]).toEqual([201, 201]);
  expect(yaml.headers.location).toBe(`${ROOT}/migration`);
  expect(await get('/migration')).toMatchObject({
    name: 'migration',
    description: 'in YAML',
    latest: 1,
    tasks: [{ key: 'a' }, { key: 'b', after: [{ key: 'a', kind: 'start_to_start', required: true }] }],
  });
  expect((await get('')).items).toMatchObject([
    { name: 'migration', tasks_total: 2 },
    { name: 'other', tasks_total: 2 },
  ]);
});

test('what is wrong with a blueprint is named with its path, and YAML that is none with its line', async () => {
  const { post, client } = build();
  const tasks = [{ key: 'a', title: 'The thing', after: [{ key: 'a' }] }];

  const { body } = await post('', { name: 'Not A Name', tasks });
  const twice = await post('', 'name: a\nname: b\n', { 'content-type': 'application/yaml' });
  const bomb = `a: &a [1,1]\n${Array.from({ length: 20 }, (_, at) => {
    const before = String.fromCharCode(97 + at);
    const name = String.fromCharCode(98 + at);
    return `${name}: &${name} [${`*${before},`.repeat(9)}*${before}]`;
  }).join('\n')}`;
  const aliases = await post('', bomb, { 'content-type': 'text/yaml' });

  expect(body.errors.map(({ path }: { path: string }) => path)).toEqual([
    'tasks.0.title',
    'tasks.0.after.0.key',
    'name',
  ]);
  expect(twice.body).toMatchObject({ status: 422, errors: [{ message: expect.stringContaining('line 2') }] });
  expect(aliases.body).toMatchObject({ status: 422, code: 'VALIDATION_FAILED' });
  expect(client.commands).toEqual([]);
});

test('only routes of blueprints take YAML', async () => {
  const { app } = build();

  const headers = { 'content-type': 'application/yaml' };
  const response = await app.inject({ method: 'POST', url: '/api/v1/sessions', payload: 'a: 1', headers });

  expect(response.statusCode).toBe(415);
});

test('versions are added and looked at; a blueprint that is retired takes none, and stays to be seen', async () => {
  const { app, post, get } = build();
  await post('', { name: 'migration', tasks: TASKS });

  const added = await post('/migration/versions', { tasks: TASKS.slice(0, 1) });
  const retired = await app.inject({ method: 'DELETE', url: `${ROOT}/migration` });

  expect(added).toMatchObject({ status: 201, body: { latest: 2 } });
  expect(added.headers.location).toBe(`${ROOT}/migration/versions/2`);
  expect(await get('/migration/versions/2')).toMatchObject({
    name: 'migration',
    version: 2,
    tasks: [{ key: 'a' }],
  });
  expect(await get('/migration/versions/3')).toMatchObject({ status: 404 });
  expect(await get('/migration/versions/0')).toMatchObject({
    status: 422,
    errors: [{ path: 'params.version' }],
  });
  expect(retired.json()).toMatchObject({ retired_at: AT });
  expect((await post('/migration/versions', { tasks: TASKS })).body).toMatchObject({
    status: 409,
    current_state: 'retired',
    allowed: [],
  });
  expect((await get('?state=active')).items).toEqual([]);
});

test('a name that is taken is a conflict, one that is not there is not found, and a key counts once', async () => {
  const { app, post, get } = build();
  const key = { 'idempotency-key': 'k' };
  const first = await post('', { name: 'migration', tasks: TASKS }, key);

  expect((await post('', { name: 'migration', tasks: TASKS }, key)).body).toEqual(first.body);
  expect((await post('', { name: 'migration', tasks: TASKS.slice(1, 1) }, key)).body.status).toBe(422);
  expect((await post('', { name: 'another', tasks: TASKS }, key)).body.code).toBe('IDEMPOTENCY_KEY_REUSED');
  expect((await post('', { name: 'migration', tasks: TASKS })).body).toMatchObject({
    status: 409,
    code: 'NAME_TAKEN',
  });
  expect(await get('/none')).toMatchObject({ status: 404 });
  expect((await post('/none/versions', { tasks: TASKS })).status).toBe(404);
  expect((await app.inject({ method: 'DELETE', url: `${ROOT}/none` })).statusCode).toBe(404);
});

test('a blueprint larger than a session can carry is refused', async () => {
  const { post } = build();
  const tasks = Array.from({ length: 200 }, (_, at) => ({
    key: `t${at}`,
    title: 'Build it',
    description: 'x'.repeat(1_900),
  }));

  expect((await post('', { name: 'large', tasks })).body).toMatchObject({
    status: 413,
    code: 'PAYLOAD_TOO_LARGE',
  });
});

test('a session takes what its blueprint says with it, by its newest version or by the one that is named', async () => {
  const { app, client, post } = build();
  await post('', { name: 'migration', tasks: TASKS });
  await post('/migration/versions', { tasks: TASKS.slice(0, 1) });
  const version = {
    blueprint_id: 'migration',
    version: 1,
    description: '',
    created_at: AT,
    created_by: 'user:dev',
  };
  client.put(
    { type: 'blueprint-version', tenant: 'dev', id: 'migration_000001' },
    { ...version, tasks: TASKS.map((task) => ({ technologies: [], after: [], ...task })) },
  );
  const create = async (extra: object) => {
    const payload = { title: 'Move the table', initial_prompt: 'Move it.', ...extra };
    return (await app.inject({ method: 'POST', url: '/api/v1/sessions', payload })).json();
  };

  const newest = await create({ blueprint: 'migration' });
  const first = await create({ blueprint: 'migration@1' });

  expect([newest.blueprint, first.blueprint]).toEqual(['migration@2', 'migration@1']);
  const plans = client.commands.flatMap(({ to, message }) => (to.type === 'session' ? [message.plan] : []));
  expect(plans).toMatchObject([[{ key: 'a' }], [{ key: 'a' }, { key: 'b' }]]);
  expect('plan' in newest).toBe(false);
  for (const wrong of [
    { blueprint: 'none' },
    { blueprint: 'migration@3' },
    { blueprint: 'migration', template: 'ui' },
  ]) {
    expect(await create(wrong)).toMatchObject({ status: 422, errors: [{ path: 'blueprint' }] });
  }
  client.put(addressOf('migration'), {
    ...Object(client.find(addressOf('migration'))?.state),
    retired_at: AT,
  });
  expect((await create({ blueprint: 'migration' })).errors).toMatchObject([
    { message: 'blueprint migration is retired' },
  ]);
});

test('a version whose row is still to be written is not ready, which is not the same as not there', async () => {
  const { post, get } = build();
  await post('', { name: 'migration', tasks: TASKS });
  await post('/migration/versions', { tasks: TASKS });

  expect(await get('/migration/versions/1')).toMatchObject({ status: 503, code: 'NOT_READY' });
  expect(await get('/migration/versions/2')).toMatchObject({ version: 2 });
  expect(await get('/migration/versions/3')).toMatchObject({ status: 404 });
});
