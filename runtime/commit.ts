/**
 * The order of a commit, and nothing else: gather from all partitions, write in one transaction, then let it leave.
 *
 * M1. One commit at a time per node; the next begins as soon as the last is done, so batches grow with the load.
 * M2. Outputs leave only for partitions whose row was moved.
 * M3. A commit that failed or whose outcome is unknown: every partition in it is read again under a new epoch.
 * M4. One commit is bounded, or a backlog would make one that no deadline allows, for ever; who was left out comes next.
 * M5. What can't be written stops nobody else: the commit is made again in halves, until the batch is known that it is.
 */
import type { Outputs, PreparedBatch } from './batch.ts';
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';
import type { RuntimeMetrics } from './metrics.ts';
import type { Partition } from './partition.ts';
import { type CommitOutcome, type Store, Unwritable } from './store.ts';

export const COMMIT_LIMITS = { turnsMax: 4_000, bytesMax: 32 * 1024 * 1024 } as const;

/** Why a partition has to be read again: its commit failed, can't be written, or brought a key of another commit. */
export type RereadReason = 'failed' | 'repeated' | 'unwritable';

interface Taken {
  readonly partition: Partition;
  readonly prepared: PreparedBatch;
}

export interface CommitterHost {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
  partitions(): Iterable<Partition>;
  /** Lets the outputs of committed batches leave, in this order. */
  release(outputs: readonly Outputs[]): void;
  /** These are committed: what they held may go. */
  onCommitted(batches: readonly PreparedBatch[]): void;
  /** The partition belongs to somebody else now. */
  onLost(partition: Partition): void;
  /** The partition has to be read again, with a look at the known keys. */
  onReread(partition: Partition, reason: RereadReason, error?: unknown): void;
}

/** The next one begins when all of what one read of the socket brought was taken: it is committed together. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class Committer {
  readonly #host: CommitterHost;
  #isRunning = false;
  #isWanted = false;
  #turnOf = 0;
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
    while (this.#isWanted) {
      await nextTurn();
      this.#isWanted = false;
      try {
        const taken = this.#gather();
        if (taken.length > 0) await this.#commit(taken);
      } catch (error) {
        // What is committed stays so: the outbox and the stored replies bring out what could not leave here.
        this.#host.logger.error({ err: error }, 'after a commit not everything could leave');
      }
    }
    this.#isRunning = false;
  }

  /** Batches of partitions in turn, as many as one commit may hold. */
  #gather(): Taken[] {
    const partitions = [...this.#host.partitions()];
    const taken: Taken[] = [];
    let [turns, bytes] = [0, 0];
    for (let index = 0; index < partitions.length; index++) {
      const partition = partitions[(this.#turnOf + index) % partitions.length];
      if (!partition) continue;
      if (turns >= COMMIT_LIMITS.turnsMax || bytes >= COMMIT_LIMITS.bytesMax) {
        this.#turnOf += index;
        this.#isWanted = true;
        break;
      }
      const prepared = this.#takeBatch(partition);
      if (!prepared) continue;
      taken.push({ partition, prepared });
      turns += prepared.turns;
      bytes += prepared.bytes;
    }
    return taken;
  }

  /** A state that can't be written stops its own partition only. */
  #takeBatch(partition: Partition): PreparedBatch | null {
    try {
      return partition.takeBatch();
    } catch (error) {
      this.#host.logger.error({ err: error, partition: partition.row.id }, 'batch could not be made');
      this.#host.onReread(partition, 'unwritable', error);
      return null;
    }
  }

  async #commit(taken: readonly Taken[]): Promise<void> {
    const { store, metrics, logger } = this.#host;
    const beganMs = performance.now();
    let outcome: CommitOutcome;
    try {
      outcome = await store.commit(taken.map(({ prepared }) => prepared.batch));
    } catch (error) {
      if (error instanceof Unwritable) return this.#commitApart(taken, error);
      logger.error({ err: error, partitions: taken.length }, 'commit failed');
      metrics.commits.inc({ result: 'failed' }, taken.length);
      for (const { partition } of taken) this.#host.onReread(partition, 'failed');
      return;
    }
    metrics.commitSeconds.observe((performance.now() - beganMs) / 1_000);
    metrics.commitTurns.observe(taken.reduce((sum, { prepared }) => sum + prepared.turns, 0));
    const committed: PreparedBatch[] = [];
    for (const { partition, prepared } of taken) {
      const id = partition.row.id;
      if (outcome.committed.has(id)) {
        committed.push(prepared);
        partition.committed();
        metrics.commits.inc({ result: 'committed' });
      } else if (outcome.repeated.has(id)) {
        metrics.commits.inc({ result: 'repeated' });
        this.#host.onReread(partition, 'repeated');
      } else {
        metrics.commits.inc({ result: 'lost' });
        this.#host.onLost(partition);
      }
    }
    this.#host.release(committed.map(({ outputs }) => outputs));
    this.#host.onCommitted(committed);
  }

  /** Nothing was written, and the same would fail again: finds the batch that it is. */
  async #commitApart(taken: readonly Taken[], error: Unwritable): Promise<void> {
    const { metrics, logger } = this.#host;
    const [only] = taken;
    if (taken.length === 1 && only) {
      logger.error({ err: error, partition: only.partition.row.id }, 'batch can not be written');
      metrics.commits.inc({ result: 'unwritable' });
      this.#host.onReread(only.partition, 'unwritable', error);
      return;
    }
    const half = Math.ceil(taken.length / 2);
    await this.#commit(taken.slice(0, half));
    await this.#commit(taken.slice(half));
  }
}
