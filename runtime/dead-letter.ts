/**
 * What a dead letter says of itself, and how it goes back into the log. Pure.
 *
 * D1. A letter's id derives from its message's place in the log, and sorts by its time: found twice, it is one letter.
 * D2. Replay `n` of a letter is one message, however often it is sent: its key is kept by the commit that takes it.
 * D3. A replay that fails makes no new letter: the first one is open again.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import { formatAddress, parseAddress } from '#protocols/address.ts';
import { NO_TENANT } from '#protocols/dead-letter.ts';
import { Envelope, type ReplaySource, readEnvelope } from '#protocols/envelope.ts';
import { uuidFromTime } from '#protocols/ids.ts';
import type { BuriedLetter, DeadLetter, DueReplay, ReplayOutcome } from './store.ts';

const SUMMARY_CHARS_MAX = 300;

export interface LetterPlace {
  readonly partition: number;
  readonly generation: number;
  /** When the log took the message. */
  readonly atMs: number;
}

/** The letter as it is kept. */
export function bury(letter: DeadLetter, place: LetterPlace): BuriedLetter {
  const seed = `${place.partition}/${place.generation}/${letter.lane}/${letter.seq}`;
  const hint = hintOf(letter);
  return {
    ...letter,
    ...hint,
    id: uuidFromTime(place.atMs, hash('sha256', seed)),
    ...causeOf(letter, hint),
  };
}

/** The outcome of a replay whose message was set aside again; null where the letter is a first one. */
export function relapse(
  letter: DeadLetter,
): (ReplayOutcome & { source: ReplaySource; tenant: string }) | null {
  const envelope = readEnvelope(letter.body);
  if (envelope?.source.kind !== 'replay') return null;
  const { source } = envelope;
  const { reason, error, stateVersion } = letter;
  const cause = causeOf(letter, hintOf(letter));
  return {
    source,
    tenant: parseAddress(envelope.to).tenant,
    letter: source.letter,
    n: source.n,
    result: { type: 'failed', reason, error, stateVersion, ...cause },
  };
}

export function replayName({ letter, n }: Pick<DueReplay, 'letter' | 'n'>): string {
  return `${letter} ${n}`;
}

/** The message of a replay: a new one, caused by the one that failed. Null: the letter is no envelope. */
export function replayEnvelope({ letter, n, body }: DueReplay): Envelope | null {
  const failed = readEnvelope(body);
  if (!failed || failed.source.kind === 'replay' || failed.source.kind === 'cancel') return null;
  return {
    ...failed,
    id: `r.${letter}.${n}`,
    source: { kind: 'replay', letter, n, of: failed.source },
    cause: failed.id,
  };
}

/** An error without what differs from case to case: ids, numbers, what was quoted, where in the code. */
export function summarise(error: string): string {
  const text = error
    .split('\n')
    .filter((line) => !/^\s+at /.test(line))
    .join(' ')
    .trim();
  // In JSON what is quoted are names: which field is wrong is the cause, not a particular.
  const named = /^[[{]/.test(text) ? text : text.replace(/"[^"]*"|'[^']*'|`[^`]*`/g, '<text>');
  return named
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '<id>')
    .replace(/\b[a-z][a-z0-9-]*\/[a-z0-9-]+\/[A-Za-z0-9_-]+/g, '<address>')
    .replace(/\b(?:0x)?[0-9a-f]{16,}\b/gi, '<hex>')
    .replace(/\d+(?:\.\d+)?/g, '#')
    .slice(0, SUMMARY_CHARS_MAX);
}

const Hint = z.object({
  to: Envelope.shape.to.optional().catch(undefined),
  message: z
    .object({ type: z.string().max(64) })
    .optional()
    .catch(undefined),
});

/** Whom a message was for, as far as it can be read: it need not be an envelope. */
function hintOf({
  address,
  body,
}: DeadLetter): Pick<BuriedLetter, 'tenant' | 'actorType' | 'messageType' | 'address'> {
  const hint = Hint.safeParse(readJson(body));
  const messageType = hint.data?.message?.type ?? null;
  const to = address ?? hint.data?.to ?? null;
  if (to === null) return { tenant: NO_TENANT, actorType: null, messageType, address: null };
  const parsed = parseAddress(to);
  return { tenant: parsed.tenant, actorType: parsed.type, messageType, address: formatAddress(parsed) };
}

function causeOf(
  { reason, error }: DeadLetter,
  { actorType, messageType }: Pick<BuriedLetter, 'actorType' | 'messageType'>,
): Pick<BuriedLetter, 'group' | 'summary'> {
  const summary = summarise(error);
  const digest = hash('sha256', [reason, summary, actorType, messageType].join('\n'), 'hex');
  return { group: digest.slice(0, 16), summary };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No JSON: there is nothing to be read of it.
    return null;
  }
}
