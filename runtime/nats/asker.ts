/**
 * Commands by the log, replies by core NATS or by the committed row.
 *
 * C4. A publication without an answer is repeated under the same message id until the deadline; the log's duplicate
 *     window and the key make that harmless.
 * C5. A reply finds its callers by the id of their command, made of tenant, key and body: one key of two tenants, or
 *     with two bodies, is two commands.
 * C6. A key is looked up before its command is published: one that was committed long ago never comes into the log
 *     again, where only the commit would notice it, and its partition be read anew. New keys need no look.
 * C7. Past the bounds a command is refused before it is published (`admission.ts`), and so is one for which the stream
 *     has no room. A refusal says that nothing was done: not where an earlier publication may have been stored.
 * C8. A command that a suspended actor refused stands in the log without a reply: the same id said again would be
 *     dropped there, so after the actor was resumed it is said under another.
 */
import { hash, randomUUID } from 'node:crypto';
import type { NatsConnection } from '@nats-io/transport-node';
import { formatAddress } from '#protocols/address.ts';
import { encodeEnvelope } from '#protocols/envelope.ts';
import type { Failure, FailureCode, Reply } from '#protocols/failure.ts';
import { partitionOf } from '#protocols/partition.ts';
import { laneSubject, replySubject, replyToOf } from '#protocols/subjects.ts';
import { orderId, refuseSuspended } from '#protocols/supervision.ts';
import { Admission } from '../admission.ts';
import type { Command } from '../client.ts';
import type { Entry } from '../log.ts';
import type { Reads } from '../reads.ts';
import { ReplyLookups } from '../reply-lookups.ts';
import { Gathered } from './gathered.ts';
import { hearLoads } from './loads.ts';
import { NotStored, Publisher } from './publisher.ts';

const PUBLISH_TIMEOUT_MS = 2_000;
const PUBLISH_PAUSE_MS = 200;
/** How long after publishing the committed row is first looked at; then twice as long each time. */
const LOOK_AFTER_MS = 500;
/** One timer for all that wait: deadlines are kept to this. */
const TICK_MS = 25;

/** A command under way. */
interface Asked {
  readonly command: Command;
  readonly to: string;
  readonly digest: string;
  readonly deadlineMs: number;
  lookAtMs: number;
  lookWaitMs: number;
  /** What is published; null while its key is looked up. */
  entry: Entry | null;
  /** When it shall be published (again); never while that is under way or done. */
  publishAtMs: number;
  /** Why the stream did not take it, where it never may have. */
  refusal: Failure | null;
  /** Was not refused before it was published. */
  isIn: boolean;
  mayBeStored: boolean;
  /** The log had it already. */
  isDuplicate: boolean;
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
  ask(command: Command): Promise<Reply> {
    const nowMs = performance.now();
    return new Promise((resolve, reject) => {
      const asked: Asked = {
        command,
        to: formatAddress(command.to),
        digest: digestOf(command),
        deadlineMs: nowMs + command.timeoutMs,
        lookAtMs: nowMs + LOOK_AFTER_MS,
        lookWaitMs: LOOK_AFTER_MS,
        entry: null,
        publishAtMs: Number.POSITIVE_INFINITY,
        refusal: null,
        isIn: false,
        mayBeStored: false,
        isDuplicate: false,
        resolve,
      };
      this.#inAll++;
      this.#waiting.set(asked.digest, (this.#waiting.get(asked.digest) ?? new Set()).add(asked));
      this.#ticks ??= setInterval(() => this.#tick(), TICK_MS);
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
    // Its deadline may have come meanwhile.
    if (!this.#waiting.get(digest)?.has(asked)) return;
    const partition = partitionOf(command.to, partitionCount);
    const entrance = { to: asked.to, partition, lane: command.lane };
    const own = { ownToActor: this.#toActor.get(asked.to) ?? 0, ownInAll: this.#inAll };
    const refused = this.#admission.refuse({ ...entrance, ...own }, performance.now());
    if (refused) {
      this.#settle(asked, { ok: false, failure: refused });
      return;
    }
    asked.isIn = true;
    this.#count(asked.to, 1);
    const id = command.supervise ? orderId(digest) : `c.${digest}`;
    const bytes = encodeEnvelope({
      id,
      to: asked.to,
      message: command.message,
      source: {
        kind: 'command',
        key: command.key,
        bodyHash: command.bodyHash,
        replyTo: replyToOf(this.#inbox, digest),
        by: command.by,
        ...(command.supervise === undefined ? {} : { supervise: command.supervise }),
      },
      root: id,
      ...(command.trace === undefined ? {} : { trace: command.trace }),
    });
    const subject = laneSubject(command.lane, partition);
    asked.entry = { subject, id, bytes };
    await this.#publish(asked, asked.entry);
  }

  async #publish(asked: Asked, entry: Entry): Promise<void> {
    asked.publishAtMs = Number.POSITIVE_INFINITY;
    try {
      const { isDuplicate } = await this.#gathered.publish(entry);
      asked.mayBeStored = true;
      // Whoever asked before may have the answer already.
      asked.isDuplicate = isDuplicate;
      if (isDuplicate) asked.lookAtMs = 0;
    } catch (error) {
      if (error instanceof NotStored) this.#notStored(asked, error);
      else asked.mayBeStored = true;
      // The log did not say that it has it: say it again, the id makes that harmless.
      asked.publishAtMs = performance.now() + PUBLISH_PAUSE_MS;
    }
  }

  #notStored(asked: Asked, { isFull, message }: NotStored): void {
    if (asked.mayBeStored) return;
    const detail = `The log does not take messages now; nothing was done. (${message})`;
    asked.refusal = isFull ? this.#admission.logWasFull(performance.now()) : { code: 'NOT_READY', detail };
    if (isFull) this.#settle(asked, { ok: false, failure: asked.refusal });
  }

  #hear(answers: Answers): void {
    for (const { id, reply } of answers) {
      for (const asked of this.#waiting.get(id) ?? []) this.#settle(asked, reply);
    }
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
      const detail = `No reply within ${command.timeoutMs} ms; the command may still be applied. Repeat it with the same key.`;
      this.#settle(asked, refusal('DEADLINE_EXCEEDED', detail));
      return;
    }
    if (entry && nowMs >= asked.publishAtMs) void this.#publish(asked, entry);
    if (nowMs >= asked.lookAtMs) void this.#look(asked);
  }

  async #look(asked: Asked): Promise<void> {
    asked.lookAtMs = Number.POSITIVE_INFINITY;
    const reply = await this.#knownReply(asked.command).catch(() => null);
    if (reply) this.#settle(asked, reply);
    else if (asked.isDuplicate) await this.#lookForSuspension(asked).catch(() => undefined);
    asked.lookWaitMs *= 2;
    asked.lookAtMs = performance.now() + asked.lookWaitMs;
  }

  /** The log has the command and no reply is known: it was refused, if its actor is or was suspended meanwhile. */
  async #lookForSuspension(asked: Asked): Promise<void> {
    const { command, digest, entry } = asked;
    const supervised = command.supervise ? null : await this.#reads.supervision(command.to);
    if (!supervised || !entry) return;
    const { status, resumes } = supervised;
    if (status !== 'active') {
      this.#settle(asked, { ok: false, failure: refuseSuspended(supervised) });
      return;
    }
    // Said once more for each time that the actor was let go on; its key makes it one command all the same.
    const id = `c.${digest}.r${resumes}`;
    if (resumes === 0 || entry.id === id) return;
    asked.entry = { ...entry, id };
    asked.publishAtMs = 0;
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

function digestOf({ to, key, bodyHash }: Command): string {
  return hash('sha256', `${to.tenant}\n${key}\n${bodyHash}`);
}

function refusal(code: FailureCode, detail: string): Reply {
  return { ok: false, failure: { code, detail } };
}
