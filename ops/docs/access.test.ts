/** The table on the page is that of the code, and what the page says of roles holds for every route. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ROUTE_ACTIONS } from '#gateway/route-actions.ts';
import { ACCESS, type Action, Role } from '#protocols/access.ts';

const page = readFileSync(new URL('./access.md', import.meta.url), 'utf8');
const cellsOf = (line: string) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
const rows = page
  .split('\n')
  .filter((line) => /^\| `[a-z]+\.[a-z]+` \|/.test(line))
  .map(cellsOf);
const head = cellsOf(page.split('\n').find((line) => line.startsWith('| action |')) ?? '');

test('the table of roles on the page is the table of the code', () => {
  const written = rows.map(([action = '', ...marks]) => [
    action.replaceAll('`', ''),
    head
      .slice(1)
      .filter((_, at) => marks[at] === 'yes')
      .sort(),
  ]);

  const kept = Object.entries(ACCESS).map(([action, may]) => [action, [...may].sort()]);
  expect(written).toEqual(kept);
  expect(head.slice(1)).toEqual(expect.arrayContaining([...Role.options, 'platform']));
});

test('each action is one of some route, or a part of one', () => {
  const used = new Set<string>(ROUTE_ACTIONS.values());
  const parts: readonly Action[] = ['letters.unaddressed', 'tools.call'];

  expect(Object.keys(ACCESS).filter((action) => !used.has(action))).toEqual(parts);
});
