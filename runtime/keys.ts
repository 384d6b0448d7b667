/**
 * Idempotency keys in one partition: repeats answered as the first was, commands refused that come too late, commands
 * taken back before their turn.
 *
 * D1. What is refused at its deadline leaves its key free: nothing was done under it, and a repeat may be.
 * D2. Taking back writes the reply CANCELLED under the key, whether or not the command is there yet. So it is never
 *     done afterwards, by whichever owner: a key has one reply.
 * D3. What was done before it is taken back stays done; whoever took it back gets its reply.
 * D4. Each command or replay without a turn is told to the store in the batch that passes it: the reason is a clock or a key that
 *     may be another partition's, and whoever folds the log must do the same.
 */
import type { Failure, Reply } from '#protocols/failure.ts';
import type { OpenBatch } from './batch.ts';
import { type Keyed, keyedOf } from './intake.ts';
import type { Fate, Item } from './item.ts';
import type { KeyedReply, Store } from './store.ts';

/** Marks are a short cut: without one the commit finds the key (S3), and the partition is read again. */
const MARKS_MAX = 4_096;

const EXPIRED: Failure = {
  code: 'DEADLINE_EXCEEDED',
  detail: 'The deadline had passed before the turn of the request came. Repeat it with the same key.',
};
const CANCELLED: Failure = {
  code: 'CANCELLED',
  detail:
    'The request was taken back before its turn came: it was not done, and never will be under its key.',
};

type Known = (tenant: string, key: string) => KeyedReply | undefined;

export class Keys {
  readonly #store: Pick<Store, 'findReplies'>;
  /** Replies of commands that were taken back, the latest. */
  readonly #marks = new Map<string, KeyedReply>();

  constructor(store: Pick<Store, 'findReplies'>) {
    this.#store = store;
  }

  /** The reply of a command that was taken back here. */
  marked(tenant: string, key: string): KeyedReply | undefined {
    return this.#marks.get(`${tenant}/${key}`);
  }

  /** Looks up the keys of all commands, or of those that may have been known before; the known become repeats. */
  async lookUp(items: readonly Item[], isCareful: boolean): Promise<void> {
    const wanted = new Map<Item, Keyed>();
    for (const item of items) {
      const keyed = keyToLookUp(item.fate, isCareful);
      if (keyed) wanted.set(item, keyed);
    }
    if (wanted.size === 0) return;
    const found = new Map(
      (await this.#store.findReplies([...wanted.values()])).map((reply) => [nameOf(reply), reply]),
    );
    for (const [item, keyed] of wanted) {
      const stored = found.get(nameOf(keyed));
      if (stored) item.fate = { type: 'repeat', envelope: keyed.envelope, stored };
    }
  }

  /** Gathers what has no turn because of its key or its deadline. */
  gather({ fate, place }: Item, batch: OpenBatch, known: Known): void {
    switch (fate.type) {
      case 'expired':
        batch.skip({ lane: place.lane, seq: place.seq, reason: 'expired' });
        answer(fate, batch, { ok: false, failure: EXPIRED });
        return;
      case 'cancel': {
        if (answerAsBefore(fate, batch, known)) return;
        const kept = batch.addReply(fate.envelope, { ok: false, failure: CANCELLED });
        if (kept) this.#mark(kept);
        return;
      }
      case 'repeat': {
        const first = answerAsBefore(fate, batch, known);
        if (fate.envelope.source.kind === 'cancel') return;
        const isTakenBack = first && !first.reply.ok && first.reply.failure.code === 'CANCELLED';
        const reason = isTakenBack ? 'cancelled' : 'repeated';
        batch.skip({ lane: place.lane, seq: place.seq, reason });
        return;
      }
      default:
        return;
    }
  }

  #mark(kept: KeyedReply): void {
    const oldest = this.#marks.keys().next().value;
    if (this.#marks.size >= MARKS_MAX && oldest !== undefined) this.#marks.delete(oldest);
    this.#marks.set(nameOf(kept), kept);
  }
}

function keyToLookUp(fate: Fate, isCareful: boolean): Keyed | null {
  const keyed = keyedOf(fate);
  if (!keyed) return null;
  const { source } = keyed.envelope;
  const isDoubtful = isCareful || source.kind === 'cancel' || (source.kind === 'command' && source.again);
  return isDoubtful ? keyed : null;
}

/** Answers with the reply that the key has, if it has one: the same, or that it was used for something else. */
function answerAsBefore(
  fate: Extract<Fate, { type: 'repeat' | 'cancel' }>,
  batch: OpenBatch,
  known: Known,
): KeyedReply | undefined {
  const { source, to } = fate.envelope;
  if (source.kind !== 'command' && source.kind !== 'cancel') return undefined;
  const stored = (fate.type === 'repeat' && fate.stored) || known(to.split('/')[1] ?? '', source.key);
  if (!stored) return undefined;
  const detail = `The idempotency key ${source.key} was used for another request`;
  const reused: Reply = { ok: false, failure: { code: 'IDEMPOTENCY_KEY_REUSED', detail } };
  answer(fate, batch, stored.bodyHash === source.bodyHash ? stored.reply : reused);
  return stored;
}

function answer(
  { envelope: { source } }: Extract<Fate, { type: 'expired' | 'repeat' | 'cancel' }>,
  batch: OpenBatch,
  reply: Reply,
): void {
  if (source.kind !== 'command' && source.kind !== 'cancel') return;
  if (source.replyTo !== undefined) batch.answer({ replyTo: source.replyTo, key: source.key, reply });
}

function nameOf({ tenant, key }: { tenant: string; key: string }): string {
  return `${tenant}/${key}`;
}
