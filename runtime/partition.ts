/**
 * Runs one partition: takes messages in stream order, gives each to its actor, and gathers the turns for the commit.
 *
 * P1. Two turns of one actor never overlap; no data is taken while control waits, here or in the log.
 * P2. Turns that wait for their commit are bounded, here and on the whole node (and one round more); past that nothing
 *     is taken, and the backlog waits in the log (Y1).
 * P3. Nothing leaves before its commit: this file only gathers. Whoever commits sends the outputs.
 * P4. After a failed commit this object is thrown away with its actors, and the partition is read again. Its actors go
 *     before anything is awaited: whoever reads it again must not find one with turns that were never committed.
 */
import type { ActorKind } from '#protocols/actor.ts';
import { type Address, formatAddress } from '#protocols/address.ts';
import { assert } from '#protocols/assert.ts';
import { LANES, type Lane } from '#protocols/subjects.ts';
import type { Activations } from './activations.ts';
import { OpenBatch, type PreparedBatch, type Routes } from './batch.ts';
import { PARTITION_LIMITS } from './bounds.ts';
import { emptyCell, nextCell, readCell } from './cell.ts';
import type { Clock } from './clock.ts';
import { Counters } from './counters.ts';
import { type Item, sortMessages } from './intake.ts';
import { Keys } from './keys.ts';
import { LaneBuffer } from './lane-buffer.ts';
import type { LaneLoad } from './load-report.ts';
import type { Delivery, Log } from './log.ts';
import type { LogClock } from './log-clock.ts';
import type { Logger } from './logger.ts';
import type { RuntimeMetrics } from './metrics.ts';
import type { Room, Uncommitted } from './room.ts';
import type { LoadedActor, PartitionCounters, PartitionRow, Store } from './store.ts';
import { type Cell, setAside, type takeTurn } from './turn.ts';

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

/** What an owner has read of its partition. `careful`: keys are looked up until the backlog is applied. */
export interface TakenPartition {
  readonly row: PartitionRow;
  readonly counters: PartitionCounters;
  readonly careful: boolean;
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
  readonly #lanes: Record<Lane, LaneBuffer> = { data: new LaneBuffer(), control: new LaneBuffer() };
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
  /** Names of the actors whose turns are being taken. */
  #inRound: ReadonlySet<string> = new Set();

  constructor(taken: TakenPartition, host: PartitionHost) {
    const { row, counters, careful } = taken;
    this.row = row;
    this.#host = host;
    this.#counters = new Counters(counters);
    this.#keys = new Keys(host.store);
    this.#open = new OpenBatch(row, this.#counters, host.routes);
    this.#nextBatch = row.batch;
    this.#careful = careful;
    const { id, batch, cursor, controlCursor } = row;
    this.#committedTo = { id, batch, data: cursor.seq, control: controlCursor.seq };
  }

  /** Stream sequences up to which both lanes are committed. */
  get committedTo(): CommittedTo {
    return this.#committedTo;
  }

  /** Opens the readers at the cursors and begins. */
  async start(): Promise<void> {
    await Promise.all(LANES.map((lane) => this.#openReader(lane)));
    if (this.#isStopped) return;
    this.#loop = this.#run().catch((error: unknown) => {
      if (!this.#isStopped) this.#host.onDefect(this.row.id, error);
    });
  }

  async #openReader(lane: Lane): Promise<void> {
    const buffer = this.#lanes[lane];
    const reader = await this.#host.log.read({
      lane,
      partition: this.row.id,
      after: lane === 'data' ? this.row.cursor : this.row.controlCursor,
      onDelivery: (delivery) => this.#receive(buffer, delivery),
      onCaughtUp: () => this.#signal(),
      onBroken: (reason) => this.#host.onBroken(this.row.id, `${lane}: ${reason}`),
    });
    if (this.#isStopped) return reader.stop();
    buffer.reader = reader;
  }

  /** Messages known to wait: in the log beyond the readers, in the buffers, and in uncommitted turns. */
  get lag(): number {
    return this.#lanes.data.lag + this.#lanes.control.lag + this.uncommitted.turns;
  }

  /** What waits in the data lane. */
  get load(): LaneLoad {
    const { waiting, lag } = this.#lanes.data;
    return { id: this.row.id, waiting, lag };
  }

  get uncommitted(): Uncommitted {
    const prepared = this.#committing?.prepared;
    return {
      turns: this.#open.turns + (prepared?.turns ?? 0),
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
    for (const lane of LANES) this.#lanes[lane].clear();
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
    await this.#closeReaders();
    await this.#loop;
  }

  #receive(buffer: LaneBuffer, delivery: Delivery): void | Promise<void> {
    if (this.#isStopped || this.#isDraining) return;
    this.#host.logClock.heard(delivery.atMs);
    this.#signal();
    return buffer.put(delivery);
  }

  #signal(): void {
    this.#wake.resolve();
  }

  async #run(): Promise<void> {
    while (!this.#isStopped && !this.#isDraining) {
      this.#isHeld = !this.#host.room.hasRoom(this.uncommitted);
      const deliveries = this.#isHeld ? [] : this.#take();
      if (deliveries.length === 0) {
        this.#wake = Promise.withResolvers();
        // Something may have come between the look and the new promise only if it came from this very turn of the
        // event loop, which it can't: both are synchronous.
        await this.#wake.promise;
        continue;
      }
      await this.#round(deliveries);
    }
  }

  #take(): { lane: Lane; delivery: Delivery }[] {
    const taken: { lane: Lane; delivery: Delivery }[] = [];
    for (const lane of ['control', 'data'] as const) {
      if (lane === 'data' && this.#lanes.control.pending > 0) break;
      for (const delivery of this.#lanes[lane].take(PARTITION_LIMITS.roundMax - taken.length)) {
        taken.push({ lane, delivery });
      }
    }
    return taken;
  }

  /** The reply under a key whose commit is still to come, or of a command that was taken back. */
  readonly #known = (tenant: string, key: string) =>
    this.#open.replyOf(tenant, key) ??
    this.#committing?.batch.replyOf(tenant, key) ??
    this.#keys.marked(tenant, key);

  async #round(deliveries: readonly { lane: Lane; delivery: Delivery }[]): Promise<void> {
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
    this.#inRound = new Set(items.flatMap(({ fate }) => (fate.type === 'turn' ? [fate.envelope.to] : [])));
    await this.#activate(items);
    if (this.#isStopped) return;
    await this.#takeTurns(items);
    if (this.#isStopped) return;
    for (const item of items) this.#gather(item);
    this.#inRound = new Set();
    if (caughtUp) this.#careful = false;
    this.#host.wakeCommit();
  }

  async #activate(items: readonly Item[]): Promise<void> {
    const missing = new Map<string, { address: Address; kind: ActorKind }>();
    for (const { fate } of items) {
      if (fate.type !== 'turn' || this.#host.activations.has(fate.address)) continue;
      missing.set(formatAddress(fate.address), fate);
    }
    if (missing.size === 0) return;
    const loaded = await this.#host.load([...missing.values()].map(({ address }) => address));
    if (this.#isStopped) return;
    const stored = new Map(loaded.map((actor) => [formatAddress(actor.address), actor]));
    for (const [name, { address, kind }] of missing) {
      const loadedActor = stored.get(name);
      const cell = readCell(address, kind, loadedActor);
      if (cell.ok) this.#host.activations.activate(cell.cell, this.row.id, this.#host.clock.now());
      else this.#setAsideUnreadable(items, name, { error: cell.error, timers: loadedActor?.timers ?? {} });
    }
  }

  #setAsideUnreadable(
    items: readonly Item[],
    name: string,
    { error, timers }: { error: string; timers: Cell['timers'] },
  ): void {
    for (const item of items) {
      if (item.fate.type !== 'turn' || formatAddress(item.fate.address) !== name) continue;
      const { address, kind, envelope } = item.fate;
      const cell = { ...emptyCell(address, kind), timers };
      item.outcome = setAside(cell, envelope, { reason: 'unreadable_state', error });
    }
  }

  async #takeTurns(items: readonly Item[]): Promise<void> {
    const done = Promise.withResolvers<void>();
    const open = items.filter((item) => item.fate.type === 'turn' && !item.outcome);
    let left = open.length;
    if (left === 0) return;
    const nowMs = this.#host.clock.now();
    for (const item of open) {
      if (item.fate.type !== 'turn') continue;
      const { address, envelope } = item.fate;
      this.#host.activations.tell(
        address,
        (cell) => {
          item.outcome = this.#host.takeTurn(cell, envelope, item.place);
          if (--left === 0) done.resolve();
          return nextCell(item.outcome.cell);
        },
        nowMs,
      );
    }
    await Promise.race([done.promise, this.#stopped.promise]);
  }

  #gather(item: Item): void {
    const { fate, place } = item;
    const batch = this.#open;
    batch.move(item);
    this.#host.metrics.messages.inc({ result: item.outcome?.deadLetter ? 'dead_letter' : fate.type });
    if (fate.type === 'dead') {
      if (fate.counter) batch.applied(fate.counter);
      batch.deadLetter({ ...fate.letter, lane: place.lane, seq: place.seq, body: item.body() }, place.atMs);
      this.#host.logger.error({ partition: this.row.id, ...fate.letter }, 'message set aside');
    } else if (fate.type !== 'turn') {
      this.#keys.gather(item, batch, this.#known);
    } else {
      assert(item.outcome, 'every turn of a round was taken');
      if (fate.counter) batch.applied(fate.counter);
      batch.add(item.outcome, fate.envelope, place);
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

  async #closeReaders(): Promise<void> {
    for (const lane of LANES) this.#lanes[lane].letGo();
    await Promise.all(LANES.map((lane) => this.#lanes[lane].reader?.stop()));
  }
}
