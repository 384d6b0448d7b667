/** Requests of one operation, made from a good one and from what the document says of its fields. */
import type { Answer } from './judge.ts';
import type { Document, Method, Operation } from './random-requests.ts';
import type { Ask, RouteCase } from './route-cases.ts';
import type { RouteWorld } from './route-world.ts';
import { isRecord, type Schema } from './schema-values.ts';

export interface Route {
  readonly operation: Operation;
  readonly method: Method;
  readonly path: string;
  readonly asked: RouteCase;
}

export interface Told extends Answer {
  /** The body's fields; none where it is not JSON. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What is wrong in one field alone, and how a refusal names that field. */
export interface WrongAsk {
  readonly path: string;
  readonly ask: Ask;
  readonly headers?: Record<string, string>;
}

type Schemas = Document['components']['schemas'];

const LONGER_THAN_ANY = 20_000;

export function goodAsk({ asked }: Route, world: RouteWorld): Ask {
  return typeof asked.good === 'function' ? asked.good(world) : asked.good;
}

/** A stream has no end: of it the head is looked at. */
export async function send(
  { app }: RouteWorld,
  { operation, method, path }: Route,
  { ask, headers = {} }: { ask: Ask; headers?: Record<string, string> | undefined },
): Promise<Told> {
  const place = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(ask.path?.[name] ?? ''));
  const query = new URLSearchParams(ask.query).toString();
  const payload = bodyOf(operation, ask);
  const isStream = Object.values(operation.responses).some(
    ({ content }) => content && 'text/event-stream' in content,
  );
  const typed =
    payload === undefined
      ? { ...ask.headers, ...headers }
      : { 'content-type': 'application/json', ...ask.headers, ...headers };
  const answer = await app.inject({
    ...{ method, url: query === '' ? place : `${place}?${query}`, payloadAsStream: isStream, headers: typed },
    ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
  });
  const isHead = isStream && answer.statusCode === 200;
  if (isHead) answer.stream().destroy();
  const body = isHead ? '' : isStream ? (await answer.stream().toArray()).join('') : answer.body;
  const type = String(answer.headers['content-type'] ?? '').split(';', 1)[0] ?? '';
  const parsed: unknown = type.endsWith('json') && body !== '' ? JSON.parse(body) : {};
  return { status: answer.statusCode, type, body, fields: isRecord(parsed) ? parsed : {} };
}

export function bodyOf({ requestBody }: Operation, ask: Ask): unknown {
  return 'body' in ask ? ask.body : requestBody?.content['application/json']?.example;
}

/** Fields that many bodies have, with values that no case has. */
const OTHERS: Readonly<Record<string, unknown>> = {
  ...{
    reason: 'Another reason',
    title: 'Design something else',
    prompt: 'Something else.',
    summary: 'Other.',
  },
  ...{ description: 'Something else.', quality: 0.75, enabled: false, force: true, ttl_ms: 90_000, token: 1 },
  ...{ max_concurrent_capacity: 2, sessions_running: 7, limit: 7, version: 7, name: 'Something else' },
  ...{ session_id: 'paused', task_id: 'task-paused', parent_id: 'paused' },
};

/** The good request with another body, which is valid too; null: none is known. */
export function withOtherBody({ operation, asked }: Route, good: Ask): Ask | null {
  const body = bodyOf(operation, good);
  if (!isRecord(body)) return { ...good, body: {} };
  const name = Object.keys(OTHERS).find((one) => one in body);
  if (asked.other) return { ...good, body: { ...body, ...asked.other } };
  return name === undefined ? null : { ...good, body: { ...body, [name]: OTHERS[name] } };
}

/** One for each field, parameter and header for which a value of a wrong type can be told from the document. */
export function wrongAsks({ operation }: Route, good: Ask, schemas: Schemas): WrongAsk[] {
  const parameters = operation.parameters ?? [];
  const wrong = ({ name, schema }: { name: string; schema: Schema }) => ({
    name,
    text: wrongText(schema, schemas),
  });
  const queries = parameters
    .filter((one) => one.in === 'query')
    .map(wrong)
    .filter(({ text }) => text !== null)
    .map(({ name, text }) => ({
      path: `query.${name}`,
      ask: { ...good, query: { ...good.query, [name]: String(text) } },
    }));
  const headers = parameters
    .filter((one) => one.in === 'header' && one.name !== 'prefer' && one.name !== 'last-event-id')
    .map(({ name }) => ({ path: `headers.${name}`, ask: good, headers: { [name]: 'no such thing' } }));
  return [...queries, ...headers, ...wrongBodies(operation, good, schemas)];
}

function wrongBodies(operation: Operation, good: Ask, schemas: Schemas): WrongAsk[] {
  const schema = operation.requestBody?.content['application/json']?.schema;
  const body = bodyOf(operation, good);
  const fields = isRecord(body) ? body : {};
  return Object.entries(schema ? propertiesOf(schema, schemas) : {}).flatMap(([path, property]) => {
    const types = typesOf(property, schemas);
    const value = [{}, 'no such thing', -0.5].find((one) => types && !types.has(typeof one));
    return value === undefined ? [] : [{ path, ask: { ...good, body: { ...fields, [path]: value } } }];
  });
}

function wrongText(given: Schema, schemas: Schemas): string | null {
  const schema = resolve(given, schemas);
  if (schema.enum || schema.type === 'integer' || schema.type === 'boolean') return 'no such thing';
  if (schema.type !== 'string') return null;
  if (schema.maxLength !== undefined) return 'x'.repeat(LONGER_THAN_ANY);
  const pattern = schema.pattern === undefined ? null : new RegExp(schema.pattern, 'u');
  return pattern && !pattern.test('no such thing') ? 'no such thing' : null;
}

function resolve(schema: Schema, schemas: Schemas): Schema {
  return schema.$ref === undefined ? schema : (schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {});
}

function partsOf({ anyOf = [], oneOf = [], allOf = [] }: Schema): readonly Schema[] {
  return [...anyOf, ...oneOf, ...allOf];
}

function propertiesOf(given: Schema, schemas: Schemas): Record<string, Schema> {
  const schema = resolve(given, schemas);
  const parts = partsOf(schema).map((part) => propertiesOf(part, schemas));
  return Object.assign({}, ...parts, schema.properties);
}

/** As `typeof` names them; null: it may be anything. */
function typesOf(given: Schema, schemas: Schemas): Set<string> | null {
  const schema = resolve(given, schemas);
  const values = 'const' in schema ? [schema.const] : (schema.enum ?? []);
  const own = [schema.type ?? []].flat().map((type) => (type === 'integer' ? 'number' : type));
  const types = new Set<string>([...own, ...values.map((value) => typeof value)]);
  // An array is an object to `typeof`, and neither is taken for the other here.
  if (types.has('array') || types.has('null')) types.add('object');
  for (const part of partsOf(schema)) {
    const more = typesOf(part, schemas);
    if (more === null) return null;
    for (const type of more) types.add(type);
  }
  return types.size === 0 ? null : types;
}
