/** What a node works its partitions with: actors in memory, loads, commits and what leaves after them. */
import type { ActorKind } from '#protocols/actor.ts';
import { Activations } from './activations.ts';
import type { PreparedBatch, Routes } from './batch.ts';
import { NODE_BOUNDS } from './bounds.ts';
import { Committer, type RereadReason } from './commit.ts';
import { LargeStates } from './large-states.ts';
import { Loader } from './loader.ts';
import { LogClock } from './log-clock.ts';
import type { NodeOptions } from './node-options.ts';
import { Outbox } from './outbox.ts';
import type { Partition, PartitionHost } from './partition.ts';
import { RemoteRequests } from './remote-requests.ts';
import { Room } from './room.ts';
import { StateVersions } from './state-versions.ts';
import { takeSomeTwice } from './twice.ts';

const RAISE_VERSIONS_AFTER_MS = 300_000;

/** What the engine tells the node that holds the partitions. */
export interface EngineOwner {
  readonly partitions: ReadonlyMap<number, Partition>;
  onLost(partition: Partition): void;
  onReread(partition: Partition, reason: RereadReason, error?: unknown): void;
  onBroken(id: number, reason: string): void;
}

export class Engine {
  readonly #owner: EngineOwner;
  readonly #options: NodeOptions;
  readonly #committer: Committer;
  readonly #largeStates: LargeStates;
  readonly versions: StateVersions;
  readonly activations: Activations;
  readonly outbox: Outbox;
  readonly routes: Routes;
  /** What each partition is given. */
  readonly host: PartitionHost;

  constructor(options: NodeOptions, owner: EngineOwner) {
    this.#options = options;
    this.#owner = owner;
    const { store, log, clock, logger, metrics, partitionCount, settings } = options;
    const kinds: ReadonlyMap<string, ActorKind> = new Map(options.kinds.map((kind) => [kind.type, kind]));
    this.versions = new StateVersions({
      ...options,
      raiseAfterMs: settings.raiseVersionsAfterMs ?? RAISE_VERSIONS_AFTER_MS,
    });
    this.routes = {
      partitionCount,
      isControl: (type, messageType) => kinds.get(type)?.isControl(messageType) ?? false,
      writtenVersion: (kind) => this.versions.writtenOf(kind),
    };
    const { bounds = NODE_BOUNDS } = settings;
    this.activations = new Activations({
      bytesMax: bounds.actorBytesMax,
      isDirty: (partition, name) => owner.partitions.get(partition)?.isDirty(name) ?? false,
    });
    this.outbox = this.#makeOutbox();
    this.#committer = this.#makeCommitter();
    this.#largeStates = new LargeStates({ logger, metrics });
    const loader = new Loader(store);
    this.host = {
      kinds,
      routes: this.routes,
      store,
      log,
      clock,
      logClock: new LogClock(clock),
      logger,
      metrics,
      takeAlone: options.takeAlone,
      activations: this.activations,
      room: new Room({
        bounds,
        partitions: () => owner.partitions.values(),
        isOutboxFull: () => this.outbox.isFull,
      }),
      takeTurn: takeSomeTwice({ every: settings.twiceEvery ?? 0, metrics, logger }),
      load: (addresses) => loader.load(addresses),
      wakeCommit: () => this.#committer.wake(),
      onBroken: owner.onBroken,
      onDefect: (id, error) => {
        logger.error({ err: error, partition: id }, 'partition stopped, reading it again');
        const partition = owner.partitions.get(id);
        if (partition) owner.onReread(partition, 'failed');
      },
    };
  }

  /** Resolves when nothing is being committed. */
  idle(): Promise<void> {
    return this.#committer.idle();
  }

  #makeOutbox(): Outbox {
    const { store, log, clock, logger, metrics, remote } = this.#options;
    const { bounds = NODE_BOUNDS } = this.#options.settings;
    const requests = new RemoteRequests({ remote, log, logger, routes: this.routes });
    return new Outbox({
      store,
      log,
      clock,
      logger,
      metrics,
      bounds,
      onRoom: () => this.#goOn(),
      held: () => [...this.#owner.partitions.keys()],
      answer: ({ replyTo, key, reply }) => remote.answer(replyTo, key, reply),
      request: (request) => requests.send(request),
    });
  }

  #makeCommitter(): Committer {
    const { store, clock, logger, metrics } = this.#options;
    return new Committer({
      store,
      clock,
      logger,
      metrics,
      partitions: () => this.#owner.partitions.values(),
      release: (outputs) => this.outbox.release(outputs),
      onCommitted: (batches) => this.#afterCommit(batches),
      onLost: this.#owner.onLost,
      onReread: this.#owner.onReread,
    });
  }

  #afterCommit(batches: readonly PreparedBatch[]): void {
    for (const { batch } of batches) this.#largeStates.look(batch.snapshots);
    this.#options.metrics.passivations.inc({ reason: 'memory' }, this.activations.shrink());
    this.#goOn();
  }

  /** There may be room again. */
  #goOn(): void {
    for (const partition of this.#owner.partitions.values()) partition.goOn();
  }
}
