/**
 * The open batch of one partition: what its turns since the last commit have to make durable, and what leaves then.
 *
 * B1. Turns are added in log order, so that effect numbers are the same when the batch is made again.
 * B2. The positions in it cover exactly the turns in it.
 */

import type { ActorKind } from '#protocols/actor.ts';
import { type Address, formatAddress, parseAddress } from '#protocols/address.ts';
import type { Effect } from '#protocols/effects.ts';
import { type Envelope, keyOf as keyOfMessage, type ReplaySource } from '#protocols/envelope.ts';
import type { EventRecord } from '#protocols/events.ts';
import type { Reply } from '#protocols/failure.ts';
import { partitionOf } from '#protocols/partition.ts';
import { eventSubject, laneSubject } from '#protocols/subjects.ts';
import { type Outgoing, outgoingAnswer, outgoingAsk } from './asks.ts';
import type { Cell } from './cell.ts';
import { type Counters, keyOf } from './counters.ts';
import { bury, relapse } from './dead-letter.ts';
import { FoldOrder } from './fold-order.ts';
import { forkOf } from './fork.ts';
import type { Item } from './item.ts';
import type { Position } from './log.ts';
import { toSnapshot } from './snapshot.ts';
import { NO_STATE, roughBytes } from './state-size.ts';
import {
  type Batch,
  type BuriedLetter,
  type Counter,
  type DeadLetter,
  EVENT_TARGET,
  type ForkRow,
  type KeyedReply,
  type OutboxRow,
  type PartitionRow,
  type ReplayOutcome,
  type SkippedCommand,
  type TimerRow,
} from './store.ts';
import type { KeptMail, MailTaken, SupervisedRow } from './supervision.ts';
import type { Place, TurnOutcome } from './turn.ts';
import { generationAt } from './turn-timers.ts';

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
  /** Of the messages taken, the states to be written and the effects to be sent. */
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
  readonly #deadLetters: BuriedLetter[] = [];
  readonly #replays: ReplayOutcome[] = [];
  readonly #supervised = new Map<string, SupervisedRow>();
  readonly #mailKept: KeptMail[] = [];
  readonly #mailTaken = new Map<string, MailTaken>();
  readonly #skipped: SkippedCommand[] = [];
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
    return this.#cells.has(name) || this.#mailTaken.has(name);
  }

  /** The reply under a key that is not committed yet. */
  replyOf(tenant: string, key: string): KeyedReply | undefined {
    return this.#replies.get(`${tenant}/${key}`);
  }

  /** Every message moves its lane's position, whatever became of it. */
  move({ id, place, size, fate, outcome, supervised }: Item): void {
    const { lane, seq } = place;
    if (lane === 'data') this.#cursor = { seq, id };
    else this.#controlCursor = { seq, id };
    // A timer that comes again goes on also after a dead letter: that changes the actor, and is folded.
    const isTaken = outcome !== null && !outcome.ignored && (outcome.changed || !outcome.deadLetter);
    const isTurn = fate.type === 'turn' && isTaken && !supervised?.isNoTurn;
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

  /** `atMs`: when the log took the message. */
  deadLetter(letter: DeadLetter, atMs: number): void {
    const again = relapse(letter);
    if (!again) {
      const { id: partition, generation } = this.#row;
      this.#deadLetters.push(bury(letter, { partition, generation, atMs }));
      return;
    }
    const { source, tenant, ...outcome } = again;
    this.#keepReplay(tenant, source, outcome);
  }

  /** A command that has no turn. */
  skip(skipped: SkippedCommand): void {
    this.#skipped.push(skipped);
  }

  /** Keeps the reply of a command under its key; null where the message is none. */
  addReply({ source, to }: Envelope, reply: Reply): KeyedReply | null {
    if (source.kind !== 'command' && source.kind !== 'cancel') return null;
    const { key, bodyHash, replyTo } = source;
    const { tenant } = parseAddress(to);
    const kept = { tenant, key, bodyHash, reply };
    this.#replies.set(`${tenant}/${key}`, kept);
    if (replyTo !== undefined) this.#answers.push({ replyTo, key, reply });
    return kept;
  }

  /** Mail that was kept is taken: the lanes stay where they are. */
  takeKept(taken: MailTaken, bytes: number): void {
    this.#mailTaken.set(formatAddress(taken.address), taken);
    this.#turns++;
    this.#bytes += bytes;
  }

  /** The turns of kept mail are not in the batch's order: the snapshot after them is kept, to fold from there. */
  changedByMail(address: Address): void {
    const name = formatAddress(address);
    this.#order.tookMail(name);
    this.#keep.add(name);
  }

  supervise(row: SupervisedRow, kept: KeptMail | null): void {
    this.#supervised.set(formatAddress(row.address), row);
    if (kept) this.#mailKept.push(kept);
  }

  /** Adds what a turn decided. */
  add(outcome: TurnOutcome, envelope: Envelope, place: Place): void {
    const name = formatAddress(outcome.cell.address);
    if (outcome.changed) {
      if (!this.#cells.has(name)) this.#bytes += roughBytes(outcome.cell.size ?? NO_STATE);
      this.#cells.set(name, outcome.cell);
    }
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
    if (envelope.source.kind === 'replay' && !outcome.deadLetter) {
      const result = outcome.ignored
        ? ({ type: 'ignored' } as const)
        : ({ type: 'applied', reply: outcome.reply } as const);
      const { letter, n } = envelope.source;
      this.#keepReplay(outcome.cell.address.tenant, envelope.source, { letter, n, result });
    }
    if (!outcome.reply) return;
    this.addReply(envelope, outcome.reply);
    const answer = outgoingAnswer(envelope, outcome.reply);
    if (answer) this.#send(answer, { cell: outcome.cell, envelope });
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
        replays: this.#replays,
        supervised: [...this.#supervised.values()],
        mailKept: this.#mailKept,
        mailTaken: [...this.#mailTaken.values()],
        skipped: this.#skipped,
      },
      outputs: { outbox: this.#outbox, answers: this.#answers, requests: this.#requests },
    };
  }

  /** An empty batch that goes on where this one ends. */
  successor(): OpenBatch {
    const row = { ...this.#row, cursor: this.#cursor, controlCursor: this.#controlCursor };
    return new OpenBatch(row, this.#counters, this.#routes);
  }

  /** The key keeps out its repeats, also after the letter was opened again. */
  #keepReplay(tenant: string, source: ReplaySource, outcome: ReplayOutcome): void {
    const keyed = keyOfMessage(source);
    if (keyed)
      this.#replies.set(`${tenant}/${keyed.key}`, { tenant, ...keyed, reply: { ok: true, value: null } });
    this.#replays.push(outcome);
  }

  #addEffect(effect: Effect, turn: { cell: Cell; envelope: Envelope; place: Place }): void {
    const { cell, envelope, place } = turn;
    switch (effect.type) {
      case 'send':
        this.#send({ to: effect.to, message: effect.message, marks: {} }, turn);
        return;
      case 'ask': {
        const asking = { self: cell.address, envelope, generation: generationAt(place) };
        this.#send(outgoingAsk(effect, asking), turn);
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

  #send({ to, message, marks }: Outgoing, { cell, envelope }: { cell: Cell; envelope: Envelope }): void {
    const target = partitionOf(to, this.#routes.partitionCount);
    const lane = this.#routes.isControl(to.type, message.type) ? 'control' : 'data';
    const { n } = this.#number(target, lane);
    const id = this.#idOf(target, lane, n);
    const sent: Envelope = {
      id,
      to: formatAddress(to),
      message,
      source: { kind: 'effect', from: formatAddress(cell.address), partition: this.#row.id, n },
      cause: envelope.id,
      root: envelope.root,
      ...(envelope.trace === undefined ? {} : { trace: envelope.trace }),
      ...marks,
    };
    const body = JSON.stringify(sent);
    this.#bytes += body.length;
    this.#outbox.push({ ...this.#outRow(target, lane, n), subject: laneSubject(lane, target), id, body });
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
