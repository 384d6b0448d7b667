/** The page on MCP tells of the tools that there are, and of those that a task has. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scopeTools } from '#gateway/mcp/task-scope.ts';
import { TOOLS } from '#gateway/mcp/tools.ts';
import { EntityId } from '#protocols/ids.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../docs/mcp.md'), 'utf8');

test('the table of tools has every tool in its order, and says which are there with the token of a task', () => {
  const rows = [...PAGE.matchAll(/^\| `(\w+)` \| (.+?) \|(.*)\|$/gm)].filter(([, name = '']) =>
    name.includes('_'),
  );
  const listed = rows.filter(([, name = '']) => name === name.toLowerCase());
  const own = { session: EntityId.parse('s-1'), task: EntityId.parse('t-1'), attempt: 1 };

  expect(listed.map(([, name]) => name)).toEqual(TOOLS.map(({ name }) => name));
  expect(listed.filter(([, , , mark]) => mark?.trim() === 'yes').map(([, name]) => name)).toEqual(
    scopeTools(TOOLS, own).map(({ name }) => name),
  );
});
