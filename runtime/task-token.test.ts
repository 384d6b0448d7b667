import { expect, test } from 'vitest';
import { readTaskToken, signTaskToken, type TaskClaims, TaskKey } from './task-token.ts';

const KEY = 'k'.repeat(32);
const NOW_MS = 1_000_000;
const CLAIMS = {
  ...{ tenant: 'dev', session: 's-1', task: 't-1', attempt: 2, agent: 'agent-x' },
  expires: NOW_MS + 1,
} as TaskClaims;

test('a token says whose attempt it is, until its time is over', () => {
  const token = signTaskToken(KEY, CLAIMS);

  expect(readTaskToken(KEY, token, NOW_MS)).toEqual(CLAIMS);
  expect(readTaskToken(KEY, token, NOW_MS + 1)).toBeNull();
});

test('another key, or one character that is another, and it is none', () => {
  const token = signTaskToken(KEY, CLAIMS);
  const altered = Array.from(token, (character, at) => {
    return token.slice(0, at) + (character === 'A' ? 'B' : 'A') + token.slice(at + 1);
  });
  const forged = signTaskToken(KEY, { ...CLAIMS, session: 's-2' }).split('.')[0];

  expect(readTaskToken('l'.repeat(32), token, NOW_MS)).toBeNull();
  expect(altered.map((one) => readTaskToken(KEY, one, NOW_MS)).filter(Boolean)).toEqual([]);
  expect(readTaskToken(KEY, `${forged}.${token.split('.')[1]}`, NOW_MS)).toBeNull();
  for (const odd of ['', 'oiot_', 'oiot_.', `${token}=`, `${token}.x`, token.repeat(20)])
    expect(readTaskToken(KEY, odd, NOW_MS)).toBeNull();
});

test('a key that could be guessed is refused', () => {
  expect(TaskKey.safeParse('short').success).toBe(false);
});
