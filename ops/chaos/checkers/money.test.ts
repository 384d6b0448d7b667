import { expect, test } from 'vitest';
import { type Account, checkMoneyAtRest, checkMoneyInCut } from './money.ts';

const NOBODY: Account = { balance: 0, ops: [], sent: {}, received: {}, disorder: [] };
const DEPOSITS = new Map([
  ['in-a', 100],
  ['in-b', 100],
]);
/** Two payments of 10 went from a to b. */
const A: Account = { ...NOBODY, balance: 80, ops: ['in-a', 't1', 't2'], sent: { b: 2 } };
const B: Account = { ...NOBODY, balance: 120, ops: ['in-b'], received: { a: 2 } };

function atRest(a: Account, b: Account): string[] {
  const accounts = new Map([
    ['a', a],
    ['b', b],
  ]);
  return checkMoneyAtRest(accounts, DEPOSITS).map(({ kind, text }) => `${kind}: ${text}`);
}

function inCut(a: Account, b: Account): string[] {
  const accounts = new Map([
    ['a', a],
    ['b', b],
  ]);
  return checkMoneyInCut(accounts).map(({ text }) => text);
}

test('money that only moved is all there', () => {
  expect(atRest(A, B)).toEqual([]);
});

test('a payment that never came is missing, as its money is', () => {
  expect(atRest(A, { ...B, balance: 110, received: { a: 1 } })).toEqual([
    'effect: a sent 2 payments to b, 1 came (rest)',
    'money: 190 is there, 200 was paid in',
  ]);
});

test('a payment that came twice is found', () => {
  expect(atRest(A, { ...B, balance: 130, received: { a: 3 } })).toEqual([
    'effect: a sent 2 payments to b, 3 came (rest)',
    'money: 210 is there, 200 was paid in',
  ]);
});

test('a payment from an account that does not exist is found', () => {
  expect(atRest(A, { ...B, balance: 125, received: { a: 2, ghost: 1 } })).toContain(
    'effect: ghost sent 0 payments to b, 1 came (rest)',
  );
});

test('a balance that changed without a payment is found', () => {
  expect(atRest({ ...A, balance: 81 }, B)).toEqual(['money: 201 is there, 200 was paid in']);
});

test('payments out of their order are told by the account that got them', () => {
  expect(atRest(A, { ...B, disorder: ['payment 2 from a came after 0'] })).toEqual([
    'disorder: b: payment 2 from a came after 0',
  ]);
});

test('in the middle of the work a payment may be under way, but none may have come that was not sent', () => {
  expect(inCut(A, { ...B, received: { a: 1 } })).toEqual([]);
  expect(inCut(A, { ...B, received: { a: 3 } })).toEqual(['a sent 2 payments to b, 3 came (cut)']);
});
