import { expect, test } from 'vitest';
import { shortAge, shortBytes, shortCost, shortCount, shortId, shortSpan } from './figures.ts';

test('counts are short', () => {
  expect([0, 999, 1_000, 12_345, 400_000, 999_400, 999_999, 4_560_000].map(shortCount)).toEqual([
    '0',
    '999',
    '1k',
    '12.3k',
    '400k',
    '999k',
    '1M',
    '4.56M',
  ]);
});

test('spans of time are short and never negative', () => {
  expect([-5, 42.9, 185, 7_800, 356_400].map(shortSpan)).toEqual(['0s', '42s', '3m 05s', '2h 10m', '4d 3h']);
});

test('ages are shorter still', () => {
  expect([-1, 59, 60, 3_599, 7_300, 90_000].map(shortAge)).toEqual(['0s', '59s', '1m', '59m', '2h', '1d']);
});

test('money, bytes and ids are short', () => {
  expect([0, 0.001, 1.5].map(shortCost)).toEqual(['$0', '<$0.01', '$1.50']);
  expect([12, 2_048, 3_500_000].map(shortBytes)).toEqual(['12 B', '2 KiB', '3.34 MiB']);
  expect([shortId('agent-one'), shortId('01a1fc4c-cff6-75d7-b41b-67b4075cda3e')]).toEqual([
    'agent-one',
    '…075cda3e',
  ]);
});
