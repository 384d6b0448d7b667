import { expect, test } from 'vitest';
import { type Asked, acceptCreate, acceptMessage, canonicalJson } from './accept.ts';

const asked: Asked = {
  tenant: 'dev',
  by: 'user:dev',
  method: 'POST',
  path: '/api/v1/sessions',
  body: { title: 'Make the tests pass' },
  clientKey: null,
  trace: null,
  freshId: '01a1fc4c-cff6-75d7-b41b-67b4075cda3e',
  timeoutMs: 1_000,
};
const create = { type: 'create' };
const address = { type: 'session', tenant: 'dev', id: 'session-1' };

test('a create without a key gets a fresh id, and that is its key too', () => {
  const command = acceptCreate(asked, 'session', create);

  expect(command.to).toEqual({ type: 'session', tenant: 'dev', id: asked.freshId });
  expect(command.key).toBe(asked.freshId);
});

test('a create with a key gets the same id each time, and another one in another tenant', () => {
  const first = acceptCreate({ ...asked, clientKey: 'k1' }, 'session', create);
  const again = acceptCreate({ ...asked, clientKey: 'k1', freshId: 'another' }, 'session', create);
  const elsewhere = acceptCreate({ ...asked, clientKey: 'k1', tenant: 'other' }, 'session', create);

  expect(again).toEqual(first);
  expect(first.to.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(elsewhere.to.id).not.toBe(first.to.id);
});

test('a key of HTTP cannot be that of an agent', () => {
  const command = acceptMessage({ ...asked, clientKey: 'eap:agent-one:m1' }, address, { type: 'start' });

  expect(command.key).toBe('http:eap:agent-one:m1');
});

test('the body hash changes with the method, the path and the body, and not with the order of keys', () => {
  const hashOf = (changes: Partial<Asked>) =>
    acceptMessage({ ...asked, ...changes }, address, create).bodyHash;

  expect(hashOf({ body: { a: 1, b: { c: 2, d: 3 } } })).toBe(hashOf({ body: { b: { d: 3, c: 2 }, a: 1 } }));
  expect(hashOf({})).toMatch(/^[0-9a-f]{64}$/);
  expect(
    new Set([hashOf({}), hashOf({ method: 'PUT' }), hashOf({ path: '/x' }), hashOf({ body: {} })]).size,
  ).toBe(4);
});

test('stop and cancel overtake what waits, start and delete do not', () => {
  const laneOf = (type: string) => acceptMessage(asked, address, { type }).lane;

  expect(['stop', 'cancel', 'start', 'delete'].map(laneOf)).toEqual(['control', 'control', 'data', 'data']);
});

test('lists keep their order in canonical JSON', () => {
  expect(canonicalJson({ b: [2, 1], a: null })).toBe('{"a":null,"b":[2,1]}');
});
