/** The page of rules is true: each test and each file that it names is there. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const PAGE = readFileSync(join(import.meta.dirname, 'rules.md'), 'utf8');
const FOLDERS = '{protocols,actors,runtime,gateway,console,ops}';

interface Rule {
  readonly rule: string;
  readonly files: readonly string[];
  readonly tests: readonly string[];
}

/** The rows of three columns; those of what is not kept yet have two. */
function readRules(): Rule[] {
  const rows = PAGE.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  return rows.flatMap(([, rule = '', kept = '', named = '', end]) => {
    if (end !== '' || ['rule', '---'].includes(rule)) return [];
    return [{ rule, files: within(kept, '`'), tests: within(named, "'") }];
  });
}

function within(text: string, mark: string): string[] {
  return text.split(mark).filter((_, index) => index % 2 === 1);
}

/** Names of all tests, wherever they are: those of contracts are in no test file. */
function readTestNames(): Set<string> {
  const files = globSync([`${FOLDERS}/**/*.{test.ts,test.tsx,e2e.ts}`, 'runtime/contracts/*.ts'], {
    cwd: ROOT,
    exclude: ['**/node_modules/**', '**/fixtures/**'],
  });
  const call = /\btest(?:\.\w+)?(?:\([^()]*\))?\(\s*(['"`])(.*?)(?<!\\)\1\s*,/gs;
  return new Set(
    files.flatMap((file) =>
      [...readFileSync(join(ROOT, file), 'utf8').matchAll(call)].map(([, , name = '']) => name),
    ),
  );
}

test('each rule names a file that keeps it and a test that fails without it, and all of them are there', () => {
  const rules = readRules();
  const names = readTestNames();
  const missing = rules.flatMap(({ rule, files, tests }) => [
    ...(files.length === 0 || tests.length === 0 ? [`${rule}: names nothing`] : []),
    ...files.filter((file) => !existsSync(join(ROOT, file))),
    ...tests.filter((name) => !names.has(name)),
  ]);

  expect(rules.length).toBeGreaterThan(120);
  expect(missing).toEqual([]);
});
