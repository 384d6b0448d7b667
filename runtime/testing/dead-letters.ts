/** Dead letters, in memory: the same promises as in Postgres (O1 to O3), one call after the other. */
import { LetterStatus, NO_TENANT } from '#protocols/dead-letter.ts';
import type { Reply } from '#protocols/failure.ts';
import type { Clock } from '../clock.ts';
import { replayName } from '../dead-letter.ts';
import {
  type DeadLetters,
  decideAct,
  type Letter,
  type LetterActRecord,
  type LetterActRequest,
  type LetterFilter,
  type LetterGroup,
  type LetterOutcome,
  type LetterQuery,
  type LetterSummary,
  notFound,
  REUSED_KEY,
} from '../dead-letters.ts';
import type { BuriedLetter, DueReplay, KeyedReply, ReplayOutcome } from '../store.ts';

/** Replies under their keys, shared with whoever else keeps them. */
export interface KeptReplies {
  find(key: { tenant: string; key: string }): KeyedReply | null;
  keep(reply: KeyedReply): void;
}

export interface StoredLetter extends BuriedLetter {
  readonly partition: number;
  readonly generation: number;
  readonly status: Letter['status'];
  readonly version: number;
  readonly replays: number;
  readonly edited: string | null;
  readonly outcome: LetterOutcome | null;
  readonly atMs: number;
  readonly changedAtMs: number;
  readonly acts: readonly LetterActRecord[];
}

export class MemoryDeadLetters implements DeadLetters {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #replies: KeptReplies;
  readonly #letters = new Map<string, StoredLetter>();

  constructor(options: { clock: Pick<Clock, 'now'>; replies: KeptReplies }) {
    this.#clock = options.clock;
    this.#replies = options.replies;
  }

  get rows(): StoredLetter[] {
    return [...this.#letters.values()];
  }

  /** As a commit writes it; one that is there stays. */
  bury(letter: BuriedLetter, place: { partition: number; generation: number }): void {
    if (this.#letters.has(letter.id)) return;
    const nowMs = this.#clock.now();
    this.#letters.set(letter.id, {
      ...letter,
      ...place,
      status: 'open',
      version: 1,
      replays: 0,
      edited: null,
      outcome: null,
      atMs: nowMs,
      changedAtMs: nowMs,
      acts: [],
    });
  }

  /** As a commit writes it: only the replay that is under way. */
  endReplay({ letter: id, n, result }: ReplayOutcome): void {
    const letter = this.#letters.get(id);
    if (letter?.status !== 'replaying' || letter.replays !== n) return;
    const { type, ...cause } = result.type === 'failed' ? result : { type: result.type };
    const outcome = { n, type, reply: result.type === 'applied' ? result.reply : null };
    this.#change({ ...letter, ...cause, status: type === 'failed' ? 'open' : 'replayed', outcome });
  }

  dueReplays(partitions: readonly number[], except: readonly string[], limit: number): DueReplay[] {
    return this.rows
      .filter(({ status, partition }) => status === 'replaying' && partitions.includes(partition))
      .filter(({ id, replays }) => !except.includes(replayName({ letter: id, n: replays })))
      .sort((a, b) => a.changedAtMs - b.changedAtMs)
      .slice(0, limit)
      .map(({ id, replays, edited, body }) => ({ letter: id, n: replays, body: edited ?? body }));
  }

  /** Deletes those that were dealt with before this. */
  forget(beforeMs: number): void {
    for (const { id, status, changedAtMs } of this.rows) {
      if ((status === 'replayed' || status === 'dropped') && changedAtMs < beforeMs) this.#letters.delete(id);
    }
  }

  async list(query: LetterQuery): Promise<LetterSummary[]> {
    return this.#matching(query)
      .filter(({ id }) => query.beforeId === undefined || id < query.beforeId)
      .sort((a, b) => (a.id < b.id ? 1 : -1))
      .slice(0, query.limit)
      .map(toSummary);
  }

  async groups(query: LetterFilter & { limit: number }): Promise<LetterGroup[]> {
    return [...Map.groupBy(this.#matching(query), ({ group }) => group).values()]
      .map(toGroup)
      .sort((a, b) => b.counts.open - a.counts.open || b.lastAtMs - a.lastAtMs)
      .slice(0, query.limit);
  }

  async get(tenant: string, id: string): Promise<Letter | null> {
    const stored = this.#find(tenant, id);
    if (!stored) return null;
    const { error, body, edited, outcome, acts } = stored;
    return structuredClone({ ...toSummary(stored), error, body, edited, outcome, acts });
  }

  async act(request: LetterActRequest): Promise<Reply> {
    const { tenant, keyed } = request;
    const known = keyed && this.#replies.find({ tenant, key: keyed.key });
    if (known) return known.bodyHash === keyed.bodyHash ? known.reply : REUSED_KEY;
    const reply = this.#actOn(request);
    if (keyed) this.#replies.keep({ tenant, ...keyed, reply });
    return reply;
  }

  async recall(key: { tenant: string; key: string }): Promise<KeyedReply | null> {
    return this.#replies.find(key);
  }

  async keep(reply: KeyedReply): Promise<void> {
    if (!this.#replies.find(reply)) this.#replies.keep(reply);
  }

  #actOn(request: LetterActRequest): Reply {
    const { tenant, id, act, by, reason } = request;
    const letter = this.#find(tenant, id);
    if (!letter) return { ok: false, failure: notFound(id) };
    const change = decideAct(letter, request);
    if ('code' in change) return { ok: false, failure: change };
    const { before, ...changed } = change;
    const version = letter.version + 1;
    const done = { act: act.type, version, by, reason, before, atMs: this.#clock.now() };
    this.#change({ ...letter, ...changed, acts: [...letter.acts, done] });
    return { ok: true, value: { id, version } };
  }

  #change(letter: StoredLetter): void {
    this.#letters.set(letter.id, { ...letter, version: letter.version + 1, changedAtMs: this.#clock.now() });
  }

  #find(tenant: string, id: string): StoredLetter | null {
    const letter = this.#letters.get(id);
    return letter && (letter.tenant === tenant || letter.tenant === NO_TENANT) ? letter : null;
  }

  #matching({ tenant, status, reason, address, actorType, group }: LetterFilter): StoredLetter[] {
    return this.rows.filter(
      (letter) =>
        letter.tenant === tenant &&
        (status === undefined || status.includes(letter.status)) &&
        (reason === undefined || reason.includes(letter.reason)) &&
        (address === undefined || letter.address === address) &&
        (actorType === undefined || letter.actorType === actorType) &&
        (group === undefined || letter.group === group),
    );
  }
}

function toGroup(letters: readonly StoredLetter[]): LetterGroup {
  const [first] = letters;
  const times = letters.map(({ atMs }) => atMs);
  const count = (status: Letter['status']) => letters.filter((letter) => letter.status === status).length;
  const counts = Object.fromEntries(LetterStatus.options.map((status) => [status, count(status)]));
  return {
    group: first?.group ?? '',
    reason: first?.reason ?? '',
    summary: first?.summary ?? '',
    actorType: first?.actorType ?? null,
    messageType: first?.messageType ?? null,
    counts: counts as LetterGroup['counts'], // Of every status, just now.
    firstAtMs: Math.min(...times),
    lastAtMs: Math.max(...times),
  };
}

function toSummary(letter: StoredLetter): LetterSummary {
  const { generation: _, error: __, body: ___, edited, outcome: ____, acts: _____, ...summary } = letter;
  return { ...summary, isEdited: edited !== null };
}
