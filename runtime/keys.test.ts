import { expect, test } from 'vitest';
import { type Envelope, encodeEnvelope } from '#protocols/envelope.ts';
import { OpenBatch } from './batch.ts';
import { emptyCell } from './cell.ts';
import { Counters } from './counters.ts';
import { sortMessages } from './intake.ts';
import { Keys } from './keys.ts';
import type { KeyedReply, PartitionRow } from './store.ts';
import { COUNTER } from './testing/counter.ts';
import { command, counterAddress } from './testing/envelopes.ts';
import { takeTurn } from './turn.ts';

const ADD = { type: 'add', by: 1 };
const START = { seq: 0, id: null };
const ROW: PartitionRow = {
  id: 0,
  epoch: 1,
  batch: 0,
  generation: 0,
  cursor: START,
  controlCursor: START,
  owner: 'node',
};

function inTime(key: string, withinMs: number): Envelope {
  const envelope = command('one', ADD, key);
  return { ...envelope, source: { ...envelope.source, withinMs } as Envelope['source'] };
}

function takeBack(key: string): Envelope {
  const { to, root } = command('one', ADD, key);
  const bodyHash = 'a'.repeat(64);
  const source = { kind: 'cancel', key, bodyHash, replyTo: 'reply.back', by: 'user:test' } as const;
  return { id: `x.${key}`, to, root, message: { type: 'cancel' }, source };
}

/** One partition's rounds, commit by commit; each message was dated 0 by the log. */
function partitionAt(stored: KeyedReply[] = []) {
  const counters = new Counters({ outbound: [], inbound: [] });
  const routes = { partitionCount: 1, isControl: () => false, writtenVersion: () => 1 };
  const keys = new Keys({ findReplies: async () => stored });
  let open = new OpenBatch(ROW, counters, routes);
  let seq = 0;
  const known = (tenant: string, key: string) => open.replyOf(tenant, key) ?? keys.marked(tenant, key);
  const round = async (nowMs: number, ...envelopes: Envelope[]) => {
    const deliveries = envelopes.map((envelope) => ({
      lane: envelope.source.kind === 'cancel' ? ('control' as const) : ('data' as const),
      delivery: { seq: ++seq, id: `${seq}`, atMs: 0, bytes: encodeEnvelope(envelope) },
    }));
    const kinds = new Map([['counter', COUNTER]]);
    const context = { partition: 0, generation: 0, counters, kinds, partitionCount: 1, nowMs, known };
    const items = sortMessages(deliveries, context);
    await keys.lookUp(items, false);
    for (const item of items) {
      if (item.fate.type !== 'turn') keys.gather(item, open, known);
      else {
        const cell = emptyCell(counterAddress('one'), COUNTER);
        open.add(takeTurn(cell, item.fate.envelope, item.place), item.fate.envelope, item.place);
      }
    }
    return items.map(({ fate }) => fate.type);
  };
  const commit = () => {
    const { batch, outputs } = open.prepare(0);
    stored.push(...batch.replies);
    open = new OpenBatch(ROW, counters, routes);
    return { ...batch, answers: outputs.answers };
  };
  return { round, commit };
}

test('a command whose turn comes after its deadline is not done: it is refused, and the batch tells so', async () => {
  const { round, commit } = partitionAt();

  expect(await round(5_001, inTime('late', 5_000), inTime('in-time', 5_001))).toEqual(['expired', 'turn']);
  const { skipped, replies, answers } = commit();
  expect(skipped).toEqual([{ lane: 'data', seq: 1, reason: 'expired' }]);
  expect(replies.map(({ key }) => key)).toEqual(['in-time']);
  expect(answers[0]).toMatchObject({ key: 'late', reply: { failure: { code: 'DEADLINE_EXCEEDED' } } });
});

test('a refusal at the deadline leaves the key free: the same command is done when it comes again', async () => {
  const { round, commit } = partitionAt();

  expect(await round(5_001, inTime('k', 5_000), inTime('k', 9_000))).toEqual(['expired', 'turn']);
  expect(commit().replies).toMatchObject([{ key: 'k', reply: { ok: true } }]);
});

test('a command that was done is answered as before, also when its repeat comes after the deadline', async () => {
  const { round, commit } = partitionAt();

  expect(await round(0, inTime('k', 5_000))).toEqual(['turn']);
  expect(await round(6_000, inTime('k', 5_000))).toEqual(['repeat']);
  expect(commit().skipped).toEqual([{ lane: 'data', seq: 2, reason: 'repeated' }]);
});

test('a command taken back before its turn is never done, and its key answers CANCELLED', async () => {
  const stored: KeyedReply[] = [];
  const { round, commit } = partitionAt(stored);
  const cancelled = { ok: false, failure: { code: 'CANCELLED' } };

  expect(await round(0, takeBack('k'), command('one', ADD, 'k'))).toEqual(['cancel', 'repeat']);
  const first = commit();
  expect(first.replies).toMatchObject([{ key: 'k', reply: cancelled }]);
  expect(first.answers).toMatchObject([
    { replyTo: 'reply.back', reply: cancelled },
    { replyTo: 'reply.here', reply: cancelled },
  ]);
  expect(first.skipped).toEqual([{ lane: 'data', seq: 2, reason: 'cancelled' }]);
  expect(first.snapshots).toEqual([]);

  expect(await round(0, command('one', ADD, 'k'))).toEqual(['repeat']);
  expect(commit()).toMatchObject({ replies: [], answers: [{ reply: cancelled }] });
});

test('a mark that another owner set is found by the key that it left in the store', async () => {
  const stored: KeyedReply[] = [];
  const before = partitionAt(stored);
  await before.round(0, takeBack('k'));
  before.commit();

  const after = partitionAt(stored);
  const again = command('one', ADD, 'k');
  const source = { ...again.source, again: true } as Envelope['source'];
  expect(await after.round(0, { ...again, source })).toEqual(['repeat']);
  expect(after.commit()).toMatchObject({ answers: [{ reply: { failure: { code: 'CANCELLED' } } }] });
});

test('taking back what was done comes too late: whoever did gets its reply', async () => {
  const { round, commit } = partitionAt();
  const done = { ok: true, value: 1 };

  expect(await round(0, command('one', ADD, 'k'), takeBack('k'))).toEqual(['turn', 'cancel']);
  const { answers, replies, skipped } = commit();
  expect(answers).toMatchObject([{ reply: done }, { replyTo: 'reply.back', reply: done }]);
  expect(replies).toHaveLength(1);
  expect(skipped).toEqual([]);
  expect(await round(0, takeBack('k'))).toEqual(['repeat']);
  expect(commit().answers).toMatchObject([{ replyTo: 'reply.back', reply: done }]);
});

test('taking back another request under the key changes nothing, and is refused', async () => {
  const { round, commit } = partitionAt();
  const other = takeBack('k');
  const source = { ...other.source, bodyHash: 'b'.repeat(64) } as Envelope['source'];

  await round(0, command('one', ADD, 'k'), { ...other, source });
  expect(commit().answers[1]).toMatchObject({ reply: { failure: { code: 'IDEMPOTENCY_KEY_REUSED' } } });
});
