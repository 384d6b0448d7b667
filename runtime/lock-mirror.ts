/**
 * Mirrors who holds which lock into a bucket that any NATS client can watch. Nothing is decided by reading it.
 *
 * M3. Any number of mirrors may write at once: each write goes through only if the entry is still the one that was read,
 *     and only forward (M1). So it does not matter which node is given an event, nor how often, nor in which order.
 * M4. An event is done with when the bucket is at least as far; until then it is given again, to any node.
 * M5. What no event told, as after the loss of the bucket, is mended from the store for the partitions that this node
 *     holds. The bucket is read first: what the store does not know then is free, for it was committed before.
 * M6. The bucket is bounded: an entry of a free lock goes after FREE_KEPT_MS, one of a held lock is written again at least
 *     once a lease (M2).
 */

import type { EventRecord } from '#protocols/events.ts';
import type { LockTable } from '#protocols/lock.ts';
import { entriesOf, isForward, type LockEntry, lockKey, toLockEntry } from '#protocols/lock-mirror.ts';
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';

/** How long a free lock is still shown. */
export const FREE_KEPT_MS = 600_000;
const MEND_EVERY_MS = 30_000;
const MEND_AGAIN_MS = 1_000;
const TRIES_MAX = 8;
/** A lease that has been over for so long is over, whatever the clocks differ by. */
const LATE_MS = 60_000;

export interface KnownEntry {
  readonly key: string;
  /** Null where what stands there is none: it says nothing, and is written over. */
  readonly entry: LockEntry | null;
  readonly revision: number;
}

export interface LockBucket {
  /** Makes the bucket where it is missing. */
  ensure(): Promise<void>;
  read(key: string): Promise<KnownEntry | null>;
  /** Writes if the entry is still of `revision`, or not there where that is null; says whether it was. */
  write(key: string, entry: LockEntry, revision: number | null): Promise<boolean>;
  /** Takes an entry away, unless it is newer than `revision`. */
  drop(key: string, revision: number): Promise<void>;
  ofTenant(tenant: string): Promise<readonly KnownEntry[]>;
}

/** The tables of all lock actors in these partitions, as committed. */
export type ReadTables = (
  partitions: readonly number[],
) => Promise<readonly { tenant: string; table: LockTable }[]>;

export interface LockFeed {
  /**
   * Gives each event until it is taken: `take` that throws is given it again, there or elsewhere. `onOpened` is called
   * when events begin to come: what was before may have been missed.
   */
  start(take: (record: EventRecord) => Promise<void>, onOpened: () => void): void;
  stop(): Promise<void>;
}

export interface LockMirrorHost {
  readonly bucket: LockBucket;
  readonly feed: LockFeed;
  readonly readTables: ReadTables;
  /** The partitions that this node mends. */
  readonly held: () => readonly number[];
  readonly clock: Clock;
  readonly logger: Logger;
}

export class LockMirror {
  readonly #host: LockMirrorHost;
  readonly #stopping = new AbortController();
  #mending: Promise<void> = Promise.resolve();
  #wake = Promise.withResolvers<void>();

  constructor(host: LockMirrorHost) {
    this.#host = host;
  }

  start(): void {
    this.#host.feed.start(
      (record) => this.take(record),
      () => this.#wake.resolve(),
    );
    this.#mending = this.#keepMending();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake.resolve();
    await this.#host.feed.stop();
    await this.#mending;
  }

  /** Brings the bucket at least as far as the event says. */
  async take(record: EventRecord): Promise<void> {
    const said = toLockEntry(record);
    if (!said) return;
    // An old event, as of a consumer that began anew: what is over by now is not news.
    const { expires_at } = said.entry;
    if (expires_at !== null && Date.parse(expires_at) + LATE_MS < this.#host.clock.now()) return;
    try {
      await this.#forward(said.key, said.entry);
    } catch (error) {
      // The bucket may be gone: making it anew is the mender's.
      this.#wake.resolve();
      throw error;
    }
  }

  /** Makes the bucket say what the store says, for the locks of the held partitions. */
  async mend(): Promise<void> {
    const { bucket, readTables, held } = this.#host;
    await bucket.ensure();
    const partitions = held();
    const known = new Map<string, readonly KnownEntry[]>();
    for (const { tenant } of await readTables(partitions)) known.set(tenant, await bucket.ofTenant(tenant));
    // Read again behind the bucket: only a table that is newer than an entry may contradict it.
    for (const { tenant, table } of await readTables(partitions)) {
      const entries = known.get(tenant);
      if (entries) await this.#mendTenant({ tenant, table }, entries);
    }
  }

  async #mendTenant(
    { tenant, table }: { tenant: string; table: LockTable },
    known: readonly KnownEntry[],
  ): Promise<void> {
    const { bucket, clock } = this.#host;
    const nowMs = clock.now();
    const held = new Set(table.holds.map(({ name, token }) => `${lockKey(tenant, name)} ${token}`));
    for (const { key, entry, revision } of known) {
      // One that no grant of this table can have written: the store was brought back from before it.
      if (entry === null || entry.token > table.last_token) {
        await bucket.drop(key, revision);
        continue;
      }
      const isOld = entry.state === 'free' && nowMs - Date.parse(entry.changed_at) > FREE_KEPT_MS;
      if (isOld) await bucket.drop(key, revision);
      else if (entry.state === 'held' && !held.has(`${key} ${entry.token}`)) {
        const changed_at = new Date(nowMs).toISOString();
        await bucket.write(
          key,
          { ...entry, state: 'free', owner: null, expires_at: null, changed_at },
          revision,
        );
      }
    }
    for (const { key, entry } of entriesOf(tenant, table)) await this.#forward(key, entry);
  }

  async #forward(key: string, entry: LockEntry): Promise<void> {
    const { bucket } = this.#host;
    for (let turn = 0; turn < TRIES_MAX; turn++) {
      const known = await bucket.read(key);
      if (!isForward(known?.entry ?? null, entry)) return;
      if (await bucket.write(key, entry, known?.revision ?? null)) return;
    }
    throw new Error(`${key} was written by others ${TRIES_MAX} times in a row`);
  }

  async #keepMending(): Promise<void> {
    const { clock, logger } = this.#host;
    while (!this.#stopping.signal.aborted) {
      this.#wake = Promise.withResolvers();
      let waitMs = MEND_EVERY_MS;
      try {
        await this.mend();
      } catch (error) {
        waitMs = MEND_AGAIN_MS;
        logger.warn({ err: error }, 'the mirror of the locks could not be mended');
      }
      const over = new AbortController();
      await Promise.race([clock.sleep(waitMs, over.signal), this.#wake.promise]);
      over.abort();
      // Woken by one failure of many: they are mended together.
      await clock.sleep(MEND_AGAIN_MS, this.#stopping.signal);
    }
  }
}
