/**
 * One node: takes its share of the partitions, runs them, commits for all of them, and hands them over.
 *
 * N1. A partition is taken by raising its epoch in the store, and only then read (S2). The members' list says whom to
 *     take from; the store decides.
 * N2. A held partition that belongs elsewhere is drained, released and announced to whom it belongs, who takes it at
 *     once; the store permits at most `movesPercentMax` of all within `MOVE_WINDOW_MS`. A node that leaves asks nobody.
 * N3. A partition that has to be read again goes back to N1 when its old object has ended, which may still hold its
 *     readers; after a failure it rests first, longer each time, so that a bad one does not keep the node busy.
 * N4. A held partition whose epoch was raised by another node is let go, also when it has nothing to commit.
 * N5. A partition that the store gives to this node, and that it neither holds nor should hold, is released: nobody
 *     else takes one whose owner is alive.
 */
import type { Activations } from './activations.ts';
import type { Routes } from './batch.ts';
import type { RereadReason } from './commit.ts';
import { Engine } from './engine.ts';
import { buildLoadReport, type LoadReport } from './load-report.ts';
import type { HandOver, NodeReport } from './membership.ts';
import { Moves, movesMax } from './moves.ts';
import type { NodeOptions } from './node-options.ts';
import type { Outbox } from './outbox.ts';
import { type CommittedTo, IN_HAND_MAX, Partition } from './partition.ts';
import { Peers } from './peers.ts';
import { Planner } from './planner.ts';
import { type PartitionProgress, Progress, STUCK_AFTER_MS } from './progress.ts';
import { Rests } from './rests.ts';
import type { Owner, TakenRow } from './store.ts';
import { eachTogether } from './together.ts';
import { WaryBook } from './wary.ts';

/** A leaving node has so many on their way at a time: the others go on meanwhile, and whoever takes has no queue. */
const HAND_OVERS_TOGETHER = 2;

export class RuntimeNode {
  readonly #options: NodeOptions;
  readonly #partitions = new Map<number, Partition>();
  /** Being taken or released. */
  readonly #moving = new Set<number>();
  /** Let go; the old object has not ended yet. */
  readonly #ending = new Set<number>();
  readonly #rests: Rests;
  readonly #planner: Planner;
  readonly peers: Peers;
  readonly #moves: Moves;
  readonly #progress: Progress;
  readonly #taking = new Set<Promise<void>>();
  readonly #careful = new Set<number>();
  readonly #waries = new WaryBook();
  readonly #stopping = new AbortController();
  readonly #engine: Engine;
  readonly activations: Activations;
  readonly outbox: Outbox;
  readonly routes: Routes;
  #isDraining = false;
  #isJoining = true;
  #isPlanned = false;

  constructor(options: NodeOptions) {
    this.#options = options;
    const { clock, logger, partitionCount } = options;
    this.#rests = new Rests(clock);
    this.#progress = new Progress(clock);
    this.peers = new Peers(options.id, options);
    this.#planner = new Planner({
      clock,
      logger,
      everyMs: options.settings.planEveryMs,
      plan: () => this.#plan(),
    });
    this.#moves = new Moves(options, movesMax(partitionCount, options.settings.movesPercentMax));
    this.#engine = new Engine(options, {
      partitions: this.#partitions,
      onLost: (partition) => this.#lose(partition),
      onReread: (partition, reason, error) => this.#reread(partition, reason, error),
      onBroken: (id, reason) => this.#reconcile(id, reason),
    });
    this.routes = this.#engine.routes;
    this.activations = this.#engine.activations;
    this.outbox = this.#engine.outbox;
  }

  /** Ids of the partitions held now. */
  held(): number[] {
    return [...this.#partitions.keys()];
  }

  /** How far each held partition is committed. */
  cursors(): CommittedTo[] {
    return [...this.#partitions.values()].map((partition) => partition.committedTo);
  }

  /** What waits for it, for those who take commands in. */
  loadReport(): LoadReport {
    const { id, clock } = this.#options;
    const loads = [...this.#partitions.values()].map((partition) => partition.load);
    return buildLoadReport(id, loads, clock.now());
  }

  get lag(): number {
    let lag = 0;
    for (const partition of this.#partitions.values()) lag += partition.lag;
    return lag;
  }

  /** What is held, under which epoch. */
  owned(): { id: number; epoch: number }[] {
    return [...this.#partitions.values()].map(({ row: { id, epoch } }) => ({ id, epoch }));
  }

  /** Actors of the held partitions that take nothing. */
  get suspended(): number {
    let count = 0;
    for (const partition of this.#partitions.values()) count += partition.suspended;
    return count;
  }

  progress(): PartitionProgress[] {
    return this.#progress.look([...this.#partitions.values()]);
  }

  /** What it says of itself with each heartbeat. */
  report(): NodeReport {
    const progress = this.progress();
    return {
      id: this.#options.id,
      draining: this.#isDraining || this.#engine.versions.isUnfit,
      joining: this.#isJoining,
      stalled: this.peers.isStalled,
      partitions: this.held(),
      lag: progress.reduce((sum, { lag }) => sum + lag, 0),
      stateVersions: this.#engine.versions.known,
      stuck: progress.filter(({ stillMs }) => stillMs >= STUCK_AFTER_MS).map(({ id }) => id),
    };
  }

  /** Whether it has taken its share and none of it failed; one that changes hands in order does not unsettle it. */
  get isSettled(): boolean {
    if (!this.#isPlanned || this.#planner.failures > 0 || this.#ending.size > 0) return false;
    return this.#rests.now.length === 0;
  }

  /** Begins to announce itself, listens for others, then takes its share. */
  async start(): Promise<void> {
    const { membership, clock, settings } = this.#options;
    membership.start(() => this.report());
    await clock.sleep(settings.settleMs, this.#stopping.signal);
    this.#isJoining = false;
    membership.announce();
    membership.onChange(() => this.#planner.soon());
    membership.onHandOver((handOver) => this.#takeHandedOver(handOver));
    this.#planner.start();
  }

  /** Hands every partition over, then leaves. Bounded by `withinMs`; what is left then is taken by the others. */
  async drain(withinMs: number): Promise<void> {
    this.#isDraining = true;
    this.#options.membership.announce();
    const deadline = new AbortController();
    const all = this.#handOverAll(deadline.signal);
    await Promise.race([all, this.#options.clock.sleep(withinMs, deadline.signal)]);
    deadline.abort();
    await this.stop();
  }

  async #handOverAll(signal: AbortSignal): Promise<void> {
    const together = { width: HAND_OVERS_TOGETHER, signal };
    const each = () => eachTogether([...this.#partitions.values()], together, (held) => this.#handOver(held));
    await each();
    // What was just being taken is held only now; left behind, it would count as that of a dead node.
    await Promise.all(this.#taking);
    await each();
  }

  /** Ends at once: uncommitted turns are forgotten, and taken again by the next owner. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#planner.stop();
    await Promise.all(this.#taking);
    await Promise.all([...this.#partitions.values()].map((partition) => partition.stop()));
    this.#partitions.clear();
    await this.#engine.idle();
    this.#options.membership.announce();
    this.#options.membership.stop();
    this.activations.stop();
  }

  async #plan(): Promise<void> {
    if (this.#isDraining) return;
    const { store, partitionCount } = this.#options;
    await this.#engine.versions.refresh();
    const owners = await store.owners();
    this.peers.storeAnswered();
    const alive = this.peers.alive();
    const share = this.peers.share(partitionCount);
    for (const { id: taken, epoch } of owners) {
      const partition = this.#partitions.get(taken);
      if (partition && epoch > partition.row.epoch) this.#lose(partition);
    }
    const left = owners.filter((row) => this.#isLeft(row, share));
    await Promise.all(left.map((row) => store.release(row.id, row.epoch)));
    const takeable = owners.filter((row) => this.#isFree(row, share, alive));
    await Promise.all(takeable.map((row) => this.#taken(row)));
    this.#isPlanned = true;
    this.#options.metrics.partitions.set(this.#partitions.size);
    await this.#giveSurplus();
  }

  /** Gives away what belongs elsewhere, as far as the store permits it now. */
  async #giveSurplus(): Promise<void> {
    for (const [held, partition] of [...this.#partitions]) {
      if (this.#moving.has(held) || this.peers.takerOf(held) === this.#options.id) continue;
      if (!(await this.#moves.permit(held, partition.row.epoch))) return;
      if (this.#partitions.get(held) === partition) await this.#handOver(partition);
    }
  }

  /** Another node let a partition go for this one: taken without a look round, if it belongs here. */
  #takeHandedOver({ partition, epoch }: HandOver): void {
    const row = { id: partition, epoch, owner: null };
    if (this.#isDraining || this.#stopping.signal.aborted || !this.#engine.versions.isFit) return;
    if (
      this.peers.takerOf(partition) !== this.#options.id ||
      !this.#isFree(row, new Set([partition]), new Set())
    )
      return;
    void this.#taken(row).then(() => this.#options.membership.announce());
  }

  /** Takes a partition; whoever ends the node waits for it. */
  #taken(row: Owner): Promise<void> {
    const taking = this.#take(row).finally(() => this.#taking.delete(taking));
    this.#taking.add(taking);
    return taking;
  }

  #isFree(row: Owner, share: ReadonlySet<number>, alive: ReadonlySet<string>): boolean {
    if (!share.has(row.id) || this.#partitions.has(row.id)) return false;
    if (this.#moving.has(row.id) || this.#ending.has(row.id) || this.#rests.has(row.id)) return false;
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
      this.#rests.begin(id);
      logger.warn({ err: error, partition: id }, 'taking a partition failed');
    } finally {
      this.#moving.delete(id);
    }
  }

  async #open(row: TakenRow): Promise<void> {
    const { store, logger } = this.#options;
    const [counters, supervised] = await Promise.all([store.counters(row.id), store.supervised(row.id)]);
    if (this.#stopping.signal.aborted || this.#isDraining) return store.release(row.id, row.epoch);
    const wary = this.#waries.open(row, IN_HAND_MAX);
    const careful = this.#careful.delete(row.id);
    const { host: shared } = this.#engine;
    const host = { ...shared, log: this.#progress.over(row.id, shared.log) };
    const partition = new Partition({ row, counters, careful, supervised, wary }, host);
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
      // All that it took is committed: nobody has to wait for its readers to end.
      const ended = this.#close(partition);
      await this.#options.store.release(id, epoch);
      const to = this.peers.takerOf(id);
      this.#options.logger.debug({ partition: id, epoch, to }, 'partition handed over');
      this.#options.membership.announce(to === null ? undefined : { partition: id, epoch, to });
      await ended;
      if (to !== null) await this.peers.untilTaken(id, to);
    } catch (error) {
      this.#options.logger.warn({ err: error, partition: id }, 'hand-over failed');
    } finally {
      this.#moving.delete(id);
    }
  }

  #lose(partition: Partition): void {
    this.#options.logger.warn({ partition: partition.row.id, epoch: partition.row.epoch }, 'partition lost');
    void this.#close(partition).then(() => this.#planner.soon());
  }

  #reread(partition: Partition, reason: RereadReason, error?: unknown): void {
    const { id } = partition.row;
    this.#careful.add(id);
    if (reason === 'unwritable') this.#waries.unwritable(id, partition.wary, error);
    else this.#waries.interrupted(id, partition.wary);
    if (reason === 'failed') this.#rests.begin(id);
    void this.#close(partition).then(() => this.#planner.soon());
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
      this.#rests.begin(id);
      this.#options.logger.warn({ err: error, partition: id }, 'partition did not end well');
    } finally {
      this.#ending.delete(id);
    }
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
    void this.#close(partition, reconcile).then(() => this.#planner.soon());
  }
}
