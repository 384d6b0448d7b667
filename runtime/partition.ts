/**
 * Runs one partition: takes messages in stream order, gives each to its actor, and gathers the turns for the commit.
 *
 * P1. Two turns of one actor never overlap; no data is taken while control waits, here or in the log (R1).
 * P2. Turns that wait for their commit are bounded, here and on the whole node (and one round more); past that nothing
 *     is taken, and the backlog waits in the log (Y1).
 * P3. Nothing leaves before its commit: this file only gathers. Whoever commits sends the outputs.
 * P4. After a failed commit this object is thrown away with its actors, and the partition is read again. Its actors go
 *     before anything is awaited: whoever reads it again must not find one with turns that were never committed.
 */
import type { ActorKind } from '#protocols/actor.ts';
import { type Address, formatAddress } from '#protocols/address.ts';
import { assert } from '#protocols/assert.ts';
import type { Envelope } from '#protocols/envelope.ts';
import { LANES } from '#protocols/subjects.ts';
import type { Activations } from './activations.ts';
import { OpenBatch, type PreparedBatch, type Routes } from './batch.ts';
import { PARTITION_LIMITS } from './bounds.ts';
import type { Clock } from './clock.ts';
import { Counters } from './counters.ts';
import { sortKept, sortMessages } from './intake.ts';
import type { TakeAlone } from './isolation.ts';
import type { Item, SupervisedPart } from './item.ts';
import { Keys } from './keys.ts';
import { Lanes, type Taken } from './lanes.ts';
import type { LaneLoad } from './load-report.ts';
import type { Log } from './log.ts';
import type { LogClock } from './log-clock.ts';
import type { Logger } from './logger.ts';
import type { RuntimeMetrics } from './metrics.ts';
import type { Room, Uncommitted } from './room.ts';
import { type RoundHost, takeRound, takeWarily } from './round.ts';
import type { LoadedActor, PartitionCounters, PartitionRow, Store } from './store.ts';
import { type SupervisedRow, Supervision } from './supervision.ts';
import type { takeTurn } from './turn.ts';
import type { Wary } from './wary.ts';

/** What a partition uses of its node. */
export interface PartitionHost {
  readonly kinds: ReadonlyMap<string, ActorKind>;
  readonly routes: Routes;
  readonly activations: Activations;
  readonly log: Log;
  readonly store: Store;
  readonly clock: Clock;
  readonly logClock: LogClock;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
  readonly room: Pick<Room, 'hasRoom'>;
  readonly takeAlone: TakeAlone;
  readonly takeTurn: typeof takeTurn;
  /** Batched over the partitions of the node. */
  load(addresses: readonly Address[]): Promise<LoadedActor[]>;
  /** There is something to commit. */
  wakeCommit(): void;
  /** The log is not the one that was applied. */
  onBroken(partition: number, reason: string): void;
  /** A defect in the loop itself: the partition has to be read again. */
  onDefect(partition: number, error: unknown): void;
}

/** As many messages as one owner can have taken before it committed any of them. */
export const IN_HAND_MAX = PARTITION_LIMITS.uncommittedMax + PARTITION_LIMITS.roundMax;

/** What an owner has read of its partition. `careful`: keys are looked up until the backlog is applied. */
export interface TakenPartition {
  readonly row: PartitionRow;
  readonly counters: PartitionCounters;
  readonly careful: boolean;
  /** Actors that had faults, or are suspended. */
  readonly supervised: readonly SupervisedRow[];
  /** Turn by turn, until it is over. */
  readonly wary: Wary | null;
}

/** How far a partition is committed: stream sequences, and the number of its next batch. */
export interface CommittedTo {
  readonly id: number;
  readonly batch: number;
  readonly data: number;
  readonly control: number;
}

export class Partition {
  readonly row: PartitionRow;
  readonly #host: PartitionHost;
  readonly #counters: Counters;
  readonly #keys: Keys;
  readonly #lanes: Lanes;
  /** Until here keys are looked up before they are applied: after a commit met one that was known. */
  #careful: boolean;
  #open: OpenBatch;
  #committing: { batch: OpenBatch; prepared: PreparedBatch } | null = null;
  #nextBatch: number;
  #committedTo: CommittedTo;
  #stopped = Promise.withResolvers<void>();
  #isStopped = false;
  #isDraining = false;
  /** Takes nothing until there is room on the node. */
  #isHeld = false;
  #wake = Promise.withResolvers<void>();
  #loop: Promise<void> | null = null;
  #settled: (() => void)[] = [];
  #ending: Promise<void> | null = null;
  /** Messages of the round whose turns are being taken. */
  #taken = 0;
  /** Names of its actors. */
  #inRound: ReadonlySet<string> = new Set();
  readonly #rounds: RoundHost;
  readonly #supervision: Supervision;
  #wary: Wary | null;

  constructor(taken: TakenPartition, host: PartitionHost) {
    const { row, counters, careful } = taken;
    this.#supervision = new Supervision(taken.supervised);
    this.#wary = taken.wary;
    this.row = row;
    this.#host = host;
    this.#counters = new Counters(counters);
    this.#keys = new Keys(host.store);
    this.#open = new OpenBatch(row, this.#counters, host.routes);
    this.#nextBatch = row.batch;
    this.#careful = careful;
    this.#lanes = new Lanes({
      log: host.log,
      partition: row.id,
      heard: (atMs) => host.logClock.heard(atMs),
      wake: () => this.#signal(),
      onBroken: (reason) => host.onBroken(row.id, reason),
    });
    this.#rounds = {
      partition: row.id,
      activations: host.activations,
      clock: host.clock,
      supervision: this.#supervision,
      takeTurn: host.takeTurn,
      takeAlone: host.takeAlone,
      load: (addresses) => host.load(addresses),
      stopped: this.#stopped.promise,
      isStopped: () => this.#isStopped,
    };
    const { id, batch, cursor, controlCursor } = row;
    this.#committedTo = { id, batch, data: cursor.seq, control: controlCursor.seq };
  }

  /** Stream sequences up to which both lanes are committed. */
  get committedTo(): CommittedTo {
    return this.#committedTo;
  }

  /** How many of its actors are suspended. */
  get suspended(): number {
    return this.#supervision.suspended;
  }

  /** Null once it goes on as ever. */
  get wary(): Wary | null {
    return this.#wary;
  }

  /** Opens the readers at the cursors and begins. */
  async start(): Promise<void> {
    await this.#lanes.open({ data: this.row.cursor, control: this.row.controlCursor });
    if (this.#isStopped) return;
    this.#loop = this.#run().catch((error: unknown) => {
      if (!this.#isStopped) this.#host.onDefect(this.row.id, error);
    });
  }

  /** Messages known to wait: in the log beyond the readers, in the buffers, and in uncommitted turns. */
  get lag(): number {
    return this.#lanes.waiting + this.uncommitted.turns;
  }

  /** What waits in the data lane. */
  get load(): LaneLoad {
    return { id: this.row.id, ...this.#lanes.load };
  }

  /** Taken and not committed. */
  get uncommitted(): Uncommitted {
    const prepared = this.#committing?.prepared;
    return {
      turns: this.#open.turns + this.#taken + (prepared?.turns ?? 0),
      bytes: this.#open.bytes + (prepared?.bytes ?? 0),
    };
  }

  /** There is room again on the node. */
  goOn(): void {
    if (this.#isHeld) this.#signal();
  }

  /** What is to be committed now, or null. The next call returns null until `committed` was called. */
  takeBatch(): PreparedBatch | null {
    if (this.#isStopped || this.#committing || this.#open.turns === 0) return null;
    const batch = this.#open;
    const prepared = batch.prepare(this.#nextBatch);
    this.#committing = { batch, prepared };
    this.#open = batch.successor();
    return prepared;
  }

  committed(): void {
    assert(this.#committing, 'a batch was taken before it is committed');
    const { cursor, controlCursor } = this.#committing.prepared.batch;
    for (const { reason } of this.#committing.prepared.batch.deadLetters) {
      this.#host.metrics.deadLetters.inc({ reason });
    }
    this.#nextBatch++;
    const [id, batch] = [this.row.id, this.#nextBatch];
    this.#committedTo = { id, batch, data: cursor.seq, control: controlCursor.seq };
    this.#committing = null;
    if (this.#open.turns > 0) this.#host.wakeCommit();
    else for (const settle of this.#settled.splice(0)) settle();
    this.#signal();
  }

  /** Whether this actor has turns that are not committed, or is about to have one. */
  isDirty(name: string): boolean {
    if (this.#inRound.has(name) || this.#open.touches(name)) return true;
    return this.#committing?.batch.touches(name) ?? false;
  }

  /** Takes no more, and resolves when all that was taken is committed, or the partition was stopped. */
  async drain(): Promise<void> {
    this.#lanes.forget();
    this.#isDraining = true;
    this.#signal();
    await this.#loop;
    if (this.#isStopped || (this.#open.turns === 0 && !this.#committing)) return;
    const settled = new Promise<void>((resolve) => this.#settled.push(resolve));
    this.#host.wakeCommit();
    await Promise.race([settled, this.#stopped.promise]);
  }

  /** Ends at once and forgets what is not committed. Whoever calls again waits for the same end. */
  stop(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    this.#isStopped = true;
    this.#stopped.resolve();
    this.#host.activations.dropPartition(this.row.id);
    this.#signal();
    await this.#lanes.close();
    await this.#loop;
  }

  #signal(): void {
    this.#wake.resolve();
  }

  async #run(): Promise<void> {
    while (!this.#isStopped && !this.#isDraining) {
      // Before the look: what comes meanwhile is not missed.
      this.#wake = Promise.withResolvers();
      if (!(await this.#step())) await this.#wake.promise;
    }
  }

  /** Takes one round, if there is anything that may be taken now. */
  async #step(): Promise<boolean> {
    this.#isHeld = !this.#host.room.hasRoom(this.uncommitted);
    if (this.#isHeld) return false;
    const goesOn = this.#supervision.goingOn;
    // Kept mail is read from the store, and what is taken warily comes by itself: both want all before them committed.
    if ((goesOn || this.#wary) && this.uncommitted.turns > 0) return false;
    if (this.#wary) await this.#lookWhetherOver(this.#wary);
    if (goesOn) {
      await this.#takeKeptMail(goesOn);
      return true;
    }
    const deliveries = this.#lanes.take(
      this.#wary?.stepMaxBehind(this.#committedTo) ?? PARTITION_LIMITS.roundMax,
    );
    if (deliveries.length === 0) return false;
    this.#taken = deliveries.length;
    await this.#round(deliveries);
    return true;
  }

  async #lookWhetherOver(wary: Wary): Promise<void> {
    for (const lane of LANES) if (this.#lanes.waitingIn(lane) === 0) wary.sawEmpty(lane);
    if (!wary.isOver) return;
    if (wary.isRecording) await this.#host.store.attempt(this.row.id, this.row.epoch, null);
    this.#wary = null;
  }

  /** The reply under a key whose commit is still to come, or of a command that was taken back. */
  readonly #known = (tenant: string, key: string) =>
    this.#open.replyOf(tenant, key) ??
    this.#committing?.batch.replyOf(tenant, key) ??
    this.#keys.marked(tenant, key);

  async #round(deliveries: readonly Taken[]): Promise<void> {
    const items = sortMessages(deliveries, {
      partition: this.row.id,
      generation: this.row.generation,
      counters: this.#counters,
      kinds: this.#host.kinds,
      partitionCount: this.#host.routes.partitionCount,
      nowMs: this.#host.logClock.now(),
      known: this.#known,
    });
    await this.#keys.lookUp(items, this.#careful);
    const caughtUp = this.lag === this.uncommitted.turns;
    await this.#take(items);
    if (this.#isStopped) return;
    this.#taken = 0;
    for (const item of items) {
      this.#open.move(item);
      this.#gather(item);
    }
    this.#inRound = new Set();
    if (caughtUp) this.#careful = false;
    this.#host.wakeCommit();
  }

  /** Some of the mail that was kept for a suspended actor, which goes on now. */
  async #takeKeptMail({ address }: SupervisedRow): Promise<void> {
    const mail = await this.#host.store.keptMail(
      address,
      this.#wary?.keptStepMax ?? PARTITION_LIMITS.keptRoundMax,
    );
    if (this.#isStopped) return;
    if (mail.length === 0) this.#open.supervise(this.#supervision.nothingKept(address), null);
    const items = sortKept(mail, this.#host.kinds);
    await this.#take(items);
    if (this.#isStopped) return;
    for (const item of items) {
      if (item.supervised?.isLeft) break;
      this.#open.takeKept({ address, n: item.keptAs ?? 0 }, item.size);
      if (item.outcome?.changed) this.#open.changedByMail(address);
      if (item.fate.type === 'dead') this.#open.supervise(this.#supervision.taken(address, item.size), null);
      this.#gather(item);
    }
    this.#inRound = new Set();
    this.#host.wakeCommit();
  }

  /** Takes the turns of these messages; their outcomes stand in them then, unless the partition was stopped. */
  async #take(items: readonly Item[]): Promise<void> {
    this.#inRound = new Set(items.flatMap(({ fate }) => (fate.type === 'turn' ? [fate.envelope.to] : [])));
    if (!this.#wary || items.length === 0) return takeRound(items, this.#rounds);
    const places = items.map(({ place: { lane, seq } }) => ({ lane, seq }));
    const { id, epoch } = this.row;
    this.#wary.begin(places);
    if (this.#wary.isRecording && !(await this.#host.store.attempt(id, epoch, places))) {
      throw new Error('the partition is no longer ours');
    }
    if (!this.#isStopped) await takeWarily(items, this.#wary, this.#rounds);
  }

  #gather(item: Item): void {
    const { fate, place } = item;
    const batch = this.#open;
    this.#host.metrics.messages.inc({ result: item.outcome?.deadLetter ? 'dead_letter' : fate.type });
    if (fate.type === 'dead') {
      if (fate.counter) batch.applied(fate.counter);
      batch.deadLetter({ ...fate.letter, lane: place.lane, seq: place.seq, body: item.body() }, place.atMs);
      this.#host.logger.error({ partition: this.row.id, ...fate.letter }, 'message set aside');
    } else if (fate.type !== 'turn') {
      this.#keys.gather(item, batch, this.#known);
    } else {
      assert(item.outcome, 'every turn of a round was taken');
      if (item.supervised?.isPutOff || item.supervised?.refusal) {
        batch.skip({ lane: place.lane, seq: place.seq, reason: 'suspended' });
      }
      if (item.supervised?.isPutOff) return;
      if (fate.counter) batch.applied(fate.counter);
      batch.add(item.outcome, fate.envelope, place);
      if (item.supervised) this.#supervise(item.supervised, fate.envelope);
      if (item.outcome.effects.some((effect) => effect.type === 'stop'))
        this.#host.activations.markEnded(fate.address);
      const letter = item.outcome.deadLetter;
      if (!letter) return;
      const address = formatAddress(fate.address);
      const { lane, seq, atMs } = place;
      batch.deadLetter({ ...letter, address, lane, seq, body: item.body() }, atMs);
      this.#host.logger.error({ partition: this.row.id, address, ...letter }, 'message set aside');
    }
  }

  #supervise({ row, kept, refusal }: SupervisedPart, { source }: Envelope): void {
    if (row) this.#open.supervise(row, kept);
    if (!refusal || source.kind !== 'command' || source.replyTo === undefined) return;
    this.#open.answer({ replyTo: source.replyTo, key: source.key, reply: refusal });
  }
}
