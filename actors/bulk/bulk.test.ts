import { expect, test } from 'vitest';
import { BULK_LIMITS, type BulkJob, countItems } from '#protocols/bulk.ts';
import type { Reply } from '#protocols/failure.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { bulkKind } from './bulk.ts';

const OK: Reply = { ok: true, value: null };
const REFUSED: Reply = {
  ok: false,
  failure: {
    code: 'INVALID_TRANSITION',
    detail: `no: ${'x'.repeat(500)}`,
    current_state: 'running',
    allowed: ['stop'],
  },
};
const draft = { title: 'Mend the parser', initial_prompt: 'Mend it.' };
const idsOf = (count: number) => Array.from({ length: count }, (_, n) => `s${n}`);

function begin(message: { type: string } & Record<string, unknown>): OneActor<BulkJob> {
  return new OneActor<BulkJob>(bulkKind, 'job-1').handle(message);
}

const act = (count: number, action = 'pause', more = {}) =>
  begin({ type: 'act', action, session_ids: idsOf(count), ...more });

/** Answers what the last turn asked, and what follows, until nothing is asked. */
function answerAll(job: OneActor<BulkJob>, answer: (id: string, verb: string) => Reply = () => OK): string[] {
  const asked: string[] = [];
  const open = job.of('ask');
  for (let next = open.shift(); next; next = open.shift()) {
    asked.push(`${next.message.type} ${next.to.id}`);
    job.handle({ type: 'answered', key: next.key, reply: answer(next.to.id, next.message.type) });
    open.push(...job.of('ask'));
  }
  return asked;
}

test('a job asks each session once, never more at once than it may, and ends with the last answer', () => {
  const job = act(53, 'stop', { reason: 'wrong branch' });

  expect(job.value).toEqual({ id: 'job-1' });
  expect(job.of('ask')).toHaveLength(BULK_LIMITS.askedMax);
  expect(job.of('ask')[0]).toMatchObject({
    to: { type: 'session', tenant: 'dev', id: 's0' },
    message: { type: 'stop', reason: 'wrong branch' },
  });
  const first = job.of('ask')[7];
  job.handle({ type: 'answered', key: first?.key, reply: OK });
  expect(job.of('ask').map(({ to }) => to.id)).toEqual([`s${BULK_LIMITS.askedMax}`]);
  expect(countItems(job.state)).toMatchObject({ done: 1, asked: BULK_LIMITS.askedMax });
});

test('all sessions are asked in their order, and the job tells how far it is', () => {
  const job = act(45);
  const events: string[] = [...job.eventNames];
  const open = job.of('ask');
  const asked: string[] = [];
  for (let next = open.shift(); next; next = open.shift()) {
    asked.push(next.to.id);
    job.handle({ type: 'answered', key: next.key, reply: next.to.id === 's3' ? REFUSED : OK });
    open.push(...job.of('ask'));
    events.push(...job.eventNames);
  }

  expect(asked).toEqual(idsOf(45));
  expect(job.state).toMatchObject({ state: 'completed', ended_at: expect.any(String) });
  expect(countItems(job.state)).toEqual({ waiting: 0, asked: 0, done: 44, failed: 1, skipped: 0 });
  expect(events.filter((name) => name === 'progressed')).toHaveLength(20);
  expect(events.at(-1)).toBe('ended');
  expect(job.state.items[3]).toMatchObject({ state: 'failed', code: 'INVALID_TRANSITION' });
  expect(job.state.items[3]?.detail).toHaveLength(BULK_LIMITS.detailCharsMax);
});

test('an answer that comes again changes nothing', () => {
  const job = act(3);
  const key = job.of('ask')[0]?.key;
  const before = job.handle({ type: 'answered', key, reply: OK }).state;

  job.handle({ type: 'answered', key, reply: REFUSED });

  expect(job.state).toBe(before);
  expect(job.effects).toEqual([]);
});

test('a job that is cancelled asks nobody more and is over with the last answer', () => {
  const job = act(30);
  const open = job.of('ask');

  job.handle({ type: 'cancel' });
  expect(job.state.state).toBe('cancelling');
  expect(countItems(job.state)).toMatchObject({ asked: 20, skipped: 10 });
  for (const { key } of open) {
    job.handle({ type: 'answered', key, reply: OK });
    expect(job.of('ask')).toEqual([]);
  }

  expect(job.state.state).toBe('cancelled');
  expect(countItems(job.state)).toMatchObject({ done: 20, skipped: 10 });
  expect(job.handle({ type: 'cancel' }).failure).toMatchObject({
    code: 'INVALID_TRANSITION',
    current_state: 'cancelled',
    allowed: [],
  });
});

test('new sessions are made for who asked, and started where that was asked', () => {
  const job = begin({
    type: 'make',
    sessions: [draft, { ...draft, title: 'Mend the printer' }],
    start: true,
  });
  const [first] = job.of('ask');

  expect(first?.message).toMatchObject({ type: 'create', ...draft, on_behalf_of: 'user:anna' });
  const asked = answerAll(job, (id, verb) => (verb === 'start' && id.endsWith('2') ? REFUSED : OK));

  const [one, two] = job.state.items;
  expect(asked).toEqual([
    `create ${one?.session_id}`,
    `create ${two?.session_id}`,
    `start ${one?.session_id}`,
    `start ${two?.session_id}`,
  ]);
  expect(one).toEqual({ session_id: one?.session_id, state: 'done' });
  expect(two).toMatchObject({ state: 'failed', detail: expect.stringContaining('made, but not started') });
});

test('a session that was made when its job was cancelled is not started', () => {
  const job = begin({ type: 'make', sessions: [draft], start: true });
  const [first] = job.of('ask');

  job.handle({ type: 'cancel' }).handle({ type: 'answered', key: first?.key, reply: OK });

  expect(job.of('ask')).toEqual([]);
  expect(job.state).toMatchObject({ state: 'cancelled', items: [{ state: 'skipped' }] });
});

test('without a session a job is over at once, and is forgotten after its time', () => {
  const job = act(0);

  expect(job.state.state).toBe('completed');
  const [forget] = job.of('schedule');
  expect(forget).toMatchObject({ key: 'forget', atMs: job.nowMs + BULK_LIMITS.keptDays * 86_400_000 });
  expect(job.handle({ type: 'forget' }).isThere).toBe(false);
});

test('a session that is named twice is asked once', () => {
  const job = begin({ type: 'act', action: 'start', session_ids: ['a', 'b', 'a'] });

  expect(job.of('ask').map(({ to }) => to.id)).toEqual(['a', 'b']);
});

test('a job that is not there can not be cancelled, and one that is there is not begun anew', () => {
  const nobody = new OneActor<BulkJob>(bulkKind, 'job-2').handle({ type: 'cancel' });
  const job = act(2);

  expect(nobody.failure?.code).toBe('NOT_FOUND');
  expect(job.handle({ type: 'act', action: 'stop', session_ids: [] }).failure?.code).toBe('NAME_TAKEN');
});

test('the largest job is far below what an actor may hold', () => {
  const job = act(BULK_LIMITS.itemsMax);
  answerAll(job, () => REFUSED);

  expect(Buffer.byteLength(JSON.stringify(job.state))).toBeLessThan(512 * 1024);
});
