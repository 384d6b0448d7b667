/** The bucket `locks`: one entry a lock, written by compare-and-set. */
import { JetStreamApiError, jetstreamManager } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { LOCK_BUCKET, LOCK_ENTRY_TTL_MS, LockEntry } from '#protocols/lock-mirror.ts';
import type { KnownEntry, LockBucket } from '../lock-mirror.ts';

const MIB = 1024 * 1024;
const API_TIMEOUT_MS = 5_000;
const STREAM = `KV_${LOCK_BUCKET}`;
/** Somebody else wrote it meanwhile; both names that servers have for it. */
const WRONG_LAST_SEQUENCE: ReadonlySet<number> = new Set([10_071, 10_164]);

export class NatsLockBucket implements LockBucket {
  readonly #connection: NatsConnection;
  readonly #replicas: number;
  #kv: KV | null = null;

  constructor(connection: NatsConnection, replicas: number) {
    this.#connection = connection;
    this.#replicas = replicas;
  }

  async ensure(): Promise<void> {
    this.#kv = await new Kvm(this.#connection).create(LOCK_BUCKET, {
      description: 'Who holds which lock: for people and clients to watch. Nothing is decided by it.',
      history: 1,
      ttl: LOCK_ENTRY_TTL_MS,
      max_bytes: 64 * MIB,
      replicas: this.#replicas,
    });
  }

  async read(key: string): Promise<KnownEntry | null> {
    const found = await (await this.#bucket()).get(key);
    return found?.operation === 'PUT' ? toKnown(key, found.revision, found.value) : null;
  }

  async write(key: string, entry: LockEntry, revision: number | null): Promise<boolean> {
    const bucket = await this.#bucket();
    const body = JSON.stringify(entry);
    try {
      await (revision === null
        ? bucket.create(key, body)
        : bucket.update(key, body, revision, API_TIMEOUT_MS));
      return true;
    } catch (error) {
      if (error instanceof JetStreamApiError && WRONG_LAST_SEQUENCE.has(error.code)) return false;
      throw error;
    }
  }

  /** Without a marker of its own: what is taken away was free, and a watcher knew. */
  async drop(key: string, revision: number): Promise<void> {
    const manager = await jetstreamManager(this.#connection, { timeout: API_TIMEOUT_MS, checkAPI: false });
    await manager.streams.purge(STREAM, { filter: `$KV.${LOCK_BUCKET}.${key}`, seq: revision + 1 });
  }

  async ofTenant(tenant: string): Promise<readonly KnownEntry[]> {
    const found: KnownEntry[] = [];
    for await (const { key, revision, operation, value } of await (await this.#bucket()).history({
      key: `${tenant}.*`,
    })) {
      if (operation === 'PUT') found.push(toKnown(key, revision, value));
    }
    return found;
  }

  async #bucket(): Promise<KV> {
    if (!this.#kv) await this.ensure();
    if (!this.#kv) throw new Error('there is no bucket for locks');
    return this.#kv;
  }
}

function toKnown(key: string, revision: number, value: Uint8Array): KnownEntry {
  try {
    return { key, revision, entry: LockEntry.parse(JSON.parse(new TextDecoder().decode(value))) };
  } catch {
    // Anybody with the right to may write into the bucket.
    return { key, revision, entry: null };
  }
}
