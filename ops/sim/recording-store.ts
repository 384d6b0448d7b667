/**
 * The store's server, which looks at everything that is written: the chain of commits (I1) and the actors' versions.
 */
import { formatAddress } from '#protocols/address.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Batch, PartitionRow } from '#runtime/store.ts';
import { MemoryStore } from '#runtime/testing/store.ts';
import type { Fold } from './fold.ts';

export interface Recorder {
  readonly clock: Pick<Clock, 'now'>;
  readonly partitionCount: number;
  note(what: string): void;
  count(what: string): void;
  violated(what: string): void;
  readonly fold: Pick<Fold, 'follow' | 'isLogWhole'>;
}

export class RecordingStore extends MemoryStore {
  readonly #recorder: Recorder;
  readonly #chain = new Map<number, { batch: number; epoch: number }>();
  readonly #versions = new Map<string, number>();
  readonly #outbound = new Map<string, number>();

  constructor(recorder: Recorder) {
    super(recorder);
    this.#recorder = recorder;
  }

  override apply(batch: Batch): void {
    this.#checkChain(batch);
    const before = this.partition(batch.partition);
    super.apply(batch);
    if (before) this.#recorder.fold.follow(batch, before);
    for (const { other, lane, n } of batch.outbound)
      this.#outbound.set(`${batch.partition}/${other}/${lane}`, n);
    const { partition, epoch, cursor, controlCursor } = batch;
    this.#recorder.count('commits');
    this.#recorder.note(
      `commit p${partition} e${epoch} b${batch.batch} to ${cursor.seq}/${controlCursor.seq}`,
    );
  }

  override async reconcile(partition: number, epoch: number): Promise<PartitionRow | null> {
    if (this.#recorder.fold.isLogWhole) {
      this.#recorder.violated(`reconcile: p${partition} begins anew although its log is whole`);
    }
    return super.reconcile(partition, epoch);
  }

  override applyActors(batch: Batch): void {
    for (const { address, version } of batch.snapshots) {
      const name = formatAddress(address);
      const before = this.#versions.get(name) ?? 0;
      // A lamp that was put out and lit anew in one batch counts from the beginning.
      if (version <= before && address.type !== 'lamp')
        this.#recorder.violated(`version: ${name} went from ${before} to ${version}`);
      this.#versions.set(name, version);
    }
    // One that ended begins at 1 again when it is created anew.
    for (const address of batch.removed) this.#versions.delete(formatAddress(address));
    super.applyActors(batch);
  }

  /** The highest effect number that a committed turn has used. */
  committedNumber(partition: number, target: number, lane: string): number {
    return this.#outbound.get(`${partition}/${target}/${lane}`) ?? 0;
  }

  #checkChain({ partition, batch, epoch }: Batch): void {
    const row = this.partition(partition);
    if (row?.epoch !== epoch)
      this.#recorder.violated(`fence: p${partition} is in epoch ${row?.epoch}, not ${epoch}`);
    const last = this.#chain.get(partition) ?? { batch: -1, epoch: 0 };
    if (batch !== last.batch + 1) {
      this.#recorder.violated(`chain: p${partition} batch ${batch} after ${last.batch}`);
    }
    if (epoch < last.epoch) {
      this.#recorder.violated(`chain: p${partition} epoch ${epoch} after ${last.epoch}`);
    }
    this.#chain.set(partition, { batch: Math.max(batch, last.batch), epoch: Math.max(epoch, last.epoch) });
  }
}
