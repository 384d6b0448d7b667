/**
 * What people do with dead letters, as a port: look, edit, replay, drop.
 *
 * O1. An act is one transaction: the letter is changed, the act written down, and its answer kept under the caller's key.
 * O2. Of two who ask for the same at once one is refused: a letter that is replayed is not open. An owner of its
 *     partition sends it until its outcome is committed (`replays.ts`).
 * O3. What came is kept as it was; what is sent instead stands beside it.
 */
import { parseAddress } from '#protocols/address.ts';
import type { LetterStatus } from '#protocols/dead-letter.ts';
import { Envelope, type Message, readEnvelope } from '#protocols/envelope.ts';
import { type Failure, type Reply, toFaults } from '#protocols/failure.ts';
import { LIMITS } from '#protocols/limits.ts';
import type { BuriedLetter, KeyedReply } from './store.ts';

export interface LetterSummary
  extends Pick<
    BuriedLetter,
    | 'id'
    | 'tenant'
    | 'address'
    | 'actorType'
    | 'messageType'
    | 'reason'
    | 'group'
    | 'summary'
    | 'stateVersion'
  > {
  readonly partition: number;
  readonly lane: string;
  readonly seq: number;
  readonly status: LetterStatus;
  /** Grows with each change. */
  readonly version: number;
  readonly replays: number;
  readonly isEdited: boolean;
  readonly atMs: number;
  readonly changedAtMs: number;
}

export interface LetterActRecord {
  readonly act: string;
  /** The letter's version after it. */
  readonly version: number;
  readonly by: string;
  readonly reason: string;
  /** Of an edit: what would have been sent before it. */
  readonly before: string | null;
  readonly atMs: number;
}

/** What became of the last replay. */
export interface LetterOutcome {
  readonly n: number;
  readonly type: 'applied' | 'ignored' | 'failed';
  readonly reply: Reply | null;
}

export interface Letter extends LetterSummary {
  readonly error: string;
  /** The message as it came. */
  readonly body: string;
  /** The envelope that is sent instead, as JSON. */
  readonly edited: string | null;
  readonly outcome: LetterOutcome | null;
  /** Oldest first. */
  readonly acts: readonly LetterActRecord[];
}

export interface LetterFilter {
  /** Or `NO_TENANT`: those that name no address. */
  readonly tenant: string;
  readonly status?: readonly LetterStatus[];
  readonly reason?: readonly string[];
  readonly address?: string;
  readonly actorType?: string;
  readonly group?: string;
}

export interface LetterQuery extends LetterFilter {
  /** Newest first, those before this id. */
  readonly beforeId?: string;
  readonly limit: number;
}

export interface LetterGroup {
  readonly group: string;
  readonly reason: string;
  readonly summary: string;
  readonly actorType: string | null;
  readonly messageType: string | null;
  readonly counts: Readonly<Record<LetterStatus, number>>;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

export type LetterAct =
  /** Another message, and where it is to go to: left out where what came says so. Who said it stays. */
  | { readonly type: 'edit'; readonly message: Message; readonly to?: string }
  | { readonly type: 'replay' }
  | { readonly type: 'drop' };

export interface LetterActRequest {
  readonly tenant: string;
  readonly id: string;
  readonly act: LetterAct;
  readonly reason: string;
  readonly by: string;
  /** The version that the caller read; null: whatever is there. */
  readonly version: number | null;
  /** Under which the answer is kept; null: it is not. */
  readonly keyed: Pick<KeyedReply, 'key' | 'bodyHash'> | null;
}

export interface DeadLetters {
  /** By the time of their messages, newest first. */
  list(query: LetterQuery): Promise<LetterSummary[]>;
  /** The largest groups of open letters first. */
  groups(query: LetterFilter & { readonly limit: number }): Promise<LetterGroup[]>;
  /** One of this tenant, or one that names none. */
  get(tenant: string, id: string): Promise<Letter | null>;
  /** The answer's value is `{id, version}`. */
  act(request: LetterActRequest): Promise<Reply>;
  /** The answer that is kept under a key. */
  recall(key: { readonly tenant: string; readonly key: string }): Promise<KeyedReply | null>;
  /** Keeps an answer under its key, if none is there yet. */
  keep(reply: KeyedReply): Promise<void>;
}

export function notFound(id: string): Failure {
  return { code: 'NOT_FOUND', detail: `there is no dead letter ${id}` };
}

export const REUSED_KEY: Reply = {
  ok: false,
  failure: { code: 'IDEMPOTENCY_KEY_REUSED', detail: 'this idempotency key was used for another request' },
};

export interface LetterChange {
  readonly status: LetterStatus;
  readonly replays: number;
  readonly edited: string | null;
  /** What the act's record keeps of what was before. */
  readonly before: string | null;
}

export type ActedLetter = Pick<Letter, 'id' | 'status' | 'version' | 'replays' | 'body' | 'edited'>;

/** What an act makes of a letter, or why it can't be. Pure. */
export function decideAct(
  letter: ActedLetter,
  { act, version, tenant }: Pick<LetterActRequest, 'act' | 'version' | 'tenant'>,
): LetterChange | Failure {
  if (version !== null && version !== letter.version) {
    const detail = `letter ${letter.id} has version ${letter.version}, not ${version}`;
    return { code: 'VERSION_CONFLICT', detail, current_version: letter.version };
  }
  if (letter.status !== 'open') {
    const detail = `letter ${letter.id} is ${letter.status}: only an open one can be edited, replayed or dropped`;
    return { code: 'INVALID_TRANSITION', detail, current_state: letter.status, allowed: [] };
  }
  const { status, replays, edited } = letter;
  switch (act.type) {
    case 'edit': {
      const envelope = editedEnvelope(letter, act, tenant);
      if ('code' in envelope) return envelope;
      return { status, replays, edited: JSON.stringify(envelope), before: edited ?? letter.body };
    }
    case 'replay':
      return checkReplay(letter) ?? { status: 'replaying', replays: replays + 1, edited, before: null };
    case 'drop':
      return { status: 'dropped', replays, edited, before: null };
  }
}

function checkReplay(letter: ActedLetter): Failure | null {
  if (letter.replays >= LIMITS.replaysPerLetterMax) {
    const detail = `letter ${letter.id} was replayed ${letter.replays} times, which is the most; it can be dropped`;
    return { code: 'INVALID_TRANSITION', detail, current_state: 'open', allowed: ['drop'] };
  }
  const envelope = readEnvelope(letter.edited ?? letter.body);
  if (envelope?.source.kind === 'cancel') {
    const detail = `what came in letter ${letter.id} takes a request back, and is no message of its own`;
    return { code: 'INVALID_TRANSITION', detail, current_state: 'open', allowed: ['drop'] };
  }
  if (envelope) return null;
  const detail = `what came in letter ${letter.id} is no envelope: edit it first`;
  return { code: 'INVALID_TRANSITION', detail, current_state: 'open', allowed: ['edit', 'drop'] };
}

function editedEnvelope(
  { id, body, edited }: ActedLetter,
  act: Extract<LetterAct, { type: 'edit' }>,
  tenant: string,
): Envelope | Failure {
  const before = readEnvelope(edited ?? body);
  const to = act.to ?? before?.to;
  if (to === undefined) return refusedEdit('to', 'what came is no envelope: say whom the message is for');
  const made = { id: `dead.${id}`, root: `dead.${id}`, source: { kind: 'system' } };
  const parsed = Envelope.safeParse({ ...(before ?? made), to, message: act.message });
  if (!parsed.success) {
    return { code: 'VALIDATION_FAILED', detail: 'that can not be sent', errors: toFaults(parsed.error) };
  }
  const envelope = parsed.data;
  if (parseAddress(envelope.to).tenant !== tenant) return refusedEdit('to', 'belongs to another tenant');
  if (Buffer.byteLength(JSON.stringify(envelope)) > LIMITS.messageBytesMax) {
    return { code: 'PAYLOAD_TOO_LARGE', detail: `a message has at most ${LIMITS.messageBytesMax} bytes` };
  }
  return envelope;
}

function refusedEdit(path: string, message: string): Failure {
  return {
    code: 'VALIDATION_FAILED',
    detail: `The letter can't be edited so: ${message}.`,
    errors: [{ path, message }],
  };
}
