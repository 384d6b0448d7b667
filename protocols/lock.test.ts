import { expect, test } from 'vitest';
import type { EventRecord } from './events.ts';
import { isTokenCurrent, LockMessage, LockName } from './lock.ts';
import { isForward, type LockEntry, lockKey, toLockEntry } from './lock-mirror.ts';

function eventOf(name: string, payload: Record<string, unknown>, type = 'lock'): EventRecord {
  return {
    id: 'e-1',
    address: `${type}/dev/locks`,
    name,
    version: 1,
    at: '2026-01-01T00:00:00.000Z',
    cause: 'm-1',
    root: 'm-1',
    payload,
  };
}

const HELD: LockEntry = {
  tenant: 'dev',
  name: 'repo/main',
  state: 'held',
  token: 5,
  owner: 'agent:a',
  expires_at: '2026-01-01T00:01:00.000Z',
  changed_at: '2026-01-01T00:00:00.000Z',
};
const FREE: LockEntry = { ...HELD, state: 'free', owner: null, expires_at: null };

test('a resource lets a token pass that is as large as the largest it saw, and no smaller one', () => {
  expect(isTokenCurrent(null, 1)).toBe(true);
  expect(isTokenCurrent(7, 7)).toBe(true);
  expect(isTokenCurrent(7, 8)).toBe(true);
  expect(isTokenCurrent(7, 6)).toBe(false);
});

test('names are printable ASCII without what JSON escapes, and not longer than 200 characters', () => {
  for (const name of ['repo/main', 'file/src/a.ts', '__proto__', 'a'.repeat(200), '%C3%A4[0]']) {
    expect(LockName.safeParse(name).success, name).toBe(true);
  }
  for (const name of ['', 'a b', 'a"b', 'a\\b', 'ä', 'a\n', 'a'.repeat(201)]) {
    expect(LockName.safeParse(name).success, name).toBe(false);
  }
});

test('a release that names neither the token nor the request is not understood', () => {
  expect(LockMessage.safeParse({ type: 'release', name: 'a' }).success).toBe(false);
  expect(LockMessage.safeParse({ type: 'release', name: 'a', token: 1 }).success).toBe(true);
  expect(LockMessage.safeParse({ type: 'release', name: 'a', request_id: 'r' }).success).toBe(true);
});

test('a lease without an end, or longer than an hour, is not understood', () => {
  for (const ttl_ms of [0, 999, 3_600_001, Number.POSITIVE_INFINITY, 1.5]) {
    expect(LockMessage.safeParse({ type: 'acquire', name: 'a', ttl_ms }).success, String(ttl_ms)).toBe(false);
  }
});

test('different locks have different keys, and every key is one that a bucket takes', () => {
  const names = ['repo/main', 'repo.main', 'repo=2Emain', '.a.', 'a', 'A', '>', '*', '~!#[]', '$KV.x.>'];

  const keys = names.flatMap((name) => [lockKey('dev', name), lockKey('dev-a', name)]);

  expect(new Set(keys).size).toBe(keys.length);
  for (const key of keys) expect(key).toMatch(/^[-/=\w]+\.[-/=\w]+$/);
  expect(keys[0]).toBe('dev.repo/main');
});

test('a grant, a renewal and an end of a lock become entries, other events and other actors do not', () => {
  const grant = { name: 'repo/main', owner: 'agent:a', token: 5, expires_at: '2026-01-01T00:01:00.000Z' };

  const granted = toLockEntry(eventOf('granted', { ...grant, waited_ms: 0 }));
  const broken = toLockEntry(eventOf('broken', { name: 'repo/main', owner: 'agent:a', token: 5 }));

  expect(granted).toEqual({ key: 'dev.repo/main', entry: HELD });
  expect(broken).toEqual({ key: 'dev.repo/main', entry: FREE });
  expect(toLockEntry(eventOf('waiting', grant))).toBeNull();
  expect(toLockEntry(eventOf('granted', grant, 'session'))).toBeNull();
});

test('an entry goes forward by token, then to free, then by the end of its lease, and never back', () => {
  const renewed = { ...HELD, expires_at: '2026-01-01T00:02:00.000Z' };
  const inOrder = [HELD, renewed, FREE, { ...HELD, token: 6 }, { ...FREE, token: 6 }];

  for (const [place, next] of inOrder.entries()) {
    expect(isForward(null, next)).toBe(true);
    for (const [knownPlace, known] of inOrder.entries()) {
      expect(isForward(known, next), `${knownPlace} to ${place}`).toBe(place > knownPlace);
    }
  }
});
