/** The typed client's generated file is that of the routes there are. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { OPERATIONS_FILE, operationsOfThisTree } from './operations-file.ts';

test('the generated part of the typed client is that of this tree (else: npm run client)', async () => {
  const written = readFileSync(OPERATIONS_FILE, 'utf8');
  const due = await operationsOfThisTree();

  const lines = new Set(written.split('\n'));
  expect(due.split('\n').filter((line) => !lines.has(line))).toEqual([]);
  expect(written === due).toBe(true);
});
