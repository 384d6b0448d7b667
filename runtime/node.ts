/**
 * One node: takes its share of the partitions, runs them, commits for all of them, and hands them over.
 *
 * N1. A partition is taken by raising its epoch in the store, and only then read (S2). The members' list says whom to
 *     take from; the store decides.
 * N2. A held partition that belongs elsewhere is drained, released and announced, `handOffsPerRound` at a time.
 * N3. A partition that has to be read again goes back to N1 when its old object has ended, which may still hold its
 *     readers; after a failure it rests first, longer each time, so that a bad one does not keep the node busy.
 * N4. A held partition whose epoch was raised by another node is let go, also when it has nothing to commit.
 * N5. A partition that the store gives to this node, and that it neither holds nor should hold, is released: nobody
 *     else takes one whose owner is alive.
 */
import type { ActorKind } from '#protocols/actor.ts';
import type { Address } from '#protocols/address.ts';
import { Activations } from './activations.ts';
import type { Routes } from './batch.ts';
import type { Clock } from './clock.ts';
import { Committer, type RereadReason } from './commit.ts';
import { Loader } from './loader.ts';
import type { Log } from './log.ts';
import type { Logger } from './logger.ts';
import type { Membership } from './membership.ts';
import type { RuntimeMetrics } from './metrics.ts';
import { Outbox } from './outbox.ts';
import { type CommittedTo, Partition, type PartitionHost } from './partition.ts';
import { shareOf } from './placement.ts';
import type { Remote } from './remote.ts';
import { RemoteRequests } from './remote-requests.ts';
import { StateVersions } from './state-versions.ts';
import type { Owner, PartitionRow, Store } from './store.ts';
import { takeSomeTwice } from './twice.ts';

export interface NodeOptions {
  /** Unique per process start. */
  readonly id: string;
  readonly partitionCount: number;
  readonly kinds: readonly ActorKind[];
  readonly store: Store;
  readonly log: Log;
  readonly membership: Membership;
  readonly remote: Remote;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
  readonly settings: NodeSettings;
}

export interface NodeSettings {
  /** How long to listen for others before the first partition is taken. */
  readonly settleMs: number;
  /** How often owners are compared with the plan. */
  readonly planEveryMs: number;
  readonly handOffsPerRound: number;
  /** How long all nodes must have known a newer state version before it is written. */
  readonly raiseVersionsAfterMs?: number;
  /** One of so many turns is taken twice to compare; 0: none. */
  readonly twiceEvery?: number;
}

export const NODE_SETTINGS: NodeSettings = { settleMs: 700, planEveryMs: 250, handOffsPerRound: 2 };
const RAISE_VERSIONS_AFTER_MS = 300_000;

const PLAN_PAUSE_MAX_MS = 2_000;
/** The pause after a failure of one partition: doubled each time, begun anew after a while without one. */
const REST_MS = { first: 250, max: 5_000, forgottenAfter: 30_000 } as const;

interface Rest {
  readonly ms: number;
  readonly sinceMs: number;
}

export class RuntimeNode {
  readonly #options: NodeOptions;
  readonly #kinds: ReadonlyMap<string, ActorKind>;
  readonly #partitions = new Map<number, Partition>();
  /** Being taken or released. */
  readonly #moving = new Set<number>();
  /** Let go; the old object has not ended yet. */
  readonly #ending = new Set<number>();
  readonly #rests = new Map<number, Rest>();
  readonly #careful = new Set<number>();
  readonly #stopping = new AbortController();
  readonly #committer: Committer;
  readonly #versions: StateVersions;
  readonly #host: PartitionHost;
  readonly activations = new Activations();
  readonly outbox: Outbox;
  readonly routes: Routes;
  #isDraining = false;
  #failures = 0;
  #isPlanned = false;
  #planning: Promise<void> = Promise.resolve();

  constructor(options: NodeOptions) {
    this.#options = options;
    this.#kinds = new Map(options.kinds.map((kind) => [kind.type, kind]));
    const { store, log, clock, logger, metrics, remote, partitionCount, settings } = options;
    this.#versions = new StateVersions({
      ...options,
      raiseAfterMs: settings.raiseVersionsAfterMs ?? RAISE_VERSIONS_AFTER_MS,
    });
    const routes: Routes = {
      partitionCount,
      isControl: (type, messageType) => this.#kinds.get(type)?.isControl(messageType) ?? false,
      writtenVersion: (kind) => this.#versions.writtenOf(kind),
    };
    this.routes = routes;
    const requests = new RemoteRequests({ remote, log, logger, routes });
    this.outbox = new Outbox({
      store,
      log,
      clock,
      logger,
      metrics,
      held: () => this.held(),
      answer: ({ replyTo, key, reply }) => remote.answer(replyTo, key, reply),
      request: (request) => requests.send(request),
    });
    this.#committer = new Committer({
      store,
      clock,
      logger,
      metrics,
      partitions: () => this.#partitions.values(),
      release: (outputs) => this.outbox.release(outputs),
      onLost: (partition) => this.#lose(partition),
      onReread: (partition, reason) => this.#reread(partition, reason),
    });
    const loader = new Loader(store);
    this.#host = {
      kinds: this.#kinds,
      routes,
      store,
      log,
      clock,
      logger,
      metrics,
      activations: this.activations,
      takeTurn: takeSomeTwice({ every: settings.twiceEvery ?? 0, metrics, logger }),
      load: (addresses: readonly Address[]) => loader.load(addresses),
      wakeCommit: () => this.#committer.wake(),
      onBroken: (id, reason) => this.#reconcile(id, reason),
      onDefect: (id, error) => {
        logger.error({ err: error, partition: id }, 'partition stopped, reading it again');
        const partition = this.#partitions.get(id);
        if (partition) this.#reread(partition, 'failed');
      },
    };
  }

  /** Ids of the partitions held now. */
  held(): number[] {
    return [...this.#partitions.keys()];
  }

  /** How far each held partition is committed. */
  cursors(): CommittedTo[] {
    return [...this.#partitions.values()].map((partition) => partition.committedTo);
  }

  get lag(): number {
    let lag = 0;
    for (const partition of this.#partitions.values()) lag += partition.lag;
    return lag;
  }

  /** How long ago the node heard its own heartbeat: for so long it may have missed everybody else's. */
  get deafMs(): number {
    const { membership, id } = this.#options;
    return membership.members().find((member) => member.id === id)?.heardMsAgo ?? 0;
  }

  /** Whether the node holds exactly what the plan gives it. */
  get isSettled(): boolean {
    if (!this.#isPlanned || this.#failures > 0 || this.#moving.size > 0 || this.#ending.size > 0)
      return false;
    const nowMs = this.#options.clock.now();
    return ![...this.#rests.values()].some((rest) => nowMs - rest.sinceMs < rest.ms);
  }

  isDirty(name: string): boolean {
    for (const partition of this.#partitions.values()) if (partition.isDirty(name)) return true;
    return false;
  }

  /** Begins to announce itself, listens for others, then takes its share. */
  async start(): Promise<void> {
    const { membership, clock, settings, id } = this.#options;
    membership.start(() => ({
      id,
      draining: this.#isDraining || this.#versions.isUnfit,
      partitions: this.held(),
      lag: this.lag,
      stateVersions: this.#versions.known,
    }));
    await clock.sleep(settings.settleMs, this.#stopping.signal);
    membership.onChange(() => this.#planSoon());
    this.#planning = this.#keepPlanning();
  }

  /** Hands every partition over, then leaves. Bounded by `withinMs`; what is left then is taken by the others. */
  async drain(withinMs: number): Promise<void> {
    this.#isDraining = true;
    this.#options.membership.announce();
    const deadline = new AbortController();
    const all = Promise.all([...this.#partitions.values()].map((partition) => this.#handOver(partition)));
    await Promise.race([all, this.#options.clock.sleep(withinMs, deadline.signal)]);
    deadline.abort();
    await this.stop();
  }

  /** Ends at once: uncommitted turns are forgotten, and taken again by the next owner. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#planSoon();
    await this.#planning;
    await Promise.all([...this.#partitions.values()].map((partition) => partition.stop()));
    this.#partitions.clear();
    await this.#committer.idle();
    this.#options.membership.announce();
    this.#options.membership.stop();
    this.activations.stop();
  }

  #planWake = Promise.withResolvers<void>();

  #planSoon(): void {
    this.#planWake.resolve();
  }

  async #keepPlanning(): Promise<void> {
    const { clock, logger, settings } = this.#options;
    while (!this.#stopping.signal.aborted) {
      // Before the plan: a wake-up that comes meanwhile counts.
      this.#planWake = Promise.withResolvers();
      try {
        await this.#plan();
        this.#failures = 0;
      } catch (error) {
        this.#failures++;
        logger.warn({ err: error, failures: this.#failures }, 'planning failed');
      }
      const pause = new AbortController();
      const waitMs = Math.min(settings.planEveryMs * 2 ** Math.min(this.#failures, 3), PLAN_PAUSE_MAX_MS);
      await Promise.race([clock.sleep(waitMs, pause.signal), this.#planWake.promise]);
      pause.abort();
    }
  }

  async #plan(): Promise<void> {
    if (this.#isDraining) return;
    const { membership, store, id, partitionCount, settings } = this.#options;
    await this.#versions.refresh();
    const members = membership.members();
    const alive = new Set(members.map((member) => member.id));
    const working = members.filter((member) => !member.draining).map((member) => member.id);
    const share = shareOf(id, working, partitionCount);
    const owners = await store.owners();
    for (const { id: taken, epoch } of owners) {
      const partition = this.#partitions.get(taken);
      if (partition && epoch > partition.row.epoch) this.#lose(partition);
    }
    const left = owners.filter((row) => this.#isLeft(row, share));
    await Promise.all(left.map((row) => store.release(row.id, row.epoch)));
    const takeable = owners.filter((row) => this.#isFree(row, share, alive));
    await Promise.all(takeable.map((row) => this.#take(row)));
    const surplus = this.held().filter((held) => !share.has(held) && !this.#moving.has(held));
    for (const held of surplus.slice(0, settings.handOffsPerRound)) {
      const partition = this.#partitions.get(held);
      if (partition) await this.#handOver(partition);
    }
    this.#isPlanned = true;
    this.#options.metrics.partitions.set(this.#partitions.size);
  }

  #isFree(row: Owner, share: ReadonlySet<number>, alive: ReadonlySet<string>): boolean {
    if (!share.has(row.id) || this.#partitions.has(row.id)) return false;
    if (this.#moving.has(row.id) || this.#ending.has(row.id) || this.#isResting(row.id)) return false;
    return row.owner === null || row.owner === this.#options.id || !alive.has(row.owner);
  }

  /** Still ours by the store, and neither held nor wanted: as after a release that failed (N5). */
  #isLeft(row: Owner, share: ReadonlySet<number>): boolean {
    if (row.owner !== this.#options.id || share.has(row.id) || this.#partitions.has(row.id)) return false;
    return !this.#moving.has(row.id) && !this.#ending.has(row.id);
  }

  async #take({ id, epoch }: Owner): Promise<void> {
    const { store, logger } = this.#options;
    this.#moving.add(id);
    try {
      const row = await store.acquire(id, epoch, this.#options.id);
      if (row) await this.#open(row);
    } catch (error) {
      this.#rest(id);
      logger.warn({ err: error, partition: id }, 'taking a partition failed');
    } finally {
      this.#moving.delete(id);
    }
  }

  async #open(row: PartitionRow): Promise<void> {
    const { store, logger } = this.#options;
    const counters = await store.counters(row.id);
    if (this.#stopping.signal.aborted || this.#isDraining) return store.release(row.id, row.epoch);
    const partition = new Partition({ row, counters, careful: this.#careful.delete(row.id) }, this.#host);
    this.#partitions.set(row.id, partition);
    logger.debug({ partition: row.id, epoch: row.epoch, batch: row.batch }, 'partition taken');
    try {
      await partition.start();
    } catch (error) {
      this.#partitions.delete(row.id);
      await partition.stop();
      throw error;
    }
  }

  async #handOver(partition: Partition): Promise<void> {
    const { id, epoch } = partition.row;
    if (this.#moving.has(id)) return;
    this.#moving.add(id);
    try {
      await partition.drain();
      await this.#close(partition);
      await this.#options.store.release(id, epoch);
      this.#options.logger.debug({ partition: id, epoch }, 'partition handed over');
      this.#options.membership.announce();
    } catch (error) {
      this.#options.logger.warn({ err: error, partition: id }, 'hand-over failed');
    } finally {
      this.#moving.delete(id);
    }
  }

  #lose(partition: Partition): void {
    this.#options.logger.warn({ partition: partition.row.id, epoch: partition.row.epoch }, 'partition lost');
    void this.#close(partition).then(() => this.#planSoon());
  }

  #reread(partition: Partition, reason: RereadReason): void {
    const { id } = partition.row;
    this.#careful.add(id);
    if (reason === 'failed') this.#rest(id);
    void this.#close(partition).then(() => this.#planSoon());
  }

  /** Lets a partition go, does `last`, and only then may it be taken again. Never throws. */
  async #close(partition: Partition, last: () => Promise<unknown> = async () => undefined): Promise<void> {
    const { id } = partition.row;
    if (this.#partitions.get(id) !== partition) return;
    this.#partitions.delete(id);
    this.#ending.add(id);
    try {
      await partition.stop();
      await last();
    } catch (error) {
      this.#rest(id);
      this.#options.logger.warn({ err: error, partition: id }, 'partition did not end well');
    } finally {
      this.#ending.delete(id);
    }
  }

  #rest(id: number): void {
    const nowMs = this.#options.clock.now();
    const before = this.#rests.get(id);
    const isNew = !before || nowMs - before.sinceMs > REST_MS.forgottenAfter;
    this.#rests.set(id, { ms: isNew ? REST_MS.first : Math.min(before.ms * 2, REST_MS.max), sinceMs: nowMs });
  }

  #isResting(id: number): boolean {
    const rest = this.#rests.get(id);
    return rest !== undefined && this.#options.clock.now() - rest.sinceMs < rest.ms;
  }

  /** The log lost or changed what was applied: read what it has from the start; counters and keys filter. */
  #reconcile(id: number, reason: string): void {
    const { store, logger } = this.#options;
    const partition = this.#partitions.get(id);
    if (!partition) return;
    logger.error(
      { partition: id, reason },
      'log differs from what was applied, reconciling under a new generation',
    );
    this.#careful.add(id);
    const reconcile = () => store.reconcile(id, partition.row.epoch);
    void this.#close(partition, reconcile).then(() => this.#planSoon());
  }
}
