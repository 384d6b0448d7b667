/**
 * From the bytes of a partition's log to what shall become of each message. Pure but for the inbound counters.
 *
 * I1. Every message gets a fate: a turn, a repeat, a refusal, a gap, or a dead letter with its
 *     reason. None is dropped in silence.
 */
import type { ActorKind } from '#protocols/actor.ts';
import { formatAddress, parseAddress } from '#protocols/address.ts';
import { decodeEnvelope, type Envelope, keyOf } from '#protocols/envelope.ts';
import { partitionOf } from '#protocols/partition.ts';
import type { Lane } from '#protocols/subjects.ts';
import { isOrderId } from '#protocols/supervision.ts';
import type { Counters } from './counters.ts';
import type { Fate, Item } from './item.ts';
import type { Delivery } from './log.ts';
import type { Counter, DeadLetter, KeyedReply } from './store.ts';
import type { KeptMail } from './supervision.ts';

export interface IntakeContext {
  readonly partition: number;
  readonly generation: number;
  readonly counters: Counters;
  readonly kinds: ReadonlyMap<string, ActorKind>;
  readonly partitionCount: number;
  /** By the log, as its owner knows it: what it decides by that goes into the batch. */
  readonly nowMs: number;
  /** The reply under a key whose commit is still to come. */
  known(tenant: string, key: string): KeyedReply | undefined;
}

const decoder = new TextDecoder();

/** Decides the fate of each message of a round, in log order. */
export function sortMessages(
  deliveries: readonly { lane: Lane; delivery: Delivery }[],
  context: IntakeContext,
): Item[] {
  const keys = new Set<string>();
  return deliveries.map(({ lane, delivery }) => ({
    id: delivery.id,
    place: { generation: context.generation, lane, seq: delivery.seq, atMs: delivery.atMs },
    size: delivery.bytes.length,
    fate: decide(delivery, { lane, keys, context }),
    outcome: null,
    supervised: null,
    keptAs: null,
    body: () => decoder.decode(delivery.bytes),
  }));
}

export interface Keyed {
  readonly tenant: string;
  readonly key: string;
  readonly envelope: Envelope;
}

/** What a message will be known by once it is applied; null where that is no key. */
export function keyedOf(fate: Fate): Keyed | null {
  const isNew = fate.type === 'turn' || fate.type === 'cancel' || fate.type === 'dead';
  const envelope = isNew ? fate.envelope : null;
  const keyed = envelope && keyOf(envelope.source);
  return keyed && envelope ? { tenant: parseAddress(envelope.to).tenant, key: keyed.key, envelope } : null;
}

/** Mail that was kept, as it comes back: its counter was moved when it was kept. */
export function sortKept(mail: readonly KeptMail[], kinds: IntakeContext['kinds']): Item[] {
  return mail.map(({ n, generation, lane, seq, atMs, address, body }) => {
    const bytes = Buffer.from(body);
    const decoded = decodeEnvelope(bytes);
    const kind = kinds.get(address.type);
    const fault = decoded.ok ? `no actor kind is called ${address.type}` : decoded.fault;
    return {
      id: `kept.${n}`,
      place: { generation, lane, seq, atMs },
      size: bytes.length,
      fate:
        decoded.ok && kind
          ? { type: 'turn', envelope: decoded.envelope, address, kind, counter: null }
          : dead('unknown_type', fault, { address: formatAddress(address) }),
      outcome: null,
      supervised: null,
      keptAs: n,
      body: () => body,
    };
  });
}

function decide(delivery: Delivery, round: { lane: Lane; keys: Set<string>; context: IntakeContext }): Fate {
  const { context } = round;
  const decoded = decodeEnvelope(delivery.bytes);
  if (!decoded.ok) return dead('malformed', decoded.fault, { address: null });
  const { envelope } = decoded;
  const address = parseAddress(envelope.to);
  const replayed = envelope.source.kind === 'replay' ? envelope : null;
  if (partitionOf(address, context.partitionCount) !== context.partition) {
    const error = `${envelope.to} does not live in partition ${context.partition}`;
    return dead('misrouted', error, { address: envelope.to, envelope: replayed });
  }
  const { source } = envelope;
  if (source.kind === 'command' && source.supervise && !isOrderId(delivery.id)) {
    return dead('malformed', 'an order that does not say so in its id', { address: envelope.to });
  }
  let counter: Counter | null = null;
  if (source.kind === 'effect') {
    const taken = context.counters.take(source.partition, round.lane, source.n);
    if (taken.verdict !== 'next') return { type: taken.verdict === 'repeat' ? 'duplicate' : 'gap' };
    counter = taken.counter;
  }
  const kind = context.kinds.get(address.type);
  const keyed = kind || replayed ? keyOf(source) : null;
  if (keyed) {
    const key = `${address.tenant}/${keyed.key}`;
    const stored = context.known(address.tenant, keyed.key) ?? null;
    if (stored || (round.keys.has(key) && source.kind !== 'cancel'))
      return { type: 'repeat', envelope, stored };
    if (source.kind === 'command' && source.withinMs !== undefined) {
      if (context.nowMs - delivery.atMs > source.withinMs) return { type: 'expired', envelope };
    }
    round.keys.add(key);
  }
  if (!kind) {
    const error = `no actor kind is called ${address.type}`;
    return dead('unknown_type', error, { address: envelope.to, counter, envelope: replayed });
  }
  if (source.kind === 'cancel') return { type: 'cancel', envelope, address };
  return { type: 'turn', envelope, address, kind, counter };
}

function dead(
  reason: DeadLetter['reason'],
  error: string,
  message: { address: string | null; counter?: Counter | null; envelope?: Envelope | null },
): Fate {
  const { address, counter = null, envelope = null } = message;
  return { type: 'dead', letter: { reason, error, address, stateVersion: null }, counter, envelope };
}
