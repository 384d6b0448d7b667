import { expect, test } from 'vitest';
import { actAsSession, buildTestGateway } from './testing/gateway.ts';

const AT = '2026-01-01T00:00:00.000Z';
const TASKS = [
  { key: 'a', title: 'Design it', technologies: [], after: [] },
  { key: 'b', title: 'Build it', technologies: [], after: [] },
];
const hours = { base: 2, likely: 3, confidence: 0.55 };

function build() {
  const { app, client } = buildTestGateway(actAsSession);
  const put = (id: string, keys: readonly string[]) => {
    const tasks = keys.map((key) => ({ key, count: 1, ...hours }));
    const address = { type: 'estimates', tenant: 'dev', id };
    client.put(address, { id, tenant_id: 'dev', tasks, counted: [], updated_at: AT });
  };
  const create = async (draft: object) => {
    const payload = { title: 'Keep notes', initial_prompt: 'Keep notes.', ...draft };
    const headers = { 'idempotency-key': 'k' };
    const response = await app.inject({ method: 'POST', url: '/api/v1/sessions', payload, headers });
    return { status: response.statusCode, body: response.json() };
  };
  const learned = () => client.commands.map(({ message }) => message.learned);
  return { app, client, put, create, learned };
}

test('a new session takes what was learned of the templates with it, and does not show it', async () => {
  const { put, create, learned } = build();
  put('templates', ['crud/create']);

  const { status, body } = await create({});

  expect(status).toBe(201);
  expect(learned()).toEqual([{ 'templates/crud/create': hours }]);
  expect('learned' in body).toBe(false);
});

test('a create that is repeated is the same, though more was learned in between', async () => {
  const { put, create } = build();
  const first = await create({});
  put('templates', ['crud/create']);

  expect(await create({})).toEqual(first);
});

test('a session by a blueprint takes what was learned of it too, as far as its version has use for it', async () => {
  const { client, put, create, learned } = build();
  const blueprint = { id: 'migration', tenant_id: 'dev', description: '', latest: 2, tasks: TASKS.slice(1) };
  const common = { created_at: AT, updated_at: AT, created_by: 'user:dev', retired_at: null };
  client.put({ type: 'blueprint', tenant: 'dev', id: 'migration' }, { ...blueprint, ...common });
  put('blueprint-migration', ['a', 'b']);

  expect(await create({ blueprint: 'migration' })).toMatchObject({ status: 201 });

  expect(learned()).toEqual([{ 'blueprint-migration/b': hours }]);
});

test('what was learned is not for the caller to say', async () => {
  const { create, learned } = build();

  await create({ learned: { 'templates/crud/create': hours } });

  expect(learned()).toEqual([undefined]);
});
