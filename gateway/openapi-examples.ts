/**
 * Examples for the OpenAPI document: each body, each good answer and each problem has one. What a shape says of itself
 * (`examples` in its meta) comes first; the rest is put together from the shape, with words of ours by the names of
 * its fields, so that a new route has an example before anybody wrote one.
 */
import type { Failure } from '#protocols/failure.ts';
import { toProblem } from '#protocols/failure.ts';
import { PROBLEM_MEDIA_TYPE } from '#protocols/http/problem.ts';

/** What this file reads of a JSON schema. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly example?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly propertyNames?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
}

type Schemas = Readonly<Record<string, Schema>>;

interface Media {
  readonly schema: Schema;
  example?: unknown;
  /** By name: where a shape tells of more than one. */
  readonly examples?: Readonly<Record<string, unknown>>;
}

type Content = Readonly<Record<string, Media>>;

interface Operation {
  readonly requestBody?: { readonly content: Content };
  readonly responses?: Readonly<Record<string, { readonly content?: Content }>>;
}

interface Document {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Schemas };
}

const ID = '0190a3c8-5b1e-7c7e-9d44-6a1f0a5b2c3d';
const TASK_ID = '0190a3c8-6f2a-7c7e-9d44-1b2c3d4e5f60';
const AT = '2026-01-01T00:00:00.000Z';
const SHA256 = 'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9';

/** Words for fields, by their names; the first that fits the field's shape is taken. */
const WORDS: Readonly<Record<string, readonly unknown[]>> = {
  address: [`session/dev/${ID}`],
  agent_id: ['agent-ada'],
  artifact_id: ['changes-1'],
  attempt: [1],
  branch: [`oio/${ID}/${TASK_ID}`],
  by: ['user:dev'],
  cause: ['evt-41.1'],
  complexity: ['moderate'],
  confidence: [0.6],
  created_by: ['user:dev'],
  depth: [0],
  description: ['The tests fail; find the cause.'],
  detail: ['a sentence for a person'],
  expected_hours: [1.5],
  health_score: [0.9],
  href: [`/api/v1/tasks/${TASK_ID}/artifacts/changes-1`],
  initial_prompt: ['The test suite fails. Find out why and mend the code.'],
  likely: [1.5],
  max_attempts: [3],
  max_duration_seconds: [1_800],
  media_type: ['text/x-diff'],
  message_id: ['cmd-41'],
  name: ['started', 'main', 'ada'],
  node: ['node-1'],
  number: [1],
  optimistic: [0.5],
  owner: ['node-1', 'user:dev'],
  page: [1],
  page_size: [20],
  pages: [1],
  percent: [40],
  pessimistic: [3],
  priority: ['normal', 'medium'],
  prompt: ['The test suite fails. Find out why and mend the code.'],
  reason: ['the wrong branch'],
  repo: ['https://git.example/team/project.git'],
  role: ['patch'],
  root: ['cmd-41'],
  run: [1],
  seq: [41],
  session_title: ['Make the tests pass'],
  sha256: [SHA256],
  size_bytes: [2_048],
  state: ['running', 'in_progress', 'granted'],
  status: ['ok', 'ready', 'online'],
  subject: [`evt.dev.session.${ID}.started`],
  summary: ['All tests pass.'],
  task_id: [TASK_ID],
  task_title: ['Find out why the tests fail'],
  task_type: ['debugging'],
  tenant_id: ['dev'],
  timeout_seconds: [1_800],
  title: ['Make the tests pass'],
  tokens_in: [52_000],
  tokens_out: [4_100],
  total: [1],
  type: ['session.started'],
  version: [3],
};

/** For strings with a pattern; the first that fits. */
const TOKENS = [
  ...[ID, AT, 'agent-ada', 'AGENT-ADA', 'main', 'code_generation', '1', '"3"', '0a1b2c3d4e5f6071', '17.4'],
  ...[`session/dev/${ID}`, 'evt.dev.>', 'anthropic/claude-sonnet-4-5', SHA256, '1.0.0', 'text/plain', 'a'],
];

const DEPTH_MAX = 12;

/** Gives each body, answer and problem of a document an example where it has none. Changes it, and returns it. */
export function addExamples<Given extends object>(given: Given): Given {
  const document: Document = given;
  const schemas = document.components?.schemas ?? {};
  for (const operation of Object.values(document.paths ?? {}).flatMap((path) => Object.values(path))) {
    for (const media of Object.values(operation.requestBody?.content ?? {})) addExample(media, schemas);
    for (const [status, { content = {} }] of Object.entries(operation.responses ?? {})) {
      const json = content['application/json'];
      if (Number(status) >= 400) addProblemExample(content, status);
      else if (json) addExample(json, schemas);
    }
  }
  return given;
}

/** A value that the shape accepts; deterministic. `name` is the field that it is for. */
function exampleOf(schema: Schema, schemas: Schemas, name = ''): unknown {
  return derive(schema, { schemas, name, depth: 0 });
}

interface Place {
  readonly schemas: Schemas;
  readonly name: string;
  readonly depth: number;
}

function derive(schema: Schema, place: Place): unknown {
  const own = schema.examples?.[0] ?? schema.example;
  if (own !== undefined) return own;
  if (schema.$ref !== undefined) return derive(resolve(schema, place.schemas), deeper(place, place.name));
  if ('const' in schema) return schema.const;
  const word = wordsOf(place.name).find((value) => fits(schema, value));
  if (word !== undefined) return word;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return derive(choices.find(isNull) ?? choices[0] ?? {}, deeper(place, place.name));
  if (schema.allOf) {
    return Object.assign({}, ...schema.allOf.map((part) => derive(part, deeper(place, place.name))));
  }
  return ofType(schema, place);
}

function wordsOf(name: string): readonly unknown[] {
  if (/(^|_)(at|until|timestamp)$/.test(name)) return [AT];
  return WORDS[name] ?? (/(^|_)id$/.test(name) ? [ID] : []);
}

function ofType(schema: Schema, place: Place): unknown {
  const types = [schema.type ?? []].flat();
  // Where nothing may be there, nothing is the simplest example.
  if (types.includes('null')) return null;
  if (types.includes('object')) return ofObject(schema, place);
  if (types.includes('array')) return ofArray(schema, place);
  if (types.includes('string')) return ofString(schema);
  if (types.includes('integer') || types.includes('number')) return ofNumber(schema);
  if (types.includes('boolean')) return true;
  return schema.properties ? ofObject(schema, place) : {};
}

function ofObject(schema: Schema, place: Place): Record<string, unknown> {
  const { properties = {}, required = [], propertyNames, additionalProperties } = schema;
  const rest = typeof additionalProperties === 'object' ? additionalProperties : {};
  const names = required.length > 0 ? required : place.depth === 0 ? Object.keys(properties) : [];
  const known = names.map((name) => [name, derive(properties[name] ?? rest, deeper(place, name))]);
  if (known.length > 0 || !propertyNames || propertyNames.enum) return Object.fromEntries(known);
  return {};
}

function ofArray(schema: Schema, place: Place): unknown[] {
  if (schema.prefixItems) return schema.prefixItems.map((item) => derive(item, deeper(place, '')));
  const item = schema.items ?? {};
  const isRecord = item.$ref !== undefined || item.type === 'object';
  const least = schema.minItems ?? 0;
  if (place.depth >= DEPTH_MAX || (!isRecord && least === 0)) return [];
  return Array.from({ length: Math.max(1, least) }, () => derive(item, deeper(place, place.name)));
}

function ofString(schema: Schema): string {
  if (schema.format === 'date-time') return AT;
  if (schema.format === 'uuid') return ID;
  const found = (schema.pattern === undefined ? ['text'] : TOKENS).find((text) => fits(schema, text));
  return found ?? 'text'.padEnd(schema.minLength ?? 0, ' text').slice(0, schema.maxLength ?? 10_000);
}

function ofNumber(schema: Schema): number {
  const { minimum = 0, exclusiveMinimum, maximum = Number.MAX_SAFE_INTEGER } = schema;
  const least = exclusiveMinimum === undefined ? Math.max(0, minimum) : Math.max(0, exclusiveMinimum) + 1;
  return Math.min(least, maximum);
}

/** Whether a plain value is of the shape, as far as one field's shape tells. */
function fits(schema: Schema, value: unknown): boolean {
  if (schema.enum) return schema.enum.includes(value);
  const types = [schema.type ?? []].flat();
  if (typeof value === 'string') {
    const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern, format } = schema;
    const isLong = value.length >= minLength && value.length <= maxLength;
    const isFormat = format === undefined || (format === 'uuid' && value === ID) || format === 'date-time';
    return types.includes('string') && isLong && isFormat && new RegExp(pattern ?? '', 'u').test(value);
  }
  if (typeof value !== 'number') return false;
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = schema;
  return (types.includes('integer') || types.includes('number')) && value >= minimum && value <= maximum;
}

function resolve(schema: Schema, schemas: Schemas): Schema {
  return schemas[schema.$ref?.split('/').at(-1) ?? ''] ?? {};
}

function isNull(schema: Schema): boolean {
  return schema.type === 'null';
}

function deeper(place: Place, name: string): Place {
  return { ...place, name, depth: place.depth + 1 };
}

/** What a problem of each status most often is. */
const PROBLEMS: Readonly<Record<string, Failure>> = {
  401: { code: 'UNAUTHENTICATED', detail: 'this key or login is not known here, or it is over' },
  403: {
    code: 'FORBIDDEN',
    detail: 'a key of role viewer may not do this (sessions.write)',
    allowed: ['developer', 'admin', 'platform'],
  },
  400: { code: 'UNSUPPORTED', detail: 'a session cannot be forked' },
  404: { code: 'NOT_FOUND', detail: `there is nothing with the id ${ID}` },
  409: {
    code: 'INVALID_TRANSITION',
    detail: 'a completed session cannot be started',
    current_state: 'completed',
    allowed: [],
  },
  410: { code: 'POINT_NOT_KEPT', detail: 'what is kept begins at version 17' },
  412: { code: 'PRECONDITION_FAILED', detail: 'it is at version 7 by now', current_version: 7 },
  413: { code: 'PAYLOAD_TOO_LARGE', detail: 'the body is larger than 512 KiB' },
  415: { code: 'UNSUPPORTED', detail: 'bodies are read as application/json only' },
  422: {
    code: 'VALIDATION_FAILED',
    detail: 'the request is not valid',
    errors: [{ path: 'title', message: 'Too small: expected string to have >=3 characters' }],
  },
  426: { code: 'UNSUPPORTED', detail: 'connect with a WebSocket' },
  429: { code: 'MAILBOX_FULL', detail: 'too much waits for this actor', scope: 'actor' },
  500: { code: 'INTERNAL_ERROR', detail: 'something went wrong on this side' },
  503: { code: 'NOT_READY', detail: 'no node has this partition yet' },
  504: { code: 'DEADLINE_EXCEEDED', detail: 'no answer in time; repeat with the same Idempotency-Key' },
};

function addExample(media: Media, schemas: Schemas): void {
  if (!media.examples) media.example ??= exampleOf(media.schema, schemas);
}

function addProblemExample(content: Content, status: string): void {
  const media = content[PROBLEM_MEDIA_TYPE];
  const failure = PROBLEMS[status];
  if (media && failure) media.example = { ...toProblem(failure, ID), status: Number(status) };
}
