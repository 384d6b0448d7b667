import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SCHEMA_NUMBER } from '#runtime/postgres/check.ts';

test('a node asks for the newest migration before it starts', () => {
  const numbers = readdirSync(join(import.meta.dirname, 'migrations')).map((name) =>
    Number.parseInt(name, 10),
  );

  expect(SCHEMA_NUMBER).toBe(Math.max(...numbers));
});
