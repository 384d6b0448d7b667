/**
 * State is the fold of the log (I5): reads what each commit took from the log through the handlers a second time, by
 * rules of its own, and compares what comes out with what was written, byte for byte.
 *
 * Z1. Holds while nothing was taken from the log behind the partitions' backs; from then on it looks no more.
 * Z2. The lanes of one commit are read one after the other: the kinds here are made so that it makes no difference.
 */
import type { ActorKind, Turn } from '#protocols/actor.ts';
import { formatAddress, parseAddress } from '#protocols/address.ts';
import { decodeEnvelope, type Envelope, originOf } from '#protocols/envelope.ts';
import { LIMITS } from '#protocols/limits.ts';
import { LANES, type Lane } from '#protocols/subjects.ts';
import type { Delivery } from '#runtime/log.ts';
import type { Batch, PartitionRow } from '#runtime/store.ts';
import type { MemoryLog } from '#runtime/testing/log.ts';

/** A timer that was set in the commit at hand: its generation is not known yet. */
const FRESH = -1;

interface Timer {
  readonly generation: number;
  readonly isRepeating: boolean;
}

interface Actor {
  state: unknown;
  readonly timers: Map<string, Timer>;
}

interface Partition {
  readonly actors: Map<string, Actor>;
  readonly keys: Set<string>;
  readonly inbound: Map<string, number>;
}

export class Fold {
  readonly #log: MemoryLog;
  readonly #kinds: ReadonlyMap<string, ActorKind>;
  readonly #partitions = new Map<number, Partition>();
  readonly #onDifference: (what: string) => void;
  #isLogWhole = true;
  /** Messages that were read a second time. */
  messages = 0;

  constructor(options: {
    log: MemoryLog;
    kinds: readonly ActorKind[];
    onDifference: (what: string) => void;
  }) {
    this.#log = options.log;
    this.#kinds = new Map(options.kinds.map((kind) => [kind.type, kind]));
    this.#onDifference = options.onDifference;
  }

  get isLogWhole(): boolean {
    return this.#isLogWhole;
  }

  logWasDamaged(): void {
    this.#isLogWhole = false;
  }

  /** Follows a commit that moved its partition from `before`. */
  follow(batch: Batch, before: PartitionRow): void {
    if (!this.#isLogWhole) return;
    const partition = this.#partitions.get(batch.partition) ?? newPartition();
    this.#partitions.set(batch.partition, partition);
    const touched = new Set<string>();
    const skipped = new Set(batch.skipped.map(({ lane, seq }) => `${lane}/${seq}`));
    for (const lane of LANES) {
      const [from, to] =
        lane === 'data' ? [before.cursor, batch.cursor] : [before.controlCursor, batch.controlCursor];
      for (const message of this.#log.messages(lane, batch.partition)) {
        if (message.seq <= from.seq || message.seq > to.seq) continue;
        if (skipped.has(`${lane}/${message.seq}`)) this.#pass(message);
        else this.#take(partition, { lane, message, touched });
      }
    }
    this.#compare(partition, batch, touched);
  }

  #take(partition: Partition, taken: { lane: Lane; message: Delivery; touched: Set<string> }): void {
    this.messages++;
    const decoded = decodeEnvelope(taken.message.bytes);
    if (!decoded.ok) return;
    const { envelope } = decoded;
    const kind = this.#kinds.get(parseAddress(envelope.to).type);
    const actor = partition.actors.get(envelope.to) ?? { state: null, timers: new Map() };
    if (!isNew(envelope, taken.lane, { partition, actor }) || !kind) return;
    const turn = handle(kind, actor.state, { envelope, atMs: taken.message.atMs });
    if (!turn) {
      goOn(actor, envelope);
      return;
    }
    partition.actors.set(envelope.to, actor);
    taken.touched.add(envelope.to);
    settle(actor, turn, envelope);
  }

  /** An owner passes over commands: late, taken back, or repeats, of another partition's perhaps; and replays' repeats. */
  #pass({ bytes }: Delivery): void {
    const decoded = decodeEnvelope(bytes);
    const kind = decoded.ok ? decoded.envelope.source.kind : null;
    if (kind === 'command' || kind === 'replay') return;
    this.#onDifference('neither a command nor a replay was passed over');
  }

  #compare(partition: Partition, batch: Batch, touched: ReadonlySet<string>): void {
    const written = new Map(batch.snapshots.map((snapshot) => [formatAddress(snapshot.address), snapshot]));
    const removed = new Set(batch.removed.map(formatAddress));
    for (const name of new Set([...touched, ...written.keys()])) {
      const actor = partition.actors.get(name);
      const snapshot = written.get(name);
      if (!snapshot) {
        if (removed.has(name) && actor?.state !== null) this.#onDifference(`${name} was removed`);
        continue;
      }
      const folded = JSON.stringify(actor?.state ?? null);
      if (snapshot.state !== folded) this.#onDifference(`${name} is ${snapshot.state}, not ${folded}`);
      const timers = [...(actor?.timers.keys() ?? [])].sort().join();
      const kept = Object.keys(snapshot.timers).sort().join();
      if (timers !== kept) this.#onDifference(`${name} holds the timers ${kept}, not ${timers}`);
      for (const [key, { generation, recurrence }] of Object.entries(snapshot.timers)) {
        actor?.timers.set(key, { generation, isRepeating: recurrence !== undefined });
      }
    }
  }
}

function newPartition(): Partition {
  return { actors: new Map(), keys: new Set(), inbound: new Map() };
}

/** Whether this message is to be taken, and not one that was taken before or comes too soon. */
function isNew(
  { source, to, answer }: Envelope,
  lane: Lane,
  { partition, actor }: { partition: Partition; actor: Actor },
): boolean {
  switch (source.kind) {
    case 'command': {
      const key = `${parseAddress(to).tenant}/${source.key}`;
      const isKnown = partition.keys.has(key);
      partition.keys.add(key);
      return !isKnown;
    }
    case 'effect': {
      const from = `${source.partition}/${lane}`;
      if (source.n !== (partition.inbound.get(from) ?? 0) + 1) return false;
      partition.inbound.set(from, source.n);
      return !answer || actor.timers.get(`?${answer.key}`)?.generation === answer.generation;
    }
    case 'timer':
      return actor.timers.get(source.key)?.generation === source.generation;
    case 'cancel':
      partition.keys.add(`${parseAddress(to).tenant}/${source.key}`);
      return false;
    case 'system':
      return true;
    case 'replay': {
      const key = `${source.letter} ${source.n}`;
      const isKnown = partition.keys.has(key);
      partition.keys.add(key);
      if (isKnown) return false;
      if (answer) return actor.timers.get(`?${answer.key}`)?.generation === answer.generation;
      if (source.of.kind !== 'timer') return true;
      return actor.timers.get(source.of.key)?.generation === source.of.generation;
    }
  }
}

/** What the handler says; null where it throws, does not understand, or says more than an actor may hold. */
function handle(
  kind: ActorKind,
  state: unknown,
  { envelope, atMs }: { envelope: Envelope; atMs: number },
): Turn<unknown> | null {
  const self = parseAddress(envelope.to);
  const id = () => {
    throw new Error('the kinds here need no ids');
  };
  try {
    // Planned times are not folded: a beat looks only whether it comes before its own.
    const due = originOf(envelope.source).kind === 'timer' ? { dueMs: atMs } : {};
    const context = { self, now: atMs, messageId: envelope.id, by: envelope.source.kind, id, ...due };
    const turn = kind.handle(state, envelope.message, context);
    if ('code' in turn) return null;
    const isTooLarge = turn.state !== state && JSON.stringify(turn.state).length > LIMITS.actorStateBytesMax;
    return isTooLarge ? null : turn;
  } catch {
    // A dead letter: nothing changes.
    return null;
  }
}

/** A timer that comes again does so also after a dead letter. */
function goOn(actor: Actor, envelope: Envelope): void {
  const source = originOf(envelope.source);
  if (source.kind === 'timer' && actor.timers.get(source.key)?.isRepeating) again(actor, source.key);
}

function again(actor: Actor, key: string): void {
  actor.timers.set(key, { generation: FRESH, isRepeating: true });
}

function settle(actor: Actor, turn: Turn<unknown>, envelope: Envelope): void {
  const { answer } = envelope;
  const source = originOf(envelope.source);
  actor.state = turn.state;
  if (answer) actor.timers.delete(`?${answer.key}`);
  if (source.kind === 'timer' && !actor.timers.get(source.key)?.isRepeating) actor.timers.delete(source.key);
  else if (source.kind === 'timer') again(actor, source.key);
  for (const effect of turn.effects) {
    if (effect.type === 'schedule') actor.timers.set(effect.key, { generation: FRESH, isRepeating: false });
    if (effect.type === 'repeat') again(actor, effect.key);
    if (effect.type === 'cancel') actor.timers.delete(effect.key);
    if (effect.type === 'ask') actor.timers.set(`?${effect.key}`, { generation: FRESH, isRepeating: false });
    if (effect.type === 'cancel_ask') actor.timers.delete(`?${effect.key}`);
  }
  if (turn.state === null) actor.timers.clear();
}
