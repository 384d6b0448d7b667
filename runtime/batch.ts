/**
 * The open batch of one partition: what its turns since the last commit have to make durable, and what leaves then.
 *
 * B1. Turns are added in log order, so that effect numbers are the same when the batch is made again.
 * B2. The positions in it cover exactly the turns in it.
 */
import type { ActorKind } from '#protocols/actor.ts';
import { type Address, formatAddress, parseAddress } from '#protocols/address.ts';
import type { Effect } from '#protocols/effects.ts';
import type { Envelope } from '#protocols/envelope.ts';
import type { EventRecord } from '#protocols/events.ts';
import type { Reply } from '#protocols/failure.ts';
import { partitionOf } from '#protocols/partition.ts';
import { eventSubject, laneSubject } from '#protocols/subjects.ts';
import { type Counters, keyOf } from './counters.ts';
import { FoldOrder } from './fold-order.ts';
import { forkOf } from './fork.ts';
import type { Item } from './intake.ts';
import type { Position } from './log.ts';
import {
  type Batch,
  type Counter,
  type DeadLetter,
  EVENT_TARGET,
  type ForkRow,
  type KeyedReply,
  type OutboxRow,
  type PartitionRow,
  type Snapshot,
  type TimerRow,
} from './store.ts';
import type { Cell, Place, TurnOutcome } from './turn.ts';

/** A caller who waits. */
export interface Answer {
  readonly replyTo: string;
  readonly key: string;
  readonly reply: Reply;
}

/** One request to a remote agent, and the actor that wants its answer. */
export interface RemoteRequest {
  readonly from: Address;
  readonly subject: string;
  readonly id: string;
  readonly body: unknown;
  readonly cause: string;
  readonly root: string;
}

/** What leaves after the commit, and only then. */
export interface Outputs {
  readonly outbox: readonly OutboxRow[];
  readonly answers: readonly Answer[];
  readonly requests: readonly RemoteRequest[];
}

export interface PreparedBatch {
  readonly batch: Batch;
  readonly outputs: Outputs;
  readonly turns: number;
  /** Of the messages taken and the effects to be sent. */
  readonly bytes: number;
}

/** How an address's messages travel; the node knows the kinds. */
export interface Routes {
  readonly partitionCount: number;
  isControl(type: string, messageType: string): boolean;
  /** The version in which states of this kind are written. */
  writtenVersion(kind: ActorKind): number;
}

export class OpenBatch {
  readonly #row: PartitionRow;
  readonly #counters: Counters;
  readonly #routes: Routes;
  readonly #cells = new Map<string, Cell>();
  /** Names of the actors whose snapshot is to be kept. */
  readonly #keep = new Set<string>();
  readonly #forks: ForkRow[] = [];
  readonly #order = new FoldOrder();
  readonly #outbox: OutboxRow[] = [];
  readonly #outbound = new Map<string, Counter>();
  readonly #inbound = new Map<string, Counter>();
  readonly #timersSet = new Map<string, TimerRow>();
  readonly #timersDropped = new Map<string, { address: Address; key: string }>();
  readonly #replies = new Map<string, KeyedReply>();
  readonly #deadLetters: DeadLetter[] = [];
  readonly #answers: Answer[] = [];
  readonly #requests: RemoteRequest[] = [];
  #cursor: Position;
  #controlCursor: Position;
  #turns = 0;
  #bytes = 0;

  constructor(row: PartitionRow, counters: Counters, routes: Routes) {
    this.#row = row;
    this.#counters = counters;
    this.#routes = routes;
    this.#cursor = row.cursor;
    this.#controlCursor = row.controlCursor;
  }

  get turns(): number {
    return this.#turns;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether a turn of this actor waits to be committed. */
  touches(name: string): boolean {
    return this.#cells.has(name);
  }

  /** The reply under a key that is not committed yet. */
  replyOf(tenant: string, key: string): KeyedReply | undefined {
    return this.#replies.get(`${tenant}/${key}`);
  }

  /** Every message moves its lane's position, whatever became of it. */
  move({ id, place, size, fate, outcome }: Item): void {
    const { lane, seq } = place;
    if (lane === 'data') this.#cursor = { seq, id };
    else this.#controlCursor = { seq, id };
    const isTurn = fate.type === 'turn' && outcome !== null && !outcome.ignored && !outcome.deadLetter;
    this.#order.take({ lane, isTurn }, id);
    this.#turns++;
    this.#bytes += size;
  }

  applied(counter: Counter): void {
    this.#inbound.set(keyOf(counter.other, counter.lane), counter);
  }

  answer(answer: Answer): void {
    this.#answers.push(answer);
  }

  deadLetter(letter: DeadLetter): void {
    this.#deadLetters.push(letter);
  }

  /** Adds what a turn decided. */
  add(outcome: TurnOutcome, envelope: Envelope, place: Place): void {
    const name = formatAddress(outcome.cell.address);
    if (outcome.changed) this.#cells.set(name, outcome.cell);
    if (outcome.keep) this.#keep.add(name);
    const fork = forkOf(outcome, envelope);
    if (fork) this.#forks.push(fork);
    for (const key of outcome.timersDropped) {
      this.#timersSet.delete(`${name} ${key}`);
      this.#timersDropped.set(`${name} ${key}`, { address: outcome.cell.address, key });
    }
    for (const timer of outcome.timersSet) {
      this.#timersDropped.delete(`${name} ${timer.key}`);
      this.#timersSet.set(`${name} ${timer.key}`, {
        ...timer,
        address: outcome.cell.address,
        partition: this.#row.id,
      });
    }
    for (const effect of outcome.effects) this.#addEffect(effect, { cell: outcome.cell, envelope, place });
    if (envelope.source.kind === 'command' && outcome.reply) this.#addReply(envelope, outcome.reply);
  }

  /** The batch as it stands, to be committed as number `batch`. */
  prepare(batch: number): PreparedBatch {
    const cells = [...this.#cells.values()];
    const snapshots = cells
      .filter((cell) => cell.state !== null)
      .map((cell) => toSnapshot(cell, this.#routes.writtenVersion(cell.kind)));
    return {
      turns: this.#turns,
      bytes: this.#bytes,
      batch: {
        partition: this.#row.id,
        epoch: this.#row.epoch,
        batch,
        generation: this.#row.generation,
        cursor: this.#cursor,
        controlCursor: this.#controlCursor,
        order: this.#order.text,
        digest: this.#order.digest,
        snapshots,
        kept:
          this.#keep.size === 0
            ? []
            : snapshots.filter(({ address }) => this.#keep.has(formatAddress(address))),
        forks: this.#forks,
        removed: cells.filter((cell) => cell.state === null).map((cell) => cell.address),
        outbox: this.#outbox,
        outbound: [...this.#outbound.values()],
        inbound: [...this.#inbound.values()],
        timersSet: [...this.#timersSet.values()],
        timersDropped: [...this.#timersDropped.values()],
        replies: [...this.#replies.values()],
        deadLetters: this.#deadLetters,
      },
      outputs: { outbox: this.#outbox, answers: this.#answers, requests: this.#requests },
    };
  }

  /** An empty batch that goes on where this one ends. */
  successor(): OpenBatch {
    const row = { ...this.#row, cursor: this.#cursor, controlCursor: this.#controlCursor };
    return new OpenBatch(row, this.#counters, this.#routes);
  }

  #addReply(envelope: Envelope, reply: Reply): void {
    if (envelope.source.kind !== 'command') return;
    const { key, bodyHash, replyTo } = envelope.source;
    const { tenant } = parseAddress(envelope.to);
    this.#replies.set(`${tenant}/${key}`, { tenant, key, bodyHash, reply });
    if (replyTo !== undefined) this.#answers.push({ replyTo, key, reply });
  }

  #addEffect(effect: Effect, turn: { cell: Cell; envelope: Envelope; place: Place }): void {
    const { cell, envelope, place } = turn;
    switch (effect.type) {
      case 'send': {
        const target = partitionOf(effect.to, this.#routes.partitionCount);
        const lane = this.#routes.isControl(effect.to.type, effect.message.type) ? 'control' : 'data';
        const counter = this.#number(target, lane);
        const id = this.#idOf(target, lane, counter.n);
        const sent: Envelope = {
          id,
          to: formatAddress(effect.to),
          message: effect.message,
          source: {
            kind: 'effect',
            from: formatAddress(cell.address),
            partition: this.#row.id,
            n: counter.n,
          },
          cause: envelope.id,
          root: envelope.root,
          ...(envelope.trace === undefined ? {} : { trace: envelope.trace }),
        };
        const body = JSON.stringify(sent);
        this.#bytes += body.length;
        this.#outbox.push({
          ...this.#outRow(target, lane, counter.n),
          subject: laneSubject(lane, target),
          id,
          body,
        });
        return;
      }
      case 'emit': {
        const { n } = this.#number(EVENT_TARGET, 'event');
        const id = this.#idOf(EVENT_TARGET, 'event', n);
        const record: EventRecord = {
          id,
          address: formatAddress(cell.address),
          name: effect.name,
          version: cell.version,
          at: new Date(place.atMs).toISOString(),
          cause: envelope.id,
          root: envelope.root,
          payload: effect.payload,
        };
        const subject = eventSubject(cell.address, effect.name);
        const body = JSON.stringify(record);
        this.#bytes += body.length;
        this.#outbox.push({ ...this.#outRow(EVENT_TARGET, 'event', n), subject, id, body });
        return;
      }
      case 'deliver': {
        const { subject, id, body } = effect;
        this.#requests.push({
          from: cell.address,
          subject,
          id,
          body,
          cause: envelope.id,
          root: envelope.root,
        });
        return;
      }
      default:
        // Replies, timers and stops were dealt with by the turn and the partition.
        return;
    }
  }

  #number(target: number, lane: OutboxRow['lane']): Counter {
    const counter = this.#counters.next(target, lane);
    this.#outbound.set(keyOf(target, lane), counter);
    return counter;
  }

  #outRow(
    target: number,
    lane: OutboxRow['lane'],
    n: number,
  ): Pick<OutboxRow, 'partition' | 'target' | 'lane' | 'n'> {
    return { partition: this.#row.id, target, lane, n };
  }

  #idOf(target: number, lane: OutboxRow['lane'], n: number): string {
    return `e.${this.#row.id}.${target}.${lane}.${n}`;
  }
}

function toSnapshot(cell: Cell, stateVersion: number): Snapshot {
  const index = cell.kind.indexOf(cell.state);
  return {
    address: cell.address,
    version: cell.version,
    stateVersion,
    state: JSON.stringify(cell.kind.writeState(cell.state, stateVersion)),
    timers: cell.timers,
    status: index.status ?? null,
    title: index.title ?? null,
    parent: index.parent ?? null,
    watchMs: index.watchMs ?? null,
  };
}
