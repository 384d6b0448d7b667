import { expect, test } from 'vitest';
import { parseOptions } from './options.ts';

test('without flags one seed of twenty harms is run', () => {
  expect(parseOptions([])).toEqual({ seed: 1, steps: 20, runs: 1, spare: [], trace: false, help: false });
});

test('harms to be left out are named with commas between them', () => {
  expect(parseOptions(['--spare', '0,3']).spare).toEqual([0, 3]);
});

test('wrong flags are refused, all in one message', () => {
  expect(() => parseOptions(['--sede', '3'])).toThrow('--sede');
  expect(() => parseOptions(['--spare', 'two'])).toThrow('--spare');
  expect(() => parseOptions(['--steps', '0', '--runs', 'x'])).toThrow(/--steps[\s\S]*--runs/);
});
