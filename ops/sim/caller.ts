/**
 * Callers: each asks one thing after the other and insists on an answer, as the real client does (C1, C2, C4).
 *
 * X1. A command is published until the log has it; its reply comes from the node, or from the row that the commit wrote.
 * X2. A command has a deadline; one that it may have missed is published again under another id, marked so.
 * X3. What a caller was answered is remembered for good, and now and then asked again under the same key.
 */
import { hash } from 'node:crypto';
import { type Address, formatAddress } from '#protocols/address.ts';
import { encodeEnvelope, type Message } from '#protocols/envelope.ts';
import type { Reply } from '#protocols/failure.ts';
import { partitionOf } from '#protocols/partition.ts';
import { laneSubject } from '#protocols/subjects.ts';
import { orderId, type Supervise, type SupervisionAct } from '#protocols/supervision.ts';
import type { Log } from '#runtime/log.ts';
import type { KeyedReply, Store } from '#runtime/store.ts';
import { TENANT } from './kinds.ts';
import type { World } from './world.ts';

export interface Asked {
  readonly key: string;
  readonly to: Address;
  readonly message: Message;
  /** Every answer that came, in order. */
  readonly replies: Reply[];
  /** How often it was published under an id of its own. */
  attempts: number;
  isTakenBack: boolean;
  answeredAtMs: number | null;
  /** Its caller went away without waiting. */
  isAbandoned: boolean;
}

export interface CallerOptions {
  readonly name: string;
  readonly world: World;
  readonly store: Pick<Store, 'findReplies'>;
  readonly log: Pick<Log, 'publish'>;
  isControl(type: string, messageType: string): boolean;
}

interface Publication {
  readonly asked: Asked;
  readonly message: Message;
  readonly bodyHash: string;
  readonly supervise?: Supervise | undefined;
}

const REFUSED_PAUSE_MS = 700;
const TIMEOUT_MS = 4_000;
const LOOK_AFTER_MS = 500;
const PUBLISH_PAUSE_MS = 200;
/** Without a reason each end would make an error with a stack of its own: a twentieth of a run. */
const OVER = 'over';

export class Caller {
  readonly #options: CallerOptions;
  readonly #replyTo: string;
  readonly name: string;
  readonly asked: Asked[] = [];
  #orders = 0;

  constructor(options: CallerOptions) {
    this.#options = options;
    this.name = options.name;
    this.#replyTo = `reply.${options.name}`;
  }

  /** Asks until there is an answer, or only once where the caller gives up. */
  async ask(to: Address, message: Message & { op: string }, isPatient: boolean): Promise<Asked> {
    const asked: Asked = {
      key: message.op,
      to,
      message,
      replies: [],
      attempts: 0,
      isTakenBack: false,
      answeredAtMs: null,
      isAbandoned: false,
    };
    this.asked.push(asked);
    const { world } = this.#options;
    while (asked.answeredAtMs === null) {
      const reply = await this.#once(asked, message);
      if (reply && isRefused(reply) && isPatient) {
        world.count('refused');
        await world.clock.sleep(REFUSED_PAUSE_MS);
      } else if (reply && !isRefused(reply)) this.#answered(asked, reply);
      else if (!isPatient) {
        asked.isAbandoned = true;
        break;
      }
    }
    world.count(asked.answeredAtMs === null ? 'abandoned' : 'answered');
    return asked;
  }

  /** Orders what the runtime itself shall do, until it is answered. */
  async order(to: Address, act: SupervisionAct): Promise<void> {
    const key = `order-${this.#orders++}-${this.name}`;
    const message = { type: 'supervise', act };
    const fresh = { replies: [], attempts: 0, isTakenBack: false, answeredAtMs: null, isAbandoned: false };
    const asked: Asked = { key, to, message, ...fresh };
    while (!(await this.#once(asked, message, { act, reason: key })));
  }

  /** Publishes once and looks no more. */
  async throwIn(to: Address, message: Message & { op: string }): Promise<void> {
    const asked: Asked = {
      key: message.op,
      to,
      message,
      replies: [],
      attempts: 0,
      isTakenBack: false,
      answeredAtMs: null,
      isAbandoned: true,
    };
    this.asked.push(asked);
    const over = new AbortController();
    const published = this.#publish({ asked, message, bodyHash: hashOf(message) }, over.signal);
    over.abort(OVER);
    await published;
  }

  /** Asks, and takes it back after a moment: until it is known whether it was done. */
  async askAndTakeBack(to: Address, message: Message & { op: string }): Promise<Asked> {
    const { world } = this.#options;
    const first = this.ask(to, message, false);
    const asked = this.asked.at(-1);
    if (!asked) throw new Error('what is asked is remembered');
    await world.clock.sleep(world.random.between(0, 400));
    asked.isTakenBack = true;
    while (asked.answeredAtMs === null) {
      const reply = await this.#once(asked, message);
      // Late news of the command itself, which a suspended actor refused: it is not the word on taking back.
      if (reply && !isRefused(reply)) this.#answered(asked, reply);
    }
    await first;
    asked.isAbandoned = false;
    const [reply] = asked.replies;
    world.count(
      reply?.ok === false && reply.failure.code === 'CANCELLED' ? 'taken back' : 'taken back too late',
    );
    return asked;
  }

  /** Asks the same again: the answer must be the same. */
  async askAgain(asked: Asked): Promise<void> {
    const reply = await this.#once(asked, asked.message);
    // A node that does not know of the key yet sees a suspended actor first.
    if (reply && !isRefused(reply)) this.#answered(asked, reply);
  }

  /** Asks something else under the same key: that must be refused. */
  async askOther(asked: Asked): Promise<void> {
    const reply = await this.#once(asked, { ...asked.message, other: true });
    if (!reply || isRefused(reply) || (!reply.ok && reply.failure.code === 'IDEMPOTENCY_KEY_REUSED')) return;
    this.#options.world.violated(`key: ${asked.key} was taken for another request too`);
  }

  /** One for each request: a late repeat of an answer must not be taken for that to another. */
  #replySubject(key: string, bodyHash: string): string {
    return `${this.#replyTo}.${hashOf([key, bodyHash])}`;
  }

  #answered(asked: Asked, reply: Reply): void {
    asked.replies.push(reply);
    asked.answeredAtMs ??= this.#options.world.clock.now();
    this.#options.world.note(`answer ${asked.key} ${JSON.stringify(reply)}`);
  }

  async #once(asked: Asked, message: Message, supervise?: Supervise): Promise<Reply | null> {
    const { clock, remote } = this.#options.world;
    const { callers } = remote;
    const over = new AbortController();
    const { promise, resolve } = Promise.withResolvers<Reply | null>();
    const bodyHash = hashOf(message);
    const replyTo = this.#replySubject(asked.key, bodyHash);
    callers.set(replyTo, (_key, reply) => {
      // Nothing was done; this caller's own time may not be over, and another attempt of it under way.
      if (isLate(reply)) this.#options.world.count('refused at the deadline');
      else resolve(reply);
    });
    void clock.sleep(TIMEOUT_MS, over.signal).then(() => resolve(null));
    const known = await this.#look(asked.key, bodyHash);
    if (known) resolve(known);
    else {
      void this.#publish({ asked, message, bodyHash, supervise }, over.signal);
      void this.#keepLooking(asked.key, bodyHash, over.signal).then((reply) => reply && resolve(reply));
    }
    const reply = await promise;
    over.abort(OVER);
    callers.delete(replyTo);
    return reply;
  }

  async #publish({ asked, message, bodyHash, supervise }: Publication, signal: AbortSignal): Promise<void> {
    const { log, world, isControl, name } = this.#options;
    const { to, key } = asked;
    const isAgain = asked.attempts++ > 0;
    const replyTo = this.#replySubject(key, bodyHash);
    const who = { key, bodyHash, replyTo, by: `user:${name}` };
    const again = isAgain ? { again: true as const } : {};
    const order = supervise ? { supervise } : {};
    const source = asked.isTakenBack
      ? { kind: 'cancel' as const, ...who }
      : { kind: 'command' as const, ...who, withinMs: TIMEOUT_MS, ...again, ...order };
    const digest = `${hashOf([key, bodyHash])}${isAgain ? `.${asked.attempts}` : ''}`;
    const commandId = supervise ? orderId(digest) : `c.${digest}`;
    const id = asked.isTakenBack ? `x.${digest}` : commandId;
    const bytes = encodeEnvelope({ id, to: formatAddress(to), message, source, root: id });
    const isUrgent = asked.isTakenBack || supervise !== undefined || isControl(to.type, message.type);
    const lane = isUrgent ? 'control' : 'data';
    const subject = laneSubject(lane, partitionOf(to, world.partitionCount));
    do {
      try {
        return await log.publish({ subject, id, bytes });
      } catch {
        // The log did not say that it has it: said again, the id makes that harmless.
        await world.clock.sleep(PUBLISH_PAUSE_MS, signal);
      }
    } while (!signal.aborted);
  }

  async #keepLooking(key: string, bodyHash: string, signal: AbortSignal): Promise<Reply | null> {
    for (let waitMs = LOOK_AFTER_MS; !signal.aborted; waitMs *= 2) {
      await this.#options.world.clock.sleep(waitMs, signal);
      const reply = signal.aborted ? null : await this.#look(key, bodyHash);
      if (reply) return reply;
    }
    return null;
  }

  async #look(key: string, bodyHash: string): Promise<Reply | null> {
    let stored: KeyedReply | undefined;
    try {
      [stored] = await this.#options.store.findReplies([{ tenant: TENANT, key }]);
    } catch {
      // The store is away: looked for again later.
      return null;
    }
    if (!stored) return null;
    if (stored.bodyHash === bodyHash) return stored.reply;
    const detail = `The idempotency key ${key} was used for another request`;
    return { ok: false, failure: { code: 'IDEMPOTENCY_KEY_REUSED', detail } };
  }
}

function isRefused(reply: Reply): boolean {
  return !reply.ok && reply.failure.code === 'ACTOR_SUSPENDED';
}

function isLate(reply: Reply): boolean {
  return !reply.ok && reply.failure.code === 'DEADLINE_EXCEEDED';
}

function hashOf(value: unknown): string {
  return hash('sha256', JSON.stringify(value));
}
