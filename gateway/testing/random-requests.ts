/** Requests of every operation of an OpenAPI document, by chance: good ones, wrong ones, and hostile ones. Seeded. */
import type { Random } from '#runtime/testing/random.ts';
import { HOSTILE, type Schema, SchemaValues } from './schema-values.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: Schema;
}

export interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>;
  };
  readonly responses: Readonly<
    Record<
      string,
      { readonly content?: Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>> }
    >
  >;
}

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Request {
  readonly operation: Operation;
  readonly method: Method;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload?: string;
}

export interface Ids {
  /** Ids that are there, by what stands before them in the path: `sessions`, `tasks`, … */
  readonly [place: string]: readonly string[];
}

interface Place {
  readonly path: string;
  readonly method: Method;
  readonly operation: Operation;
}

export class RandomRequests {
  readonly #random: Random;
  readonly #values: SchemaValues;
  readonly #places: readonly Place[];
  readonly #ids: Ids;

  constructor(random: Random, document: Document, ids: Ids) {
    this.#random = random;
    this.#values = new SchemaValues(random, document.components.schemas, Object.values(ids).flat());
    this.#ids = ids;
    this.#places = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        path,
        // The document's methods are those that our routes have.
        method: method.toUpperCase() as Method,
        operation,
      })),
    );
  }

  get operations(): readonly Operation[] {
    return this.#places.map(({ operation }) => operation);
  }

  /** The n-th request: each operation has its turn. */
  next(n: number): Request {
    const place = this.#places[n % this.#places.length];
    if (!place) throw new Error('a document has operations');
    const { operation, method } = place;
    const payload = this.#payload(operation);
    return {
      operation,
      method,
      url: this.#path(place) + this.#query(operation),
      headers: this.#headers(operation, payload),
      ...(payload === undefined ? {} : { payload }),
    };
  }

  #path({ path, operation }: Place): string {
    return path.replace(/([^/]*)\/\{(\w+)\}/g, (_, before: string, name: string) => {
      const known = this.#ids[before] ?? this.#ids[name] ?? [];
      const schema =
        operation.parameters?.find((one) => one.in === 'path' && one.name === name)?.schema ?? {};
      const isKnown = known.length > 0 && this.#random.chance(0.6);
      const text = isKnown ? this.#random.pick(known) : this.#values.text(schema);
      return `${before}/${encode(text)}`;
    });
  }

  #query({ parameters = [] }: Operation): string {
    const pairs = parameters
      .filter((one) => one.in === 'query' && (one.required || this.#random.chance(0.35)))
      .map(({ name, schema }) => `${name}=${encode(this.#queryText(name, schema))}`);
    if (this.#random.chance(0.03)) pairs.push(`${encode(this.#random.pick(HOSTILE))}=1`);
    if (pairs.length > 0 && this.#random.chance(0.03)) pairs.push(pairs[0] ?? '');
    return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
  }

  #queryText(name: string, schema: Schema): string {
    const known = this.#ids[`${name}s`];
    if (known && this.#random.chance(0.5)) return this.#random.pick(known);
    const value = schema.type === 'array' ? this.#values.good(schema) : this.#values.text(schema);
    return Array.isArray(value) ? value.join(',') : String(value);
  }

  #headers({ parameters = [] }: Operation, payload: string | undefined): Record<string, string> {
    const given = parameters
      .filter((one) => one.in === 'header')
      .filter((one) => one.required || one.name === 'prefer' || this.#random.chance(0.3))
      .map(({ name, schema }) => [name, this.#headerText(name, schema)]);
    const type = this.#random.chance(0.98)
      ? 'application/json'
      : this.#random.pick(['text/plain', 'a/b', '']);
    return { ...Object.fromEntries(given), ...(payload === undefined ? {} : { 'content-type': type }) };
  }

  /** Few keys, so that many come again, with the same body or another. */
  #headerText(name: string, schema: Schema): string {
    if (name === 'idempotency-key') return `key-${this.#random.below(200)}`;
    const text = this.#values.text(schema).replace(/[^\x20-\x7e]/g, '?');
    // No answer is held back for long.
    return name === 'prefer' ? 'wait=0' : text;
  }

  #payload({ requestBody }: Operation): string | undefined {
    const schema = Object.values(requestBody?.content ?? {})[0]?.schema;
    const random = this.#random;
    if (!schema) return random.chance(0.05) ? '{}' : undefined;
    if (random.chance(0.05))
      return random.pick(['{', '[1,', 'nul', '"', '{"a":1,}', '', '1e9999', '{"a":1}{}']);
    if (random.chance(0.05)) return undefined;
    return JSON.stringify(random.chance(0.65) ? this.#values.good(schema) : this.#values.bad(schema));
  }
}

/**
 * As a client may: most escape, some do not. A lone half of a pair can't be escaped at all. A part of dots alone would
 * be taken out of the path before it is sent, and another operation be asked.
 */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(/^\.{1,2}$/, 'dots');
}
