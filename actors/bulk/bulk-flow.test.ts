/** A job with real sessions on real nodes, in memory: also when the node that has it dies in the middle. */
import { expect, test } from 'vitest';
import { BulkJob, countItems } from '#protocols/bulk.ts';
import { Session } from '#protocols/session.ts';
import type { Store } from '#runtime/store.ts';
import { startActors } from '#runtime/testing/actor-cluster.ts';
import { ACTOR_KINDS } from '../registry.ts';

const JOB = { type: 'bulk', tenant: 'dev', id: 'job-1' };
const draft = { title: 'Mend the parser', initial_prompt: 'Mend it.' };
const sessionOf = (id: string) => ({ type: 'session', tenant: 'dev', id });

test('a job whose node dies goes on elsewhere: each session is made once, and belongs to who asked', async () => {
  await using cluster = await startActors(ACTOR_KINDS);
  await cluster.kill('one');
  let commitsLeft = Number.POSITIVE_INFINITY;
  const commit: Store['commit'] = (batches) =>
    commitsLeft-- > 0 ? cluster.store.commit(batches) : new Promise(() => undefined);
  await cluster.start('two', { store: { commit } });
  commitsLeft = 6;
  const sessions = Array.from({ length: 60 }, (_, n) => ({ ...draft, title: `Mend part ${n}` }));
  await cluster.ask(JOB, { type: 'make', sessions, start: false });

  await cluster.kill('two');
  const before = BulkJob.parse(await cluster.state(JOB));
  await cluster.start('three');
  await cluster.advance(30_000);

  expect(countItems(before)).toMatchObject({ asked: 20, failed: 0 });
  expect(countItems(before).waiting).toBeGreaterThan(0);
  const job = BulkJob.parse(await cluster.state(JOB));
  expect([job.state, countItems(job)]).toEqual([
    'completed',
    { waiting: 0, asked: 0, done: 60, failed: 0, skipped: 0 },
  ]);
  for (const [n, { session_id }] of job.items.entries()) {
    const session = Session.parse(await cluster.state(sessionOf(session_id)));
    expect(session).toMatchObject({ title: `Mend part ${n}`, state: 'pending', created_by: 'user:anna' });
    expect(cluster.events(sessionOf(session_id)).map(({ name }) => name)).toEqual(['created']);
  }
});

test('sessions in another state refuse, and the job says what each said', async () => {
  await using cluster = await startActors(ACTOR_KINDS);
  await cluster.ask(sessionOf('one'), { type: 'create', ...draft });
  await cluster.ask(sessionOf('two'), { type: 'create', ...draft });
  await cluster.ask(sessionOf('two'), { type: 'cancel' });

  await cluster.ask(JOB, {
    type: 'act',
    action: 'cancel',
    session_ids: ['one', 'two', 'none'],
    reason: 'not needed',
  });
  await cluster.advance(5_000);

  const job = BulkJob.parse(await cluster.state(JOB));
  expect(job.items).toMatchObject([
    { session_id: 'one', state: 'done' },
    { session_id: 'two', state: 'failed', code: 'INVALID_TRANSITION' },
    { session_id: 'none', state: 'failed', code: 'SESSION_NOT_FOUND' },
  ]);
  expect(await cluster.state(sessionOf('one'))).toMatchObject({
    state: 'cancelled',
    state_reason: 'not needed',
  });
});

test('nobody but a job says for whom a session is', async () => {
  await using cluster = await startActors(ACTOR_KINDS);

  await cluster.ask(sessionOf('one'), { type: 'create', ...draft, on_behalf_of: 'user:root' });

  expect(await cluster.state(sessionOf('one'))).toMatchObject({ created_by: 'user:anna' });
});
