/**
 * Who is there and who holds what, in KV buckets, for people and clients to watch. Nothing is decided by reading them.
 *
 * R1. A partition's entry goes only forward: by epoch, with the revision that was read, so that an owner of before can't
 *     write over its successor.
 * R2. All of it is compared now and then and written where it is missing: a bucket or a key that was lost comes back.
 */
import { JetStreamApiError, jetstream } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import { NODE_BUCKET, PARTITION_BUCKET } from '#protocols/subjects.ts';

export interface NodeMirror {
  readonly id: string;
  readonly state: 'joining' | 'working' | 'stalled' | 'draining';
  readonly partitions: number;
  readonly startedAt: string;
}

export interface Held {
  readonly id: number;
  readonly epoch: number;
}

const MIB = 1024 * 1024;
const TIMEOUT_MS = 5_000;
/** A node that says nothing for so long is no longer shown. */
const NODE_KEPT_MS = 60_000;
const NODE_AGAIN_MS = 15_000;
const COMPARE_EVERY_MS = 10_000;
/** Another wrote the same key meanwhile. */
const WRONG_REVISION = 10_071;

const PartitionEntry = z.object({ node: z.string(), epoch: z.number() });

export class Mirrors {
  readonly #kvm: Kvm;
  readonly #replicas: number;
  readonly #nowMs: () => number;
  /** Epochs as they were written or found. */
  readonly #written = new Map<number, number>();
  #nodeWritten = { text: '', atMs: Number.NEGATIVE_INFINITY };
  #comparedAtMs = Number.NEGATIVE_INFINITY;

  constructor(connection: NatsConnection, options: { replicas: number; nowMs: () => number }) {
    this.#kvm = new Kvm(jetstream(connection, { timeout: TIMEOUT_MS }));
    this.#replicas = options.replicas;
    this.#nowMs = options.nowMs;
  }

  /** Writes what changed; now and then everything. */
  async show(node: NodeMirror, held: readonly Held[]): Promise<void> {
    const nowMs = this.#nowMs();
    if (nowMs - this.#comparedAtMs > COMPARE_EVERY_MS) {
      this.#comparedAtMs = nowMs;
      this.#written.clear();
    }
    const changed = held.filter(({ id, epoch }) => this.#written.get(id) !== epoch);
    const text = JSON.stringify(node);
    const isNodeDue = text !== this.#nodeWritten.text || nowMs - this.#nodeWritten.atMs > NODE_AGAIN_MS;
    if (isNodeDue) {
      await (await this.#nodes()).put(node.id, text);
      this.#nodeWritten = { text, atMs: nowMs };
    }
    if (changed.length === 0) return;
    const bucket = await this.#kvm.create(PARTITION_BUCKET, this.#settings());
    for (const partition of changed) {
      await writeForward(bucket, node.id, partition);
      this.#written.set(partition.id, partition.epoch);
    }
  }

  /** The node leaves. */
  async hide(nodeId: string): Promise<void> {
    await (await this.#nodes()).purge(nodeId);
  }

  #nodes(): Promise<KV> {
    return this.#kvm.create(NODE_BUCKET, { ...this.#settings(), ttl: NODE_KEPT_MS });
  }

  #settings() {
    return { history: 1, replicas: this.#replicas, max_bytes: 16 * MIB };
  }
}

async function writeForward(bucket: KV, node: string, { id, epoch }: Held): Promise<void> {
  const entry = await bucket.get(String(id));
  const before = entry?.operation === 'PUT' ? parseEntry(entry.string()) : null;
  if (before && before.epoch >= epoch) return;
  try {
    await bucket.put(String(id), JSON.stringify({ node, epoch }), { previousSeq: entry?.revision ?? 0 });
  } catch (error) {
    // The next owner was quicker: what it wrote is newer.
    if (!(error instanceof JetStreamApiError && error.code === WRONG_REVISION)) throw error;
  }
}

function parseEntry(text: string): z.infer<typeof PartitionEntry> | null {
  try {
    return PartitionEntry.parse(JSON.parse(text));
  } catch {
    // Somebody else's writing: ours goes over it.
    return null;
  }
}
