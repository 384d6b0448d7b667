/** Values for a JSON schema, by chance: such that it accepts, and such that it should not. Seeded. */
import type { Random } from '#runtime/testing/random.ts';

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly examples?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly propertyNames?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
}

/** Texts that have broken programs before. */
export const HOSTILE: readonly string[] = [
  ...[
    '',
    ' ',
    '.',
    '..',
    '../../etc/passwd',
    '/',
    '\\',
    '%',
    '%00',
    '%2e%2e',
    '*',
    '>',
    'evt.>',
    'a.b.c',
    '"',
    "'",
  ],
  ...['__proto__', 'constructor', 'prototype', 'toString', 'null', 'undefined', 'true', 'NaN', '-0', '1e999'],
  ...['0x10', '9007199254740993', '-1', '1.5', '\u0000', '\ud800', '\u202e', '\ufeff', 'ß', '🧨'.repeat(20)],
  ...[
    '<script>',
    '#{7*7}',
    '{{7*7}}',
    "' OR 1=1 --",
    'a'.repeat(300),
    'é'.repeat(2_000),
    '\n\r\t',
    '[]',
    '{}',
  ],
];

const TOKENS: readonly string[] = [
  ...[
    '0190a3c8-5b1e-7c7e-9d44-6a1f0a5b2c3d',
    '2026-01-01T00:00:00.000Z',
    '2026-01-01T01:00:00+01:00',
    's-1',
    'main',
  ],
  ...[
    'AGENT-ADA',
    'code_generation',
    'debugging',
    '1',
    '17',
    '"1"',
    '"3"',
    '*',
    'W/"2"',
    '0a1b2c3d4e5f6071',
    '17.4',
  ],
  ...[
    'session/dev/s-1',
    'context/dev/c-1',
    'evt.dev.>',
    'evt.dev.session.*.started',
    'anthropic/claude-sonnet-4-5',
  ],
  ...[
    'session',
    'task',
    'user:dev',
    'repo/main',
    'wait=0',
    'respond-async',
    'key=value',
    'a',
    'a.b',
    'text/plain',
  ],
];

const JUNK: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 1e308, 2 ** 53, '', 'x', [], {}, [null], [[]], { a: { b: [1] } }],
  ...[{ __proto__: null, constructor: 1 }, ...HOSTILE.slice(0, 30)],
];
const DEPTH_MAX = 6;

export class SchemaValues {
  readonly #random: Random;
  readonly #schemas: Readonly<Record<string, Schema>>;
  readonly #tokens: readonly string[];
  readonly #fitting = new Map<string, readonly string[]>();

  /** `known`: texts that stand for something that is there. */
  constructor(random: Random, schemas: Readonly<Record<string, Schema>>, known: readonly string[] = []) {
    this.#random = random;
    this.#schemas = schemas;
    this.#tokens = [...TOKENS, ...known];
  }

  /** Mostly accepted: what a shape can't say (one of two fields, another field's bound) is left to chance. */
  good(schema: Schema, depth = 0): unknown {
    const random = this.#random;
    if (schema.examples && random.chance(0.2)) return random.pick(schema.examples);
    if (schema.$ref !== undefined) return this.good(this.#resolve(schema.$ref), depth);
    if ('const' in schema) return schema.const;
    if (schema.enum) return random.pick(schema.enum);
    const choices = schema.anyOf ?? schema.oneOf;
    if (choices) return this.good(random.pick(choices), depth);
    if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => this.good(part, depth)));
    return this.#ofType(schema, depth);
  }

  /** A good value with something in it that is wrong, or something else altogether. */
  bad(schema: Schema): unknown {
    const random = this.#random;
    const value = this.good(schema);
    if (!isRecord(value) || random.chance(0.2)) return random.pick(JUNK);
    const names = Object.keys(value);
    const broken: Record<string, unknown> = { ...value };
    if (names.length > 0 && random.chance(0.4)) delete broken[random.pick(names)];
    if (names.length > 0 && random.chance(0.7)) broken[random.pick(names)] = random.pick(JUNK);
    if (random.chance(0.2)) broken[random.pick(HOSTILE)] = random.pick(JUNK);
    return broken;
  }

  /** A text that fits, or one that has broken programs before. */
  text(schema: Schema): string {
    const value = this.#random.chance(0.7) ? this.good(schema) : this.#random.pick(HOSTILE);
    return typeof value === 'string' ? value : JSON.stringify(value);
  }

  #ofType(schema: Schema, depth: number): unknown {
    const types = [schema.type ?? []].flat();
    switch (types.length === 0 ? null : this.#random.pick(types)) {
      case 'object':
        return this.#ofObject(schema, depth);
      case 'array':
        return this.#ofArray(schema, depth);
      case 'string':
        return this.#ofString(schema);
      case 'integer':
        return this.#ofNumber(schema);
      case 'number':
        return this.#random.chance(0.5)
          ? this.#ofNumber(schema)
          : (schema.minimum ?? 0) + this.#random.next();
      case 'boolean':
        return this.#random.chance(0.5);
      case 'null':
        return null;
      default:
        return this.#random.pick(JUNK);
    }
  }

  #ofObject(schema: Schema, depth: number): Record<string, unknown> {
    const { properties = {}, required = [], propertyNames, additionalProperties } = schema;
    const value: Record<string, unknown> = {};
    for (const [name, property] of Object.entries(properties)) {
      if (required.includes(name) || (depth < DEPTH_MAX && this.#random.chance(0.4))) {
        value[name] = this.good(property, depth + 1);
      }
    }
    if (typeof additionalProperties === 'object' && depth < DEPTH_MAX) {
      for (let left = this.#random.below(4); left > 0; left--) {
        const name = propertyNames ? String(this.good(propertyNames, depth + 1)) : this.#random.pick(TOKENS);
        value[name] = this.good(additionalProperties, depth + 1);
      }
    }
    return value;
  }

  #ofArray({ items = {}, minItems = 0, maxItems = 4 }: Schema, depth: number): unknown[] {
    const most = Math.max(minItems, Math.min(maxItems, depth < DEPTH_MAX ? 4 : 0));
    const length = this.#random.between(minItems, most);
    return Array.from({ length }, () => this.good(items, depth + 1));
  }

  #ofString(schema: Schema): string {
    const { minLength = 0, maxLength = 500, pattern, format } = schema;
    if (pattern !== undefined || format !== undefined) return this.#fittingToken(pattern ?? '', format);
    const text = this.#random.chance(0.8) ? `${this.#random.pick(TOKENS)} words` : this.#random.pick(HOSTILE);
    return text.padEnd(minLength, 'x').slice(0, maxLength);
  }

  #fittingToken(pattern: string, format: string | undefined): string {
    const key = `${format} ${pattern}`;
    const expression = new RegExp(pattern, 'u');
    const known = this.#fitting.get(key) ?? this.#tokens.filter((token) => expression.test(token));
    this.#fitting.set(key, known);
    return known.length > 0 ? this.#random.pick(known) : this.#random.pick(HOSTILE);
  }

  #ofNumber(schema: Schema): number {
    const { minimum, exclusiveMinimum, maximum = 2 ** 53 - 1 } = schema;
    const least = Math.max(minimum ?? 0, exclusiveMinimum === undefined ? 0 : exclusiveMinimum + 1);
    const random = this.#random;
    if (random.chance(0.1)) return maximum;
    return Math.min(maximum, least + random.below(random.chance(0.8) ? 5 : 100_000));
  }

  #resolve(reference: string): Schema {
    return this.#schemas[reference.split('/').at(-1) ?? ''] ?? {};
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
