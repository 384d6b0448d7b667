/**
 * The order of a commit, and nothing else: gather from all partitions, write in one transaction, then let it leave.
 *
 * M1. One commit at a time per node; the next begins as soon as the last is done, so batches grow with the load.
 * M2. Outputs leave only for partitions whose row was moved.
 * M3. A commit that failed or whose outcome is unknown: every partition in it is read again under a new epoch.
 */

import type { Outputs, PreparedBatch } from './batch.ts';
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';
import type { RuntimeMetrics } from './metrics.ts';
import type { Partition } from './partition.ts';
import type { CommitOutcome, Store } from './store.ts';

export interface CommitterHost {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
  partitions(): Iterable<Partition>;
  /** Lets the outputs of committed batches leave, in this order. */
  release(outputs: readonly Outputs[]): void;
  /** The partition belongs to somebody else now. */
  onLost(partition: Partition): void;
  /** The partition has to be read again; `careful`: with a look at the known keys. */
  onReread(partition: Partition, careful: boolean): void;
}

export class Committer {
  readonly #host: CommitterHost;
  #isRunning = false;
  #isWanted = false;
  #idle: Promise<void> = Promise.resolve();

  constructor(host: CommitterHost) {
    this.#host = host;
  }

  /** There is something to commit. */
  wake(): void {
    this.#isWanted = true;
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#idle = this.#run();
  }

  /** Resolves when nothing is being committed. */
  async idle(): Promise<void> {
    await this.#idle;
  }

  async #run(): Promise<void> {
    try {
      while (this.#isWanted) {
        this.#isWanted = false;
        const taken: { partition: Partition; prepared: PreparedBatch }[] = [];
        for (const partition of this.#host.partitions()) {
          const prepared = partition.takeBatch();
          if (prepared) taken.push({ partition, prepared });
        }
        if (taken.length > 0) await this.#commit(taken);
      }
    } finally {
      this.#isRunning = false;
      if (this.#isWanted) this.wake();
    }
  }

  async #commit(taken: readonly { partition: Partition; prepared: PreparedBatch }[]): Promise<void> {
    const { store, metrics, logger } = this.#host;
    const beganMs = performance.now();
    let outcome: CommitOutcome;
    try {
      outcome = await store.commit(taken.map(({ prepared }) => prepared.batch));
    } catch (error) {
      logger.error({ err: error, partitions: taken.length }, 'commit failed');
      metrics.commits.inc({ result: 'failed' }, taken.length);
      for (const { partition } of taken) this.#host.onReread(partition, true);
      return;
    }
    metrics.commitSeconds.observe((performance.now() - beganMs) / 1_000);
    metrics.commitTurns.observe(taken.reduce((sum, { prepared }) => sum + prepared.turns, 0));
    const outputs: Outputs[] = [];
    for (const { partition, prepared } of taken) {
      const id = partition.row.id;
      if (outcome.committed.has(id)) {
        outputs.push(prepared.outputs);
        partition.committed();
        metrics.commits.inc({ result: 'committed' });
      } else if (outcome.repeated.has(id)) {
        metrics.commits.inc({ result: 'repeated' });
        this.#host.onReread(partition, true);
      } else {
        metrics.commits.inc({ result: 'lost' });
        this.#host.onLost(partition);
      }
    }
    this.#host.release(outputs);
  }
}
