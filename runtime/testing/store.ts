/**
 * The store, in memory: the same promises as Postgres (S1 to S3 of the port), one call after the other.
 *
 * F1. A call happens at once when it is made; only its answer takes a turn of the event loop.
 * F2. What goes in is kept as JSON text, and what comes out is parsed anew: nobody shares an object with the store.
 */
import { type Address, formatAddress } from '#protocols/address.ts';
import { LIMITS } from '#protocols/limits.ts';
import type { Clock } from '../clock.ts';
import { splitDoubledKeys } from '../doubled-keys.ts';
import type { Position } from '../log.ts';
import {
  type Batch,
  type CommitOutcome,
  type Counter,
  type DueReplay,
  EVENT_TARGET,
  type KeyedReply,
  type LoadedActor,
  type MoveLimit,
  type OutboxHead,
  type OutboxRow,
  type OutLane,
  type Owner,
  type PartitionCounters,
  type PartitionRow,
  type SkippedCommand,
  type Snapshot,
  type Store,
  type TakenRow,
  TIMER_AGAIN_MS,
  type TimerRow,
  type UnsentLimits,
  Unwritable,
} from '../store.ts';
import type { AttemptPlace, KeptMail, SupervisedRow } from '../supervision.ts';
import { MemoryDeadLetters } from './dead-letters.ts';
import { MemoryPast } from './past.ts';
import { SupervisionRows } from './supervision-rows.ts';

export interface StoredOutboxRow extends OutboxRow {
  readonly committedAtMs: number;
}

interface StoredActor {
  readonly partition: number;
  readonly snapshot: Snapshot;
  readonly changedAtMs: number;
}

interface StoredReply {
  readonly text: string;
  readonly atMs: number;
}

type ReplyKey = Pick<KeyedReply, 'tenant' | 'key'>;

interface StoredTimer extends TimerRow {
  sendAtMs: number;
  sends: number;
}

const START: Position = { seq: 0, id: null };

export class MemoryStore implements Store {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #partitions = new Map<number, PartitionRow>();
  readonly #movedAtMs = new Map<number, number>();
  readonly #actors = new Map<string, StoredActor>();
  readonly #outbox = new Map<string, StoredOutboxRow>();
  readonly #outbound = new Map<string, number>();
  readonly #inbound = new Map<string, number>();
  readonly #timers = new Map<string, StoredTimer>();
  readonly #replies = new Map<string, StoredReply>();
  readonly letters: MemoryDeadLetters;
  readonly #supervision = new SupervisionRows();
  readonly #skipped = new Map<string, SkippedCommand & { readonly partition: number }>();
  readonly #stateVersions = new Map<string, number>();
  readonly past: MemoryPast;

  constructor(options: { clock: Pick<Clock, 'now'>; partitionCount: number }) {
    this.#clock = options.clock;
    const replies = {
      find: (key: ReplyKey) => this.#findReply(key),
      keep: (reply: KeyedReply) => this.#keep(reply),
    };
    this.letters = new MemoryDeadLetters({ clock: options.clock, replies });
    this.past = new MemoryPast({
      nowMs: () => options.clock.now(),
      nextBatch: (id) => this.#partitions.get(id)?.batch ?? 0,
      snapshotOf: (name) => this.#actors.get(name)?.snapshot,
    });
    for (let id = 0; id < options.partitionCount; id++) {
      const row = { id, epoch: 0, batch: 0, generation: 0, owner: null };
      this.#partitions.set(id, { ...row, cursor: START, controlCursor: START });
    }
  }

  async owners(): Promise<Owner[]> {
    return [...this.#partitions.values()].map(({ id, epoch, owner }) => ({ id, epoch, owner }));
  }

  async acquire(partition: number, seenEpoch: number, owner: string): Promise<TakenRow | null> {
    const before = this.#partitions.get(partition);
    const row = this.#change(partition, seenEpoch, (old) => ({ ...old, epoch: old.epoch + 1, owner }));
    if (!row) return null;
    const isAbandoned = before?.owner != null && before.owner !== owner;
    return { ...row, isAbandoned, suspects: this.#supervision.acquired(partition, row.batch, isAbandoned) };
  }

  async supervised(partition: number): Promise<SupervisedRow[]> {
    return structuredClone(this.#supervision.of(partition));
  }

  async keptMail(address: Address, limit: number): Promise<KeptMail[]> {
    return structuredClone(this.#supervision.keptMail(address, limit));
  }

  async attempt(partition: number, epoch: number, places: readonly AttemptPlace[] | null): Promise<boolean> {
    const row = this.#partitions.get(partition);
    if (row?.epoch !== epoch) return false;
    this.#supervision.attempt(partition, row.batch, places);
    return true;
  }

  async release(partition: number, epoch: number): Promise<void> {
    this.#change(partition, epoch, (row) => ({ ...row, owner: null }));
  }

  async permitMove(partition: number, epoch: number, { max, withinMs }: MoveLimit): Promise<boolean> {
    const nowMs = this.#clock.now();
    const recent = [...this.#movedAtMs.values()].filter((atMs) => atMs > nowMs - withinMs).length;
    if (recent >= max || this.#partitions.get(partition)?.epoch !== epoch) return false;
    this.#movedAtMs.set(partition, nowMs);
    return true;
  }

  async reconcile(partition: number, epoch: number): Promise<PartitionRow | null> {
    return this.#change(partition, epoch, (row) => ({
      ...row,
      epoch: row.epoch + 1,
      generation: row.generation + 1,
      cursor: START,
      controlCursor: START,
    }));
  }

  async counters(partition: number): Promise<PartitionCounters> {
    const pick = (counters: ReadonlyMap<string, number>): Counter[] =>
      [...counters].flatMap(([key, n]) => {
        const [own, other, lane] = key.split('/');
        return Number(own) === partition ? [{ other: Number(other), lane: lane as OutLane, n }] : [];
      });
    return { outbound: pick(this.#outbound), inbound: pick(this.#inbound) };
  }

  async load(addresses: readonly Address[]): Promise<LoadedActor[]> {
    return addresses.flatMap((address) => {
      const stored = this.#actors.get(formatAddress(address));
      if (!stored) return [];
      const { version, stateVersion, state, timers } = stored.snapshot;
      const { changedAtMs } = stored;
      return [
        {
          address,
          version,
          stateVersion,
          state: JSON.parse(state),
          timers: structuredClone(timers),
          changedAtMs,
        },
      ];
    });
  }

  async findReplies(keys: readonly { tenant: string; key: string }[]): Promise<KeyedReply[]> {
    return keys.flatMap((key) => this.#findReply(key) ?? []);
  }

  async commit(batches: readonly Batch[]): Promise<CommitOutcome> {
    const { doubled } = splitDoubledKeys(batches);
    const repeated = batches.filter(
      (batch) => doubled.includes(batch) || batch.replies.some((reply) => this.isKnown(reply)),
    );
    const moved = batches.filter((batch) => !repeated.includes(batch) && this.#isNext(batch));
    if (batches.some((batch) => batch.snapshots.some(({ watchMs }) => !Number.isInteger(watchMs ?? 0)))) {
      throw new Unwritable('watchMs is no whole number');
    }
    for (const row of moved.flatMap((batch) => batch.outbox)) {
      if (this.#outbox.has(outboxKey(row))) throw new Error(`outbox row ${outboxKey(row)} is there already`);
    }
    for (const batch of moved) this.apply(batch);
    const ids = (some: readonly Batch[]) => new Set(some.map((batch) => batch.partition));
    return { committed: ids(moved), repeated: ids(repeated) };
  }

  async settleOutbox(partitions: readonly number[]): Promise<void> {
    for (const [key, { partition, target, lane, n }] of this.#outbox) {
      if (!partitions.includes(partition) || target === EVENT_TARGET) continue;
      if (n <= (this.#inbound.get(`${target}/${partition}/${lane}`) ?? 0)) this.#outbox.delete(key);
    }
  }

  async settleEvents(events: readonly { partition: number; n: number }[]): Promise<void> {
    for (const event of events) {
      this.#outbox.delete(outboxKey({ ...event, target: EVENT_TARGET, lane: 'event' }));
    }
  }

  async unsentHeads(partitions: readonly number[], olderThanMs: number): Promise<OutboxHead[]> {
    const beforeMs = this.#clock.now() - olderThanMs;
    const rows = [...this.#outbox.values()].filter((row) => partitions.includes(row.partition));
    const ways = Map.groupBy(rows.sort(compareOutbox), wayOf).values();
    return [...ways].flatMap(([first]) =>
      first && first.committedAtMs < beforeMs
        ? [{ partition: first.partition, target: first.target, lane: first.lane, n: first.n }]
        : [],
    );
  }

  async unsent(heads: readonly OutboxHead[], { perLane, bytesMax }: UnsentLimits): Promise<OutboxRow[]> {
    const sorted = [...this.#outbox.values()].sort(compareOutbox);
    const windows = heads.map((head) =>
      sorted.filter((row) => wayOf(row) === wayOf(head) && row.n >= head.n).slice(0, perLane),
    );
    const chosen = new Set<OutboxRow>();
    let bytes = 0;
    for (let turn = 0; turn < perLane; turn++) {
      for (const row of windows.flatMap((window) => window[turn] ?? [])) {
        if (bytes < bytesMax) chosen.add(row);
        bytes += Buffer.byteLength(row.body);
      }
    }
    return windows
      .flat()
      .filter((row) => chosen.has(row))
      .map(({ committedAtMs, ...row }) => row);
  }

  async takeDueTimers(partitions: readonly number[], limitEach: number): Promise<TimerRow[]> {
    const nowMs = this.#clock.now();
    const due = [...this.#timers.values()]
      .filter((timer) => partitions.includes(timer.partition) && timer.sendAtMs <= nowMs)
      .sort((a, b) => a.sendAtMs - b.sendAtMs);
    const taken = [...Map.groupBy(due, ({ partition }) => partition).values()].flatMap((timers) =>
      timers.slice(0, limitEach),
    );
    for (const timer of taken) {
      timer.sendAtMs = nowMs + Math.min(TIMER_AGAIN_MS.max, TIMER_AGAIN_MS.first * 2 ** timer.sends);
      timer.sends++;
    }
    return taken
      .map(({ sendAtMs, sends, ...timer }) => structuredClone(timer))
      .sort((a, b) => a.atMs - b.atMs);
  }

  async dueReplays(...wanted: Parameters<Store['dueReplays']>): Promise<DueReplay[]> {
    return this.letters.dueReplays(...wanted);
  }

  async watched(partitions: readonly number[]): Promise<{ address: Address; watchMs: number }[]> {
    return [...this.#actors.values()].flatMap(({ partition, snapshot: { address, watchMs } }) =>
      watchMs !== null && partitions.includes(partition) ? [{ address, watchMs }] : [],
    );
  }

  async stateVersions(): Promise<ReadonlyMap<string, number>> {
    return new Map(this.#stateVersions);
  }

  async raiseStateVersions(versions: ReadonlyMap<string, number>): Promise<void> {
    for (const [type, version] of versions) {
      if ((this.#stateVersions.get(type) ?? 0) < version) this.#stateVersions.set(type, version);
    }
  }

  async maintain(): Promise<void> {
    const beforeMs = this.#clock.now() - (LIMITS.replyKeptHours + 1) * 3_600_000;
    for (const [key, { atMs }] of this.#replies) if (atMs < beforeMs) this.#replies.delete(key);
    this.letters.forget(this.#clock.now() - LIMITS.letterKeptDays * 86_400_000);
  }

  async stop(): Promise<void> {
    return;
  }

  /** Whether another commit wrote this key. */
  isKnown(key: { tenant: string; key: string }): boolean {
    return this.#replies.has(replyKey(key));
  }

  /** Writes a batch whatever its partition's row says: for `commit`, and for stores that are broken on purpose. */
  apply(batch: Batch): void {
    const { partition, cursor, controlCursor } = batch;
    const row = this.#partitions.get(partition);
    if (!row) return;
    this.past.record(batch, { row, exists: (name) => this.#actors.has(name) });
    this.#partitions.set(partition, { ...row, batch: row.batch + 1, cursor, controlCursor });
    this.applyActors(batch);
    const committedAtMs = this.#clock.now();
    for (const out of batch.outbox) this.#outbox.set(outboxKey(out), { ...out, committedAtMs });
    for (const { other, lane, n } of batch.outbound) this.#outbound.set(`${partition}/${other}/${lane}`, n);
    for (const { other, lane, n } of batch.inbound) this.#inbound.set(`${partition}/${other}/${lane}`, n);
    for (const timer of batch.timersSet) {
      this.#timers.set(timerKey(timer), { ...structuredClone(timer), sendAtMs: timer.atMs, sends: 0 });
    }
    for (const timer of batch.timersDropped) this.#timers.delete(timerKey(timer));
    this.#supervision.apply(batch);
    const { generation } = batch;
    for (const skipped of batch.skipped) {
      this.#skipped.set(`${partition}/${generation}/${skipped.lane}/${skipped.seq}`, {
        ...skipped,
        partition,
      });
    }
    for (const letter of batch.deadLetters) this.letters.bury(letter, { partition, generation });
    for (const outcome of batch.replays) this.letters.endReplay(outcome);
  }

  /** The part of a batch that callers and readers see: snapshots and replies. */
  applyActors(batch: Pick<Batch, 'partition' | 'snapshots' | 'removed' | 'replies'>): void {
    for (const snapshot of batch.snapshots) {
      const stored = { partition: batch.partition, changedAtMs: this.#clock.now() };
      this.#actors.set(formatAddress(snapshot.address), { ...stored, snapshot: structuredClone(snapshot) });
    }
    for (const address of batch.removed) this.#actors.delete(formatAddress(address));
    for (const reply of batch.replies) {
      if (!this.isKnown(reply)) this.#keep(reply);
    }
  }

  partition(id: number): PartitionRow | undefined {
    return this.#partitions.get(id);
  }

  /** Deletes one row of the outbox: for stores that are broken on purpose. */
  dropOutbox(row: Pick<OutboxRow, 'partition' | 'target' | 'lane' | 'n'>): void {
    this.#outbox.delete(outboxKey(row));
  }

  /** All rows, for tests that look behind the port. */
  get rows() {
    return {
      partitions: [...this.#partitions.values()],
      actors: [...this.#actors.values()].map(({ snapshot }) => snapshot),
      outbox: [...this.#outbox.values()].sort(compareOutbox),
      timers: [...this.#timers.values()],
      deadLetters: this.letters.rows,
      ...this.#supervision.rows,
      skipped: [...this.#skipped.values()],
    };
  }

  #change(partition: number, epoch: number, next: (row: PartitionRow) => PartitionRow): PartitionRow | null {
    const row = this.#partitions.get(partition);
    if (row?.epoch !== epoch) return null;
    const changed = next(row);
    this.#partitions.set(partition, changed);
    return changed;
  }

  #findReply(key: ReplyKey): KeyedReply | null {
    const stored = this.#replies.get(replyKey(key));
    return stored ? JSON.parse(stored.text) : null;
  }

  #keep(reply: KeyedReply): void {
    this.#replies.set(replyKey(reply), { text: JSON.stringify(reply), atMs: this.#clock.now() });
  }

  #isNext(batch: Batch): boolean {
    const row = this.#partitions.get(batch.partition);
    return row?.epoch === batch.epoch && row.batch === batch.batch && row.owner !== null;
  }
}

function wayOf({ partition, target, lane }: OutboxHead): string {
  return `${partition}/${target}/${lane}`;
}

function outboxKey(row: Pick<OutboxRow, 'partition' | 'target' | 'lane' | 'n'>): string {
  return `${row.partition}/${row.target}/${row.lane}/${row.n}`;
}

function timerKey(timer: { address: Address; key: string }): string {
  return `${formatAddress(timer.address)} ${timer.key}`;
}

function replyKey({ tenant, key }: { tenant: string; key: string }): string {
  return `${tenant}/${key}`;
}

function compareOutbox(a: OutboxRow, b: OutboxRow): number {
  const byLane = a.lane < b.lane ? -1 : Number(a.lane > b.lane);
  return a.partition - b.partition || a.target - b.target || byLane || a.n - b.n;
}
