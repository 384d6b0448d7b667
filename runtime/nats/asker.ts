/**
 * Commands by the log, replies by core NATS or by the committed row.
 *
 * C4. A publication without an answer is repeated under the same message id until the deadline; the log's duplicate
 *     window and the key make that harmless.
 * C5. A reply finds its callers by the id of their command, made of tenant, key and body: one key of two tenants, or
 *     with two bodies, is two commands.
 * C6. A key is looked up before its command is published: one that was committed long ago never comes into the log
 *     again, where only the commit would notice it, and its partition be read anew. New keys need no look.
 * C7. Where the log has the command from an earlier ask, that one may have been refused, at its deadline or by a
 *     suspended actor: without a reply after a while it is published again, under an id of its own.
 * C8. Taking back is published until the log has it, and waits for the verdict, a little longer than the command would.
 * C9. Past the bounds a command is refused before it is published (`admission.ts`), and so is one for which the stream
 *     has no room. A refusal says that nothing was done: not where an earlier publication may have been stored. What
 *     takes back is not refused.
 */
import { hash, randomUUID } from 'node:crypto';
import type { NatsConnection } from '@nats-io/transport-node';
import { formatAddress } from '#protocols/address.ts';
import type { Failure, FailureCode, Reply } from '#protocols/failure.ts';
import { partitionOf } from '#protocols/partition.ts';
import { replySubject, replyToOf } from '#protocols/subjects.ts';
import { Admission } from '../admission.ts';
import type { Command } from '../client.ts';
import type { Entry } from '../log.ts';
import type { Reads } from '../reads.ts';
import { ReplyLookups } from '../reply-lookups.ts';
import { cancelEntry, commandEntry, type Publication } from './command-entry.ts';
import { Gathered } from './gathered.ts';
import { hearLoads } from './loads.ts';
import { NotStored, Publisher } from './publisher.ts';

const PUBLISH_TIMEOUT_MS = 2_000;
const PUBLISH_PAUSE_MS = 200;
/** How long after publishing the committed row is first looked at; then twice as long each time. */
const LOOK_AFTER_MS = 500;
/** A verdict on what is taken back is waited for at least so long. */
const TAKE_BACK_WITHIN_MS = 5_000;
/** One timer for all that wait: deadlines are kept to this. */
const TICK_MS = 25;

/** A command under way. */
interface Asked {
  readonly command: Command;
  readonly to: string;
  readonly digest: string;
  deadlineMs: number;
  lookAtMs: number;
  lookWaitMs: number;
  /** Null while its key is looked up. */
  publication: Publication | null;
  /** What is published. */
  entry: Entry | null;
  /** When it shall be published (again); never while that is under way or done. */
  publishAtMs: number;
  /** Why the stream did not take it, where it never may have. */
  refusal: Failure | null;
  /** Was not refused before it was published. */
  isIn: boolean;
  mayBeStored: boolean;
  publications: number;
  /** When it is published under another id, since nobody answers to the first (C7). */
  anewAtMs: number;
  isTakenBack: boolean;
  stopListening(): void;
  readonly resolve: (reply: Reply) => void;
}

/** The replies of one commit to the commands of this process. */
type Answers = readonly { readonly id: string; readonly reply: Reply }[];

export class Asker {
  readonly #reads: Reads;
  readonly #lookups: ReplyLookups;
  readonly #publisher: Publisher;
  readonly #gathered: Gathered;
  readonly #inbox = replySubject(randomUUID());
  /** By the id of the command. */
  readonly #waiting = new Map<string, Set<Asked>>();
  readonly #admission = new Admission(Math.random);
  readonly #stopHearing: () => void;
  /** How many that were let in wait for each actor. */
  readonly #toActor = new Map<string, number>();
  #inAll = 0;
  readonly #subscription;
  #ticks: NodeJS.Timeout | null = null;

  constructor(connection: NatsConnection, reads: Reads) {
    this.#reads = reads;
    this.#lookups = new ReplyLookups((keys) => reads.replies(keys));
    this.#publisher = new Publisher(connection, PUBLISH_TIMEOUT_MS);
    this.#gathered = new Gathered(this.#publisher);
    this.#stopHearing = hearLoads(connection, (report) => this.#admission.hear(report, performance.now()));
    this.#subscription = connection.subscribe(this.#inbox, {
      callback: (error, message) => {
        if (!error) this.#hear(message.json<Answers>());
      },
    });
  }

  /** Rejects only where Postgres is away before the command was published. */
  ask(command: Command, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Reply> {
    const nowMs = performance.now();
    return new Promise((resolve, reject) => {
      const takeBack = () => this.#takeBack(asked);
      const asked: Asked = {
        command,
        to: formatAddress(command.to),
        digest: digestOf(command),
        deadlineMs: nowMs + command.timeoutMs,
        lookAtMs: nowMs + LOOK_AFTER_MS,
        lookWaitMs: LOOK_AFTER_MS,
        publication: null,
        entry: null,
        publishAtMs: Number.POSITIVE_INFINITY,
        refusal: null,
        isIn: false,
        mayBeStored: false,
        publications: 0,
        anewAtMs: Number.POSITIVE_INFINITY,
        isTakenBack: false,
        stopListening: () => signal?.removeEventListener('abort', takeBack),
        resolve,
      };
      this.#inAll++;
      this.#waiting.set(asked.digest, (this.#waiting.get(asked.digest) ?? new Set()).add(asked));
      this.#ticks ??= setInterval(() => this.#tick(), TICK_MS);
      if (signal?.aborted) takeBack();
      else signal?.addEventListener('abort', takeBack, { once: true });
      this.#begin(asked).catch((error: unknown) => {
        this.#forget(asked);
        reject(error);
      });
    });
  }

  stop(): void {
    this.#stopHearing();
    this.#subscription.unsubscribe();
    this.#publisher.stop();
  }

  async #begin(asked: Asked): Promise<void> {
    const { command, digest } = asked;
    const known = command.isNewKey ? null : await this.#knownReply(command);
    if (known) {
      this.#settle(asked, known);
      return;
    }
    const { partitionCount } = await this.#reads.cluster();
    // Its time may be over, or it was taken back: nobody but this ask can have published a new key.
    if (!this.#isWaiting(asked)) return;
    if (!asked.isTakenBack && !this.#letIn(asked, partitionCount)) return;
    const publication = { command, digest, replyTo: replyToOf(this.#inbox, digest), partitionCount };
    asked.publication = publication;
    asked.entry = asked.isTakenBack ? cancelEntry(publication) : commandEntry(publication, leftMs(asked));
    await this.#publish(asked, asked.entry);
  }

  async #publish(asked: Asked, entry: Entry): Promise<void> {
    asked.publishAtMs = Number.POSITIVE_INFINITY;
    asked.publications++;
    try {
      const { isDuplicate } = await this.#gathered.publish(entry);
      asked.mayBeStored = true;
      if (!isDuplicate) return;
      // Whoever asked before may have the answer already.
      asked.lookAtMs = 0;
      if (asked.publications === 1) asked.anewAtMs = performance.now() + LOOK_AFTER_MS;
    } catch (error) {
      if (error instanceof NotStored) this.#notStored(asked, error);
      else asked.mayBeStored = true;
      // The log did not say that it has it: say it again, the id makes that harmless.
      if (asked.entry === entry) asked.publishAtMs = performance.now() + PUBLISH_PAUSE_MS;
    }
  }

  /** Refuses it where too many wait already. */
  #letIn(asked: Asked, partitionCount: number): boolean {
    const { to, command } = asked;
    const entrance = { to, partition: partitionOf(command.to, partitionCount), lane: command.lane };
    const own = { ownToActor: this.#toActor.get(to) ?? 0, ownInAll: this.#inAll };
    const refused = this.#admission.refuse({ ...entrance, ...own }, performance.now());
    if (refused) {
      this.#settle(asked, { ok: false, failure: refused });
      return false;
    }
    asked.isIn = true;
    this.#count(to, 1);
    return true;
  }

  #notStored(asked: Asked, { isFull, message }: NotStored): void {
    if (asked.mayBeStored || asked.isTakenBack) return;
    const detail = `The log does not take messages now; nothing was done. (${message})`;
    asked.refusal = isFull ? this.#admission.logWasFull(performance.now()) : { code: 'NOT_READY', detail };
    if (isFull) this.#settle(asked, { ok: false, failure: asked.refusal });
  }

  async #publishAnew(asked: Asked): Promise<void> {
    asked.anewAtMs = Number.POSITIVE_INFINITY;
    if (!asked.publication || asked.isTakenBack) return;
    asked.entry = commandEntry(asked.publication, leftMs(asked), randomUUID());
    await this.#publish(asked, asked.entry);
  }

  #takeBack(asked: Asked): void {
    asked.isTakenBack = true;
    asked.anewAtMs = Number.POSITIVE_INFINITY;
    asked.deadlineMs = Math.max(asked.deadlineMs, performance.now() + TAKE_BACK_WITHIN_MS);
    if (asked.publication) {
      asked.entry = cancelEntry(asked.publication);
      asked.publishAtMs = 0;
    } else if (asked.command.isNewKey) {
      this.#settle(asked, refusal('CANCELLED', 'The request was taken back before it was sent'));
    }
  }

  #isWaiting(asked: Asked): boolean {
    return this.#waiting.get(asked.digest)?.has(asked) ?? false;
  }

  #hear(answers: Answers): void {
    for (const { id, reply } of answers) {
      for (const asked of this.#waiting.get(id) ?? []) this.#take(asked, reply);
    }
  }

  /** A refusal at a deadline may be that of an earlier ask: it is this one's only if the key has it. */
  #take(asked: Asked, reply: Reply): void {
    const isLate = !reply.ok && reply.failure.code === 'DEADLINE_EXCEEDED';
    if (!isLate || performance.now() >= asked.deadlineMs) this.#settle(asked, reply);
    else asked.lookAtMs = 0;
  }

  #tick(): void {
    const nowMs = performance.now();
    for (const waiters of this.#waiting.values()) {
      for (const asked of waiters) this.#attend(asked, nowMs);
    }
  }

  #attend(asked: Asked, nowMs: number): void {
    const { command, deadlineMs, entry } = asked;
    if (nowMs >= deadlineMs && asked.refusal && !asked.mayBeStored) {
      this.#settle(asked, { ok: false, failure: asked.refusal });
      return;
    }
    if (nowMs >= deadlineMs) {
      const detail = `No reply within ${command.timeoutMs} ms; the command may have been done. Repeat it with the same key.`;
      this.#settle(asked, refusal('DEADLINE_EXCEEDED', detail));
      return;
    }
    if (entry && nowMs >= asked.publishAtMs) void this.#publish(asked, entry);
    if (nowMs >= asked.anewAtMs) void this.#publishAnew(asked);
    if (nowMs >= asked.lookAtMs) void this.#look(asked);
  }

  async #look(asked: Asked): Promise<void> {
    asked.lookAtMs = Number.POSITIVE_INFINITY;
    const reply = await this.#knownReply(asked.command).catch(() => null);
    if (reply) this.#settle(asked, reply);
    asked.lookWaitMs *= 2;
    asked.lookAtMs = performance.now() + asked.lookWaitMs;
  }

  async #knownReply({ to, key, bodyHash }: Command): Promise<Reply | null> {
    const stored = await this.#lookups.find({ tenant: to.tenant, key });
    if (!stored) return null;
    if (stored.bodyHash === bodyHash) return stored.reply;
    return refusal('IDEMPOTENCY_KEY_REUSED', `The idempotency key ${key} was used for another request`);
  }

  #settle(asked: Asked, reply: Reply): void {
    this.#forget(asked);
    asked.resolve(reply);
  }

  #count(to: string, by: 1 | -1): void {
    const count = (this.#toActor.get(to) ?? 0) + by;
    if (count === 0) this.#toActor.delete(to);
    else this.#toActor.set(to, count);
  }

  #forget(asked: Asked): void {
    asked.stopListening();
    const waiters = this.#waiting.get(asked.digest);
    if (waiters?.delete(asked)) {
      this.#inAll--;
      if (asked.isIn) this.#count(asked.to, -1);
    }
    if (waiters?.size === 0) this.#waiting.delete(asked.digest);
    if (this.#waiting.size > 0 || !this.#ticks) return;
    clearInterval(this.#ticks);
    this.#ticks = null;
  }
}

function leftMs({ deadlineMs }: Asked): number {
  return Math.max(0, Math.ceil(deadlineMs - performance.now()));
}

function digestOf({ to, key, bodyHash }: Command): string {
  return hash('sha256', `${to.tenant}\n${key}\n${bodyHash}`);
}

function refusal(code: FailureCode, detail: string): Reply {
  return { ok: false, failure: { code, detail } };
}
