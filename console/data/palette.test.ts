import { expect, test } from 'vitest';
import { type Command, findCommands } from './palette.ts';

const named = (...names: string[]): Command[] =>
  names.map((name) => ({ name, kind: 'screen', act: () => undefined }));
const found = (typed: string, ...names: string[]) =>
  findCommands(named(...names), typed).map(({ name }) => name);

test('a command is found by letters of its name in their order, where words begin first', () => {
  expect(found('dl', 'Handles', 'Dead letters', 'Wall')).toEqual(['Dead letters', 'Handles']);
});

test('a letter that a name lacks leaves it out', () => {
  expect(found('wz', 'Wall', 'Agents')).toEqual([]);
});

test('nothing typed leaves all in their order, up to a bound', () => {
  const names = Array.from({ length: 40 }, (_, at) => `Screen ${at}`);

  expect(found('', ...names)).toEqual(names.slice(0, 12));
});
