import { expect, test } from 'vitest';
import { parseOptions } from './options.ts';

test('without flags each kind of fault is had once', () => {
  expect(parseOptions([])).toEqual({ help: false, list: false, keep: false });
});

test('kinds are named with commas between them', () => {
  expect(parseOptions(['--only', 'cut,slow', '--seed', '7', '--minutes', '30'])).toMatchObject({
    only: ['cut', 'slow'],
    seed: 7,
    minutes: 30,
  });
});

test('wrong flags are refused, all in one message', () => {
  expect(() => parseOptions(['--seed', 'x', '--minutes', '0'])).toThrow(
    /--minutes.*\n?.*--seed|--seed.*\n.*--minutes/s,
  );
  expect(() => parseOptions(['--unknown'])).toThrow();
});
