/** The OpenAPI document is one by the rules of OpenAPI, and its examples are of its own shapes. Walks whatever routes are there. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect, test } from 'vitest';
import { buildTestGateway } from './testing/gateway.ts';

interface Media {
  readonly schema: object;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

interface Operation {
  readonly operationId?: string;
  readonly tags?: readonly string[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Media>> }>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly tags: readonly { readonly name: string }[];
  readonly components: object;
}

async function readDocument(): Promise<Document> {
  const { app } = buildTestGateway();
  return (await app.inject({ url: '/openapi.json' })).json();
}

function operationsOf(document: Document): [string, Operation][] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method} ${path}`,
      operation,
    ]),
  );
}

test('the document is OpenAPI 3.1 by the rules of OpenAPI', async () => {
  const document = await readDocument();

  const checked = await new Validator().validate({ ...structuredClone(document) });

  expect(checked.errors ?? []).toEqual([]);
  expect(checked.valid).toBe(true);
});

test('each operation has a tag that the document describes, and no two have the same id', async () => {
  const document = await readDocument();
  const tags = new Set(document.tags.map(({ name }) => name));
  const ids = operationsOf(document).map(([, { operationId }]) => operationId);

  const untagged = operationsOf(document).filter(([, operation]) => !tags.has(operation.tags?.[0] ?? ''));
  expect(untagged.map(([name]) => name)).toEqual([]);
  expect(ids.filter((id, at) => id === undefined || ids.indexOf(id) !== at)).toEqual([]);
});

test('each body and each answer in JSON has an example, and the example is of its shape', async () => {
  const document = await readDocument();
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(toSchemaDocument(document), 'api');

  // The same problems stand in every operation.
  const compiled = new Map<string, ValidateFunction>();
  const faults: string[] = [];
  let checked = 0;
  for (const [name, { requestBody, responses }] of operationsOf(document)) {
    const answers = Object.entries(responses).flatMap(([status, { content }]) => mediaOf(content, status));
    for (const [place, media] of [...mediaOf(requestBody?.content, 'body'), ...answers]) {
      checked += 1;
      const shape = JSON.stringify(media.schema);
      const validate = compiled.get(shape) ?? ajv.compile(withPlaces(media.schema));
      compiled.set(shape, validate);
      const examples = Object.values(media.examples ?? {}).map(({ value }) => value);
      if ('example' in media) examples.push(media.example);
      if (examples.length === 0) faults.push(`${name} ${place}: has no example`);
      for (const example of examples) {
        if (!validate(example)) faults.push(`${name} ${place}: ${ajv.errorsText(validate.errors)}`);
      }
    }
  }

  expect(faults).toEqual([]);
  expect(checked).toBeGreaterThan(500);
});

function mediaOf(content: Operation['responses'][string]['content'], place: string): [string, Media][] {
  return Object.entries(content ?? {})
    .filter(([type]) => /json$/.test(type))
    .map(([, media]) => [place, media]);
}

function toSchemaDocument(document: Document): object {
  return withPlaces({ components: document.components });
}

/** References of the document, as they are from outside of it. */
function withPlaces<Part extends object>(part: Part): Part {
  // Only texts of references changed.
  return JSON.parse(JSON.stringify(part).replaceAll('"#/components/', '"api#/components/')) as Part;
}
