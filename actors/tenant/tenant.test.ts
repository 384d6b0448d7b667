import { expect, test } from 'vitest';
import { LIMITS } from '#protocols/limits.ts';
import { KEY_LIMITS, keyState, type Tenant } from '#protocols/tenant.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { tenantKind } from './tenant.ts';

const DAY_MS = 86_400_000;
const idOf = (n: number) => `key${String(n).padStart(9, '0')}`;
const hash = 'a'.repeat(64);
const isoAfter = (actor: OneActor<Tenant>, ms: number) => new Date(actor.nowMs + ms).toISOString();

function build(): OneActor<Tenant> {
  return new OneActor<Tenant>(tenantKind, 'keys');
}

function issue(actor: OneActor<Tenant>, n = 1, more: object = {}): OneActor<Tenant> {
  const given = { name: 'laptop', role: 'developer', user: 'anna', agents: null, expires_at: null };
  return actor.handle({ type: 'issue', id: idOf(n), hash, ...given, reason: 'she joined', ...more });
}

const stateOf = (actor: OneActor<Tenant>, n: number) => {
  const key = actor.state.keys.find(({ id }) => id === idOf(n));
  return key && keyState(key, actor.nowMs);
};

test('a key that is issued is an event and an entry of the audit, and its hash stands in neither', () => {
  const actor = issue(build());

  expect(actor.of('emit')).toMatchObject([
    { name: 'key_issued', payload: { key: idOf(1), role: 'developer', user: 'anna', by: 'user:anna' } },
  ]);
  expect(actor.of('send').map(({ to, message }) => [to.type, message])).toMatchObject([
    ['audit', { act: 'key.issued', target: idOf(1), by: 'user:anna', reason: 'she joined' }],
  ]);
  expect(JSON.stringify([actor.of('emit'), actor.of('send')])).not.toContain(hash);
  expect(actor.state.keys).toMatchObject([{ hash, created_by: 'user:anna', revoked_at: null }]);
});

test('an id is given once', () => {
  const actor = issue(issue(build()));

  expect(actor.of('reply')).toMatchObject([{ reply: { ok: false, failure: { code: 'NAME_TAKEN' } } }]);
  expect(actor.state.keys).toHaveLength(1);
});

test('rotation makes a second key that is as the first, and the first counts for a while longer', () => {
  const actor = build();
  issue(actor, 1, { expires_at: isoAfter(actor, 90 * DAY_MS) });
  actor.nowMs += 30 * DAY_MS;

  const next = { id: idOf(2), hash: 'b'.repeat(64) };
  actor.handle({ type: 'rotate', id: idOf(1), next, grace_seconds: 3_600, reason: 'monthly' }, 'user:ben');

  expect([stateOf(actor, 1), stateOf(actor, 2)]).toEqual(['replaced', 'live']);
  const made = actor.state.keys.find(({ id }) => id === idOf(2));
  expect(made).toMatchObject({ user: 'anna', role: 'developer', expires_at: isoAfter(actor, 90 * DAY_MS) });
  expect(actor.of('emit')[0]).toMatchObject({ name: 'key_rotated', payload: { replaces: idOf(1) } });
  expect(actor.of('send')[0]?.message).toMatchObject({ act: 'key.rotated', by: 'user:ben' });
  actor.nowMs += 3_600_000;
  expect([stateOf(actor, 1), stateOf(actor, 2)]).toEqual(['expired', 'live']);
});

test('only a key that counts is rotated, and a grace never makes it live longer than it would', () => {
  const actor = build();
  issue(actor, 1, { expires_at: isoAfter(actor, 1_000) });
  const ends = actor.state.keys[0]?.expires_at;
  const rotate = (n: number, next: number) =>
    actor.handle({
      ...{ type: 'rotate', id: idOf(n), next: { id: idOf(next), hash } },
      ...{ grace_seconds: 60, reason: 'x' },
    });

  rotate(1, 2);
  expect(actor.state.keys[0]?.expires_at).toBe(ends);
  rotate(1, 3);
  expect(actor.of('reply')).toMatchObject([
    { reply: { failure: { code: 'INVALID_TRANSITION', current_state: 'replaced' } } },
  ]);
  rotate(9, 3);
  expect(actor.of('reply')).toMatchObject([{ reply: { failure: { code: 'NOT_FOUND' } } }]);
});

test('a revoked key is over for good, its logins end with it, and a repeat changes nothing', () => {
  const actor = issue(issue(build(), 1), 2);
  for (const [n, key] of [
    [5, 1],
    [6, 2],
  ] as const) {
    const expires_at = isoAfter(actor, DAY_MS);
    actor.handle({ type: 'login', id: idOf(n), key_id: idOf(key), hash, expires_at });
  }

  actor.handle({ type: 'revoke', id: idOf(1), reason: 'lost' }, 'user:ben');
  const after = actor.state;

  expect(stateOf(actor, 1)).toBe('revoked');
  expect(actor.state.logins.map(({ id }) => id)).toEqual([idOf(6)]);
  expect(actor.of('emit')).toMatchObject([
    { name: 'key_revoked', payload: { by: 'user:ben', reason: 'lost' } },
  ]);
  expect(actor.of('send')[0]?.message).toMatchObject({ act: 'key.revoked', before: { user: 'anna' } });
  actor.handle({ type: 'revoke', id: idOf(1), reason: 'again' });
  expect(actor.state).toBe(after);
  expect([...actor.of('emit'), ...actor.of('send')]).toEqual([]);
});

test('nobody logs in with a key that is over, and who logs out twice is out', () => {
  const actor = issue(build(), 1);
  const expires_at = isoAfter(actor, DAY_MS);
  actor.handle({ type: 'login', id: idOf(5), key_id: idOf(1), hash, expires_at });
  actor.handle({ type: 'logout', id: idOf(5) }).handle({ type: 'logout', id: idOf(5) });
  expect(actor.of('reply')).toMatchObject([{ reply: { ok: true } }]);
  actor.handle({ type: 'revoke', id: idOf(1), reason: 'lost' });

  actor.handle({ type: 'login', id: idOf(6), key_id: idOf(1), hash, expires_at });

  expect(actor.of('reply')).toMatchObject([{ reply: { failure: { code: 'INVALID_TRANSITION' } } }]);
  expect(actor.state.logins).toEqual([]);
});

test('keys and logins are bounded, what counts is never pushed out, and the state stays below its limit', () => {
  const actor = build();
  const agents = Array.from({ length: KEY_LIMITS.agentsMax }, (_, n) => `AGENT-${String(n).padEnd(57, 'X')}`);
  const more = { role: 'agent', agents, name: 'n'.repeat(100), user: 'u'.repeat(64) };
  for (let n = 0; n < KEY_LIMITS.liveMax; n++) issue(actor, n, more);
  issue(actor, 999);
  expect(actor.of('reply')).toMatchObject([
    { reply: { failure: { code: 'QUOTA_EXCEEDED', quota: { name: 'keys' } } } },
  ]);

  for (let n = 0; n < KEY_LIMITS.liveMax; n++) {
    actor.handle({ type: 'revoke', id: idOf(n), reason: 'all' });
    issue(actor, 1_000 + n, more);
  }
  const expires_at = isoAfter(actor, DAY_MS);
  for (let n = 0; n < KEY_LIMITS.loginsMax + 10; n++) {
    actor.handle({ type: 'login', id: idOf(5_000 + n), key_id: idOf(1_000 + (n % 200)), hash, expires_at });
  }
  for (let n = 0; n < KEY_LIMITS.loginsPerKeyMax + 5; n++) {
    actor.handle({ type: 'login', id: idOf(9_000 + n), key_id: idOf(1_000), hash, expires_at });
  }

  const { keys, logins } = actor.state;
  expect(keys).toHaveLength(KEY_LIMITS.keptMax);
  expect(keys.filter((key) => keyState(key, actor.nowMs) === 'live')).toHaveLength(KEY_LIMITS.liveMax);
  expect(logins.length).toBeLessThanOrEqual(KEY_LIMITS.loginsMax);
  expect(logins.filter(({ key_id }) => key_id === idOf(1_000))).toHaveLength(KEY_LIMITS.loginsPerKeyMax);
  expect(JSON.stringify(actor.state).length).toBeLessThan(LIMITS.actorStateBytesMax);
});
