/** Batches for contract tests, with what a test does not care about left empty. */
import type { Address } from '#protocols/address.ts';
import { bury } from '../dead-letter.ts';
import type {
  Batch,
  BuriedLetter,
  DeadLetter,
  KeyedReply,
  OutboxRow,
  PartitionRow,
  Snapshot,
  TimerRow,
} from '../store.ts';

/** The next batch of a partition that was just acquired, or just moved. */
export function nextBatch(row: PartitionRow, part: Partial<Batch> = {}): Batch {
  return {
    partition: row.id,
    epoch: row.epoch,
    batch: row.batch,
    generation: row.generation,
    cursor: row.cursor,
    controlCursor: row.controlCursor,
    order: '',
    digest: 0,
    snapshots: [],
    kept: [],
    forks: [],
    removed: [],
    outbox: [],
    outbound: [],
    inbound: [],
    timersSet: [],
    timersDropped: [],
    replies: [],
    deadLetters: [],
    replays: [],
    supervised: [],
    mailKept: [],
    mailTaken: [],
    skipped: [],
    ...part,
  };
}

export function snapshotOf(address: Address, part: Partial<Snapshot> = {}): Snapshot {
  const index = { status: null, title: null, parent: null, labels: [], lexemes: null, watchMs: null };
  return { address, version: 1, stateVersion: 1, state: '{"count":1}', timers: {}, ...index, ...part };
}

export function outboxRow(partition: number, target: number, part: Partial<OutboxRow> = {}): OutboxRow {
  const n = part.n ?? 1;
  const body = JSON.stringify({ n });
  return {
    partition,
    target,
    lane: 'data',
    n,
    subject: `mbx.${target}`,
    id: `e.${partition}.${target}.${n}`,
    body,
    ...part,
  };
}

export function timerOf(address: Address, part: Partial<TimerRow> & { partition: number }): TimerRow {
  return { address, key: 'later', generation: 1, atMs: 1_000, message: { type: 'ring' }, ...part };
}

export function replyUnder(key: string, value: unknown = null): KeyedReply {
  return { tenant: 'test', key, bodyHash: 'a'.repeat(64), reply: { ok: true, value } };
}

/** A letter of a message at `seq` of the partition's data. */
export function letterOf(row: PartitionRow, part: Partial<DeadLetter> & { seq: number }): BuriedLetter {
  const cause = { address: null, reason: 'defect' as const, error: 'Error: on purpose', stateVersion: 1 };
  const place = { partition: row.id, generation: row.generation, atMs: 1_000 * part.seq };
  return bury({ lane: 'data', body: '{}', ...cause, ...part }, place);
}
