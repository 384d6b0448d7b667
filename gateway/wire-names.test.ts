/** How things are written on the wire: names, words, times, and what every entity shows. Read from the document. */
import { expect, test } from 'vitest';
import { buildTestGateway } from './testing/gateway.ts';

interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly enum?: readonly unknown[];
}

const SNAKE = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;

/** Types of events join such words by dots; codes of failures are capitals. */
const WORD = /^[a-z][a-z0-9]*([_.][a-z0-9]+)*$/;
const CODE = /^[A-Z][A-Z0-9_]*$/;

async function readDocument(): Promise<{ readonly components: { readonly schemas: Record<string, Shape> } }> {
  const { app } = buildTestGateway();
  return (await app.inject({ url: '/openapi.json' })).json();
}

/** Every shape below a value, itself too. */
function shapesIn(value: unknown): Shape[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap(shapesIn)];
}

test('every field that is taken or shown is lower_snake, but those of the messages of EAP', async () => {
  const { schemas } = (await readDocument()).components;
  const own = Object.entries(schemas).flatMap(([name, shape]) => (name.startsWith('Eap') ? [] : [shape]));
  const fields = shapesIn(own).flatMap(({ properties }) =>
    typeof properties === 'object' ? Object.keys(properties) : [],
  );

  expect(fields.length).toBeGreaterThan(300);
  expect([...new Set(fields.filter((name) => !SNAKE.test(name)))]).toEqual([]);
});

test('every word of a closed set is lower_snake, and codes of failures are capitals', async () => {
  const { components } = await readDocument();
  const words = shapesIn(components).flatMap((shape) => (Array.isArray(shape.enum) ? shape.enum : []));
  const texts = words.filter((word) => typeof word === 'string');

  expect(texts.length).toBeGreaterThan(100);
  expect([...new Set(texts.filter((word) => !WORD.test(word) && !CODE.test(word)))]).toEqual([]);
});

test('sessions, tasks, agents and contexts show tenant, id, version and both times', async () => {
  const { schemas } = (await readDocument()).components;

  for (const name of ['Session', 'Task', 'Agent', 'Context']) {
    const shown = Object.keys(schemas[name]?.properties ?? {});
    const missing = ['tenant_id', 'id', 'version', 'created_at', 'updated_at'].filter(
      (field) => !shown.includes(field),
    );
    expect([name, missing]).toEqual([name, []]);
  }
});
