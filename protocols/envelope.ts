/**
 * Envelopes: a message with its address, ids, source and cause, as it stands in a partition's log.
 *
 * E1. The source says why the message is there, and with it how a repeat is told from a new one:
 *     a command by its idempotency key, an effect by its number, a timer by its generation.
 *     A replayed dead letter has the source that it had at first inside, and is known by the letter and its replay.
 * E2. `cause` is the id of the message whose turn sent this one, `root` the id of the first of the chain.
 * E3. An ask carries all who wait for it, so that nobody asks one that waits for its own answer.
 */
import { z } from 'zod';
import { AddressText } from './address.ts';
import { LIMITS } from './limits.ts';
import { Supervise } from './supervision.ts';

export const Message = z.looseObject({ type: z.string().min(1).max(64) });
export type Message = z.infer<typeof Message>;

/** Whose command it is, and who waits for its reply. */
const Asked = {
  /** Idempotency key, one namespace a tenant. */
  key: z
    .string()
    .max(LIMITS.idempotencyKeyCharsMax)
    // What a database column or a subject would change on the way could never be found again.
    .regex(/^[\x21-\x7e]+$/, 'printable ASCII without spaces'),
  /** SHA-256 of what was asked: the same key with another body is refused. */
  bodyHash: z.string().regex(/^[0-9a-f]{64}$/),
  /** Core NATS subject on which the caller waits. */
  replyTo: z.string().optional(),
  /** Who asked: `user:…`, `agent:…`. */
  by: z.string(),
};

const CommandSource = z.object({
  kind: z.literal('command'),
  ...Asked,
  /** The deadline: not done any more when its turn comes so long after the log took it. */
  withinMs: z.number().nonnegative().optional(),
  /** It was published before and its fate is not known: its key is looked up before its turn. */
  again: z.literal(true).optional(),
  /** Not done where the actor is there with another version than these. */
  ifVersions: z.array(z.number().int().nonnegative()).min(1).max(64).optional(),
  /** An order to the runtime itself; the actor never sees it. */
  supervise: Supervise.optional(),
});

/** Takes back the command under the key, if it was not done yet. Its message is not given to the actor. */
const CancelSource = z.object({ kind: z.literal('cancel'), ...Asked });

const EffectSource = z.object({
  kind: z.literal('effect'),
  from: AddressText,
  partition: z.number().int().nonnegative(),
  /** Gapless per (source partition, target partition, lane), from 1. */
  n: z.number().int().positive(),
});

const TimerSource = z.object({ kind: z.literal('timer'), key: z.string(), generation: z.number().int() });

/** From the runtime itself: an agent's answer to a delivery, or its silence. Its receiver takes repeats. */
const SystemSource = z.object({ kind: z.literal('system') });

/** Why a message came at first; one that takes back is not given to an actor, and so never replayed. */
export const Origin = z.discriminatedUnion('kind', [CommandSource, EffectSource, TimerSource, SystemSource]);
export type Origin = z.infer<typeof Origin>;

/** A dead letter that a person sends again; `n` is the number of its replay, from 1. */
const ReplaySource = z.object({
  kind: z.literal('replay'),
  letter: z.uuid(),
  n: z.number().int().positive(),
  of: Origin,
});
export type ReplaySource = z.infer<typeof ReplaySource>;

export const Source = z.discriminatedUnion('kind', [...Origin.options, CancelSource, ReplaySource]);
export type Source = z.infer<typeof Source>;

const Answered = { key: z.string(), generation: z.number().int() };

export const Envelope = z.object({
  id: z.string().min(1).max(256),
  to: AddressText,
  message: Message,
  source: Source,
  cause: z.string().optional(),
  root: z.string(),
  /** The sender waits for the answer under `key`; `chain`: who waits, the sender last (E3). */
  ask: z.object({ ...Answered, chain: z.array(AddressText).min(1).max(LIMITS.askDepthMax) }).optional(),
  /** The message is the answer to what its receiver asked under `key`. */
  answer: z.object(Answered).optional(),
  /** W3C trace context. */
  trace: z.string().optional(),
});
export type Envelope = z.infer<typeof Envelope>;

/** What `source` was before it was replayed. */
export function originOf(source: Source): Exclude<Source, ReplaySource> {
  return source.kind === 'replay' ? source.of : source;
}

/** Who asked for it or which actor sent it; null: a timer, or the runtime itself. */
export function senderOf(source: Source): string | null {
  if (source.kind === 'cancel') return source.by;
  const origin = originOf(source);
  if (origin.kind === 'command') return origin.by;
  return origin.kind === 'effect' ? origin.from : null;
}

/** The key under which a message is known once it is applied, and its body's hash; null: known by something else. */
export function keyOf(source: Source): { key: string; bodyHash: string } | null {
  if (source.kind === 'command' || source.kind === 'cancel')
    return { key: source.key, bodyHash: source.bodyHash };
  // No caller's key reads so: those of HTTP begin with `http:`, those of agents with `eap:`.
  if (source.kind === 'replay') return { key: `replay:${source.letter}:${source.n}`, bodyHash: REPLAY_HASH };
  return null;
}

/** A replay's number stands for one body: it can't be edited while it is under way. */
const REPLAY_HASH = '0'.repeat(64);

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export function encodeEnvelope(envelope: Envelope): Uint8Array {
  return encoder.encode(JSON.stringify(envelope));
}

/** Takes bytes from the wire; says what is wrong with them rather than throwing. */
export function decodeEnvelope(
  bytes: Uint8Array,
): { ok: true; envelope: Envelope } | { ok: false; fault: string } {
  let body: unknown;
  try {
    body = JSON.parse(decoder.decode(bytes));
  } catch (error) {
    return { ok: false, fault: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  const parsed = Envelope.safeParse(body);
  return parsed.success
    ? { ok: true, envelope: parsed.data }
    : { ok: false, fault: z.prettifyError(parsed.error) };
}

/** The envelope that a text is, if it is one. */
export function readEnvelope(text: string): Envelope | null {
  const decoded = decodeEnvelope(encoder.encode(text));
  return decoded.ok ? decoded.envelope : null;
}
