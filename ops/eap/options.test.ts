import { expect, test } from 'vitest';
import { parseOptions } from './options.ts';

test('without options all agents of ours are tested, with --agent the one that is given', () => {
  expect(parseOptions([])).toEqual({ subject: null, ours: null, transport: null, only: null, json: false });
  expect(parseOptions(['--http'])).toMatchObject({ subject: null, transport: 'http' });
  expect(parseOptions(['--agent', './mine', '--http', '--only', 'C1, C6', '--json'])).toEqual({
    subject: { name: './mine', command: './mine', transport: 'http' },
    ours: null,
    transport: 'http',
    only: new Set(['C1', 'C6']),
    json: true,
  });
  expect(parseOptions(['--help'])).toBeNull();
});

test('options that do not fit each other are refused', () => {
  expect(() => parseOptions(['--agent', 'x', '--ours', 'shell'])).toThrow('not both');
  expect(() => parseOptions(['--loud'])).toThrow();
});
