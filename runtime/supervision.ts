/**
 * The supervised actors of one partition: their faults, who is suspended, how much mail is kept. In memory; each change
 * is written with the batch of the message that made it, so that the next owner goes on from there.
 *
 * V1. Whether an actor is suspended follows from its log alone: faults are counted by the time of their messages.
 * V2. A suspended actor takes nothing. Commands are refused, and their keys stay free; all other mail is kept, in
 *     order, by the commit that moves the cursor past it. Past the bound it becomes dead letters.
 * V3. After an order to go on, kept mail is taken first, and nothing else of the partition before it is done: so what
 *     the actor becomes does not depend on how the mail was divided into commits.
 */
import type { ActorKind } from '#protocols/actor.ts';
import { type Address, formatAddress } from '#protocols/address.ts';
import { assert } from '#protocols/assert.ts';
import type { Lane } from '#protocols/subjects.ts';
import type { Supervise, Supervised } from '#protocols/supervision.ts';

export const KEPT_MAIL = { countMax: 10_000, bytesMax: 64 * 1024 * 1024 } as const;

/** An actor that had faults lately, or is suspended. */
export interface SupervisedRow extends Supervised {
  /** When its last faults were, by their messages, oldest first. */
  readonly faults: readonly number[];
  readonly keptBytes: number;
  /** Number of the newest message that was kept. */
  readonly lastKept: number;
}

/** A message that waits for its actor, with its place in the log. */
export interface KeptMail {
  readonly address: Address;
  /** From 1, in the order of the log. */
  readonly n: number;
  readonly generation: number;
  readonly lane: Lane;
  readonly seq: number;
  readonly atMs: number;
  /** The envelope in JSON. */
  readonly body: string;
}

/** Kept mail up to `n` was taken. */
export interface MailTaken {
  readonly address: Address;
  readonly n: number;
}

/** Where a message stands, to be known again by another owner. */
export interface AttemptPlace {
  readonly lane: Lane;
  readonly seq: number;
}

/** The part of the store that supervision needs. */
export interface SupervisionStore {
  supervised(partition: number): Promise<SupervisedRow[]>;
  /** The oldest kept mail of an actor, in order. */
  keptMail(address: Address, limit: number): Promise<KeptMail[]>;
  /**
   * Writes down which messages are about to be taken under this epoch; null: none any more, and what was known of
   * earlier ones is forgotten. False where the epoch is no longer ours.
   */
  attempt(partition: number, epoch: number, places: readonly AttemptPlace[] | null): Promise<boolean>;
}

/** How an attempt is written. */
export function attemptText(places: readonly AttemptPlace[]): string {
  return places.map(({ lane, seq }) => `${lane}/${seq}`).join();
}

/** What `attemptText` wrote. */
export function parseAttempt(text: string): AttemptPlace[] {
  return text.split(',').map((place) => {
    const [lane, seq] = place.split('/');
    assert(lane === 'data' || lane === 'control', `an attempt names its lanes: ${text}`);
    return { lane, seq: Number(seq) };
  });
}

/** What a budget's window can be at most is forgotten after it, here and in the store. */
export const FAULTS_KEPT_MS = 24 * 3_600_000;

export class Supervision {
  readonly #rows = new Map<string, SupervisedRow>();

  constructor(rows: readonly SupervisedRow[]) {
    for (const row of rows) this.#rows.set(formatAddress(row.address), row);
  }

  /** How many actors are not active. */
  get suspended(): number {
    let count = 0;
    for (const { status } of this.#rows.values()) if (status !== 'active') count++;
    return count;
  }

  /** An actor whose kept mail is to be taken now. */
  get goingOn(): SupervisedRow | null {
    for (const row of this.#rows.values()) {
      if (row.status === 'resuming' || row.status === 'dropping') return row;
    }
    return null;
  }

  of(address: Address): SupervisedRow {
    return this.#rows.get(formatAddress(address)) ?? emptyRow(address);
  }

  /** Counts a fault; suspends the actor where its kind or its budget says so. */
  fault(
    address: Address,
    kind: ActorKind,
    fault: { atMs: number; error: string /** Whatever the budget. */; isLast: boolean },
  ): SupervisedRow {
    const { atMs, error, isLast } = fault;
    const { max, withinMs } = kind.faults;
    const row = this.of(address);
    const faults = [...row.faults.filter((at) => atMs - at < withinMs), atMs].slice(-max - 1);
    const isOver = faults.length > max;
    if (kind.onDefect === 'resume' && !isOver && !isLast) return this.#set({ ...row, faults });
    const what = isOver ? `${faults.length} faults within ${withinMs} ms, the last: ` : '';
    const reason = `${what}${error.split('\n', 1)[0] ?? ''}`.slice(0, 1_000);
    return this.#set({ ...row, faults, status: 'suspended', reason, by: 'runtime', sinceMs: atMs });
  }

  /** Room for one more message, with its number; null where the bound is reached. */
  keep(address: Address, bytes: number): SupervisedRow | null {
    const row = this.of(address);
    if (row.kept >= KEPT_MAIL.countMax || row.keptBytes + bytes > KEPT_MAIL.bytesMax) return null;
    return this.#set({
      ...row,
      kept: row.kept + 1,
      keptBytes: row.keptBytes + bytes,
      lastKept: row.lastKept + 1,
    });
  }

  /** One kept message was taken; with the last one the actor is active again, unless it was suspended anew. */
  taken(address: Address, bytes: number): SupervisedRow {
    const row = this.of(address);
    const kept = row.kept - 1;
    const status = kept === 0 && row.status !== 'suspended' ? 'active' : row.status;
    return this.#set({ ...row, kept, keptBytes: Math.max(row.keptBytes - bytes, 0), status });
  }

  /** No mail is there although some was counted: nothing to wait for. */
  nothingKept(address: Address): SupervisedRow {
    return this.#set({ ...this.of(address), kept: 0, keptBytes: 0, status: 'active' });
  }

  obey(address: Address, { act, reason }: Supervise, order: { by: string; atMs: number }): SupervisedRow {
    const row = this.of(address);
    const ordered = { ...row, reason, by: order.by, sinceMs: order.atMs };
    if (act === 'suspend') {
      return row.status === 'suspended' ? row : this.#set({ ...ordered, status: 'suspended' });
    }
    if (row.status !== 'suspended') return row;
    const goesOn = act === 'drop' ? 'dropping' : 'resuming';
    const status = row.kept > 0 ? goesOn : 'active';
    return this.#set({ ...ordered, status, faults: [], resumes: row.resumes + 1 });
  }

  #set(row: SupervisedRow): SupervisedRow {
    this.#rows.set(formatAddress(row.address), row);
    if (this.#rows.size % 1_000 === 0) this.#forget(row.sinceMs);
    return row;
  }

  /** As the store does: who was active for long and had no fault since is as one that was never seen. */
  #forget(nowMs: number): void {
    for (const [name, { status, sinceMs, faults }] of this.#rows) {
      const lastMs = Math.max(sinceMs, faults.at(-1) ?? 0);
      if (status === 'active' && nowMs - lastMs > FAULTS_KEPT_MS) this.#rows.delete(name);
    }
  }
}

function emptyRow(address: Address): SupervisedRow {
  const nothing = { faults: [], kept: 0, keptBytes: 0, lastKept: 0, resumes: 0 };
  return { address, status: 'active', reason: '', by: 'runtime', sinceMs: 0, ...nothing };
}
