/** The page cannot rot: its code is that of the examples, its tables say all effects and the bounds that hold. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Effect } from '#protocols/effects.ts';
import { LIMITS } from '#protocols/limits.ts';

const PAGE = readFileSync(join(import.meta.dirname, 'actors.md'), 'utf8');
const EXAMPLES = join(import.meta.dirname, 'examples');

test('every piece of code on the page stands word for word in the examples', () => {
  const sources = readdirSync(EXAMPLES).map((name) => readFileSync(join(EXAMPLES, name), 'utf8'));
  const blocks = [...PAGE.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code ?? '');

  const foreign = blocks.filter((code) => !sources.some((source) => source.includes(code)));

  expect(blocks.length).toBeGreaterThan(5);
  expect(foreign).toEqual([]);
});

test('the page has a row for every effect', () => {
  const all: Record<Effect['type'], true> = {
    ...{ send: true, reply: true, emit: true, schedule: true, repeat: true, cancel: true },
    ...{ ask: true, cancel_ask: true, deliver: true, stop: true },
  };
  const rows = [...PAGE.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);

  expect(Object.keys(all).filter((type) => !rows.includes(type))).toEqual([]);
});

test('every bound on the page is that of protocols/limits.ts', () => {
  const rows = [...PAGE.matchAll(/^\|[^|]*\| `(\w+)` \| ([\d,]+) \|$/gm)].map(([, name = '', value = '']) => [
    name,
    Number(value.replaceAll(',', '')),
  ]);

  expect(rows.length).toBeGreaterThan(8);
  expect(Object.fromEntries(rows)).toEqual(
    Object.fromEntries(rows.map(([name]) => [name, Reflect.get(LIMITS, String(name))])),
  );
});
