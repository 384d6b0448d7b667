/**
 * State is the fold of the log (I5): reads what each commit took from the log through the handlers a second time, by
 * rules of its own, and compares what comes out with what was written, byte for byte.
 *
 * Z1. Holds while nothing was taken from the log behind the partitions' backs; from then on it looks no more.
 * Z2. The lanes of one commit are read one after the other: the kinds here are made so that it makes no difference.
 * Z3. Where an actor's supervision changed within a commit, the commit says which messages found it suspended; whether it
 *     had to change, and what became of the mail that was kept, is looked at here.
 */
import type { ActorKind, Turn } from '#protocols/actor.ts';
import { formatAddress, parseAddress } from '#protocols/address.ts';
import { decodeEnvelope, type Envelope, keyOf, originOf } from '#protocols/envelope.ts';
import { LIMITS } from '#protocols/limits.ts';
import { LANES, type Lane } from '#protocols/subjects.ts';
import type { Delivery } from '#runtime/log.ts';
import type { Batch, PartitionRow } from '#runtime/store.ts';
import type { SupervisedRow } from '#runtime/supervision.ts';
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
  status: SupervisedRow['status'];
  /** When its faults were since it was last let go on. */
  faults: number[];
  readonly kept: Kept[];
  /** Number of the newest message that was kept. */
  lastKept: number;
}

/** What is known of the commit that is followed. */
interface Folding {
  readonly partition: Partition;
  readonly touched: Set<string>;
  /** Actors that were ordered about. */
  readonly ordered: Set<string>;
  readonly changed: ReadonlySet<string>;
  /** Places of the messages that it keeps. */
  readonly kept: ReadonlySet<string>;
  /** Keys that it answers. */
  readonly replied: ReadonlySet<string>;
}

interface Kept {
  readonly n: number;
  readonly envelope: Envelope;
  readonly atMs: number;
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
    const folding: Folding = {
      partition,
      touched: new Set(),
      ordered: new Set(),
      changed: new Set(batch.supervised.map(({ address }) => formatAddress(address))),
      kept: new Set(batch.mailKept.map(({ lane, seq }) => `${lane}/${seq}`)),
      replied: new Set(batch.replies.map(({ key }) => key)),
    };
    // Kept mail is taken by itself, before anything else of its commit.
    for (const taken of batch.mailTaken) this.#takeKept(partition, formatAddress(taken.address), taken.n);
    const skipped = new Set(batch.skipped.map(({ lane, seq }) => `${lane}/${seq}`));
    for (const lane of LANES) {
      const [from, to] =
        lane === 'data' ? [before.cursor, batch.cursor] : [before.controlCursor, batch.controlCursor];
      for (const message of this.#log.messages(lane, batch.partition)) {
        if (message.seq <= from.seq || message.seq > to.seq) continue;
        if (skipped.has(`${lane}/${message.seq}`)) this.#pass(message);
        else this.#take(folding, lane, message);
      }
    }
    this.#compare(partition, batch, folding.touched);
    for (const row of batch.supervised) this.#compareSupervised(folding, row);
  }

  #take(folding: Folding, lane: Lane, message: Delivery): void {
    this.messages++;
    const decoded = decodeEnvelope(message.bytes);
    if (!decoded.ok) return;
    const { envelope } = decoded;
    const { partition } = folding;
    const kind = this.#kinds.get(parseAddress(envelope.to).type);
    const actor = partition.actors.get(envelope.to) ?? newActor();
    const isHeld = isHeldBack(actor, folding, { envelope, place: `${lane}/${message.seq}` });
    if (isHeld && keyOf(envelope.source)) return;
    if (!isNew(envelope, lane, { partition, actor }) || !kind) return;
    partition.actors.set(envelope.to, actor);
    if (envelope.source.kind === 'command' && envelope.source.supervise) {
      folding.ordered.add(envelope.to);
      if (envelope.source.supervise.act !== 'suspend') actor.faults = [];
    } else if (isHeld) {
      actor.kept.push({ n: ++actor.lastKept, envelope, atMs: message.atMs });
    } else if (this.#turn(kind, actor, { envelope, atMs: message.atMs })) {
      folding.touched.add(envelope.to);
    }
  }

  /** Its kept mail is all there, and it is suspended by its faults or by an order, and by nothing else. */
  #compareSupervised({ partition, ordered }: Folding, row: SupervisedRow): void {
    const name = formatAddress(row.address);
    const actor = partition.actors.get(name) ?? newActor();
    if (row.kept !== actor.kept.length) {
      this.#onDifference(`${name} keeps ${row.kept} messages, not ${actor.kept.length}`);
    }
    const faultsMax = this.#kinds.get(row.address.type)?.faults.max ?? 0;
    const isOver = actor.faults.length > faultsMax;
    // Also in the midst of its kept mail: the rest of it is kept on.
    const mayFault = actor.status === 'active' || actor.status === 'resuming';
    const expected = mayFault && isOver ? 'suspended' : actor.status;
    if (!ordered.has(name) && row.status !== expected) {
      this.#onDifference(`${name} is ${row.status}, not ${expected}`);
    }
    actor.status = row.status;
    partition.actors.set(name, actor);
  }

  #takeKept(partition: Partition, name: string, upTo: number): void {
    const actor = partition.actors.get(name);
    const kind = this.#kinds.get(parseAddress(name).type);
    if (actor?.status !== 'resuming' || !kind) {
      this.#onDifference(`${name} is ${actor?.status} and takes mail that was kept`);
      return;
    }
    const mail = actor.kept.splice(0, actor.kept.filter(({ n }) => n <= upTo).length);
    for (const { envelope, atMs } of mail) {
      const { source, answer } = envelope;
      const mark = source.kind === 'timer' ? source : answer && { ...answer, key: `?${answer.key}` };
      if (mark && actor.timers.get(mark.key)?.generation !== mark.generation) continue;
      this.#turn(kind, actor, { envelope, atMs });
    }
    if (actor.kept.length === 0 && actor.status === 'resuming') actor.status = 'active';
  }

  /** Whether there was a turn; a fault may suspend the actor instead. */
  #turn(kind: ActorKind, actor: Actor, message: { envelope: Envelope; atMs: number }): boolean {
    const { envelope, atMs } = message;
    const turn = handle(kind, actor.state, message);
    if (turn === 'fault') {
      const { max, withinMs } = kind.faults;
      actor.faults = [...actor.faults.filter((at) => atMs - at < withinMs), atMs].slice(-max - 1);
    }
    if (turn === 'fault' || turn === 'refused') {
      goOn(actor, envelope);
      return false;
    }
    settle(actor, turn, envelope);
    return true;
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

function newActor(): Actor {
  return { state: null, timers: new Map(), status: 'active', faults: [], kept: [], lastKept: 0 };
}

/**
 * Whether a message found its actor suspended. Where that changed within a commit only the commit says which messages
 * came before: what it keeps, and what it answered.
 */
function isHeldBack(
  { status }: Actor,
  { changed, kept, replied }: Folding,
  { envelope: { to, source }, place }: { envelope: Envelope; place: string },
): boolean {
  const isOrder = source.kind === 'command' && source.supervise !== undefined;
  if (isOrder || (status === 'active' && !changed.has(to))) return false;
  if (!changed.has(to)) return true;
  const keyed = keyOf(source);
  return keyed ? !replied.has(keyed.key) : kept.has(place);
}

/** What the handler says; refused, too, where it says more than an actor may hold. */
function handle(
  kind: ActorKind,
  state: unknown,
  { envelope, atMs }: { envelope: Envelope; atMs: number },
): Turn<unknown> | 'fault' | 'refused' {
  const self = parseAddress(envelope.to);
  const id = () => {
    throw new Error('the kinds here need no ids');
  };
  try {
    // Planned times are not folded: a beat looks only whether it comes before its own.
    const due = originOf(envelope.source).kind === 'timer' ? { dueMs: atMs } : {};
    const context = { self, now: atMs, messageId: envelope.id, by: envelope.source.kind, id, ...due };
    const turn = kind.handle(state, envelope.message, context);
    if ('code' in turn) return 'refused';
    const isTooLarge = turn.state !== state && JSON.stringify(turn.state).length > LIMITS.actorStateBytesMax;
    return isTooLarge ? 'refused' : turn;
  } catch {
    // A dead letter: nothing changes.
    return 'fault';
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
