/** What the page of the live feed lists is what the actors emit. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { liveTypeOf } from '#protocols/events.ts';
import { LiveNotice } from '#protocols/http/live.ts';

const page = readFileSync(new URL('./live-feed.md', import.meta.url), 'utf8');
const actors = new URL('../../actors/', import.meta.url);

/** Folders of kinds, with the type that stands in their addresses. */
const KIND_OF: Readonly<Record<string, string>> = { fleet: 'registry' };

function emittedIn(folder: string): string[] {
  const files = readdirSync(new URL(`${folder}/`, actors)).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
  );
  return files.flatMap((file) => {
    const source = readFileSync(new URL(`${folder}/${file}`, actors), 'utf8');
    return [...source.matchAll(/\b(?:emit\(\s*|event: )'(\w+)'/g)].map(([, name]) => name ?? '');
  });
}

/** The names that the page has in the row of a group, with those behind a prefix of their own. */
function isListed(type: string): boolean {
  const [group = '', ...rest] = type.split('.');
  const name = rest.at(-1);
  const row = page.split('\n').find((line) => line.startsWith(`| \`${group}.*\``)) ?? '';
  const part = rest.length > 1 ? (row.split(`${group}.${rest[0]}.<name>\`:`)[1]?.split(';')[0] ?? '') : row;
  return part.includes(`\`${name}\``);
}

test('each event that an actor emits is listed under its group', () => {
  const folders = readdirSync(actors, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !['remote', 'testing'].includes(entry.name))
    .map(({ name }) => name);
  const types = folders.flatMap((folder) =>
    emittedIn(folder).map((name) => liveTypeOf(KIND_OF[folder] ?? folder, name)),
  );

  expect(types.length).toBeGreaterThan(40);
  expect(types.filter((type) => !isListed(type))).toEqual([]);
});

test('each notice is listed', () => {
  const types = LiveNotice.options.map(({ shape }) => shape.type.value);

  expect(types.filter((type) => !page.includes(`| \`${type}\` |`))).toEqual([]);
});
