import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect, test } from 'vitest';
import { buildAsyncApi, buildSchema, type Json } from './documents.ts';
import { schemaFiles } from './schema-files.ts';

const README = new URL('../../protocols/eap/README.md', import.meta.url);
const OF = {
  ...{ out: 'AgentOut', in: 'AgentIn', 'out-answer': 'OutAnswer', 'in-answer': 'InAnswer' },
  ...{ registered: 'Registered', heartbeat: 'Heartbeat', 'lock-said': 'LockSaid' },
  ...{ 'request-said': 'RequestSaid', 'tools-said': 'ToolsSaid' },
} as const;

test('the documents of the protocol are those of this tree (else: npm run eap:schema)', () => {
  for (const { path, text } of schemaFiles()) {
    expect(readFileSync(path, 'utf8') === text, path).toBe(true);
  }
});

test('every example of the protocol is valid by its JSON Schema, and one with a wrong field is not', () => {
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  ajv.addFormat('base64', /^[A-Za-z0-9+/]*={0,2}$/);
  ajv.addSchema(buildSchema(), 'eap');
  const valid = (of: string, body: unknown) => ajv.validate({ $ref: `eap#/$defs/${of}` }, body);
  const found = [...readFileSync(README, 'utf8').matchAll(/```json (\S+)\n([\s\S]*?)```/g)];

  expect(found.length).toBeGreaterThan(10);
  for (const [, of = '', text = ''] of found) {
    const name = Object.entries(OF).find(([key]) => key === of)?.[1] ?? of;
    expect(valid(name, JSON.parse(text)), `${of} ${text} ${ajv.errorsText()}`).toBe(true);
  }
  const broken = { eap: '2.0', id: 'short', ts: '2026-11-21T02:00:00.000Z', kind: 'drain', instance: 'i-1' };
  expect(valid('AgentOut', broken)).toBe(false);
});

/** All places below a value that refer to another one. */
function refsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) => (name === '$ref' ? [String(one)] : refsIn(one)));
}

function at(document: Json, ref: string): unknown {
  return ref
    .slice(2)
    .split('/')
    .reduce<unknown>((value, name) => Object(value)[name], document);
}

test('the AsyncAPI document is whole: what it refers to is there, and each operation has its channel and messages', () => {
  const document = buildAsyncApi();
  const operations = Object.values(Object(document.operations));

  expect(Object.keys(document)).toEqual(
    expect.arrayContaining(['asyncapi', 'info', 'channels', 'operations', 'components']),
  );
  expect(refsIn(document).filter((ref) => !ref.startsWith('#/') || at(document, ref) === undefined)).toEqual(
    [],
  );
  expect(operations.length).toBe(3);
  for (const operation of operations) {
    const { action, channel, messages } = Object(operation);
    expect(['send', 'receive']).toContain(action);
    expect(messages.length).toBeGreaterThan(0);
    for (const { $ref } of messages) expect($ref).toMatch(`${channel.$ref}/messages/`);
  }
  for (const channel of Object.values(Object(document.channels))) {
    const { address, parameters = {} } = Object(channel);
    const named = [...String(address).matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(Object.keys(parameters)).toEqual(named);
  }
});
