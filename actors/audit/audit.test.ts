import { expect, test } from 'vitest';
import { AuditEntry } from '#protocols/audit.ts';
import { LockTable } from '#protocols/lock.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { startActors } from '#runtime/testing/actor-cluster.ts';
import { ACTOR_KINDS } from '../registry.ts';
import { Locks } from '../testing/named-locks.ts';
import { auditKind } from './audit.ts';

const said = {
  type: 'record',
  at: '2026-01-01T00:00:00.000Z',
  by: 'user:admin',
  act: 'lock.broken',
  target: 'repo/main',
  reason: 'hangs',
  before: { owner: 'a' },
};

test('an entry is written once, and nothing that comes later changes it', () => {
  const actor = new OneActor<AuditEntry>(auditKind, 'entry-1');

  actor.handle(said);
  const first = actor.state;
  actor.handle({ ...said, reason: 'another story' });

  expect(first).toMatchObject({ id: 'entry-1', target: 'repo/main', reason: 'hangs', by: 'user:admin' });
  expect(actor.state).toBe(first);
});

test('a broken lock leaves an entry: who, when, why, and who had it under which token', () => {
  const locks = new Locks().acquire('n', 'a').acquire('n', 'b');

  locks.say({ type: 'break', name: 'n', token: 1, reason: 'its machine is gone' }, 'user:admin');

  const sent = locks.actor.of('send').filter(({ to }) => to.type === 'audit');
  expect(sent.map(({ message }) => message)).toMatchObject([
    {
      type: 'record',
      at: new Date(locks.actor.nowMs).toISOString(),
      by: 'user:admin',
      act: 'lock.broken',
      target: 'n',
      reason: 'its machine is gone',
      before: { owner: 'a', token: 1, waiting: 1 },
    },
  ]);
});

test('a break that is refused leaves no entry, and neither does any other end of a lock', () => {
  const locks = new Locks().acquire('n', 'a').acquire('m', 'a');

  locks.say({ type: 'break', name: 'n', token: 9, reason: 'late' });
  const refused = locks.actor.of('send');
  locks.release('n', 'a', { token: 1 });
  const released = locks.actor.of('send');
  locks.advance(60_000);

  expect(locks.held).toEqual([]);
  expect([...refused, ...released, ...locks.actor.of('send')]).toEqual([]);
});

test('each of many breaks has one entry of its own, also when the node dies among them', async () => {
  await using cluster = await startActors(ACTOR_KINDS);
  const table = { type: 'lock', tenant: 'dev', id: 'locks' };
  const names = Array.from({ length: 12 }, (_, n) => `file/${n}`);
  for (const name of names) await cluster.ask(table, { type: 'acquire', name, ttl_ms: 600_000, wait_ms: 0 });
  const held = LockTable.parse(await cluster.state(table)).holds;

  for (const [n, { name, token }] of held.entries()) {
    if (n === 6) {
      await cluster.kill('one');
      await cluster.start('two');
    }
    await cluster.ask(table, { type: 'break', name, token, reason: 'on purpose' });
  }
  await cluster.advance(10_000);

  const entries = cluster.store.rows.actors
    .filter(({ address }) => address.type === 'audit')
    .map(({ state }) => AuditEntry.parse(JSON.parse(String(state))));
  expect(entries.map(({ target }) => target).sort()).toEqual([...names].sort());
  expect(new Set(entries.map(({ reason }) => reason))).toEqual(new Set(['on purpose']));
});
