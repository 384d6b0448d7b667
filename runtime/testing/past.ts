/** The past, in memory: records and kept states of the batches that the store applied. */
import { type Address, formatAddress } from '#protocols/address.ts';
import type { ActorPast, BatchRecord, KeptState, Past } from '../past.ts';
import type { Batch, ForkOrigin, PartitionRow, Snapshot } from '../store.ts';

interface PastSource {
  nowMs(): number;
  nextBatch(partition: number): number;
  snapshotOf(name: string): Snapshot | undefined;
}

interface KeptRow {
  readonly partition: number;
  readonly address: Address;
  readonly kept: KeptState;
}

/** Written into each record: all turns here are taken by one code. */
const CODE = 'memory';

export class MemoryPast implements Past {
  readonly #source: PastSource;
  readonly #records = new Map<number, BatchRecord[]>();
  #kept: KeptRow[] = [];
  readonly #forks = new Map<string, ForkOrigin>();

  constructor(source: PastSource) {
    this.#source = source;
  }

  /** What a batch leaves behind, as the partition and its actors were just before it. */
  record(batch: Batch, before: { row: PartitionRow; exists(name: string): boolean }): void {
    const { partition, cursor, controlCursor, epoch, order, digest } = batch;
    const { row } = before;
    const atMs = this.#source.nowMs();
    const records = this.#records.get(partition) ?? [];
    this.#records.set(partition, records);
    records.push({
      partition,
      batch: batch.batch,
      epoch,
      generation: row.generation,
      data: { from: row.cursor.seq, to: cursor.seq },
      control: { from: row.controlCursor.seq, to: controlCursor.seq },
      order,
      digest,
      code: CODE,
      atMs,
    });
    const none = { version: 0, stateVersion: 0, state: null, timers: {}, atMs };
    for (const { address } of batch.snapshots) {
      if (!before.exists(formatAddress(address)))
        this.#keep(partition, address, { ...none, batch: batch.batch - 1 });
    }
    for (const address of batch.removed) this.#keep(partition, address, { ...none, batch: batch.batch });
    for (const { address, version, stateVersion, state, timers } of batch.kept) {
      const kept = { version, stateVersion, state, timers: structuredClone(timers), atMs };
      this.#keep(partition, address, { ...kept, batch: batch.batch });
    }
    for (const { address, ...origin } of batch.forks) this.#forks.set(formatAddress(address), origin);
  }

  async find(address: Address, partition: number): Promise<ActorPast> {
    const name = formatAddress(address);
    const snapshot = this.#source.snapshotOf(name);
    const bases = this.#kept.filter((row) => formatAddress(row.address) === name).map(({ kept }) => kept);
    return structuredClone({
      stored: snapshot
        ? {
            version: snapshot.version,
            stateVersion: snapshot.stateVersion,
            state: snapshot.state,
            timers: snapshot.timers,
          }
        : null,
      nextBatch: this.#source.nextBatch(partition),
      bases: bases.sort((a, b) => a.batch - b.batch),
      forkedFrom: this.#forks.get(name) ?? null,
    });
  }

  async batches(
    partition: number,
    { after, before, limit }: { after: number; before: number; limit: number },
  ): Promise<BatchRecord[]> {
    const records = this.#records.get(partition) ?? [];
    return records.filter(({ batch }) => batch > after && batch < before).slice(0, limit);
  }

  async trim(partition: number, before: number): Promise<void> {
    const records = this.#records.get(partition) ?? [];
    this.#records.set(
      partition,
      records.filter(({ batch }) => batch >= before),
    );
    this.#kept = this.#kept.filter((row) => row.partition !== partition || row.kept.batch >= before - 1);
  }

  async sample(partitions: readonly number[], limit: number): Promise<Address[]> {
    const names = new Map(
      this.#kept
        .filter(({ partition }) => partitions.includes(partition))
        .map(({ address }) => [formatAddress(address), address]),
    );
    return [...names.values()].slice(-limit);
  }

  #keep(partition: number, address: Address, kept: KeptState): void {
    this.#kept.push({ partition, address, kept });
  }
}
