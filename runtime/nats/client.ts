/**
 * The client on NATS and Postgres: commands by the log, replies by core NATS or by the committed row, reads by SQL.
 *
 * C4. A publication without an answer is repeated under the same message id until the deadline; the log's duplicate
 *     window and the key make that harmless.
 * C5. A reply finds its callers by the id of their command, made of tenant, key and body: one key of two tenants, or
 *     with two bodies, is two commands.
 */
import { createHash, randomUUID } from 'node:crypto';
import { type JetStreamClient, jetstream } from '@nats-io/jetstream';
import { Objm } from '@nats-io/obj';
import type { NatsConnection } from '@nats-io/transport-node';
import { formatAddress } from '#protocols/address.ts';
import { encodeEnvelope } from '#protocols/envelope.ts';
import type { Failure, FailureCode, Reply } from '#protocols/failure.ts';
import { partitionOf } from '#protocols/partition.ts';
import { ARTIFACT_BUCKET, laneSubject, NODE_HEARTBEATS, replySubject } from '#protocols/subjects.ts';
import type { Client, ClusterHealth, Command } from '../client.ts';
import type { Logger } from '../logger.ts';
import type { Reads } from '../reads.ts';
import { pastEvents, watchEvents } from './events.ts';
import { NODE_LEASE_MS, type NodeHeartbeat, parseHeartbeat } from './membership.ts';

/** How long after publishing the committed row is first looked at; then twice as long each time. */
const LOOK_AFTER_MS = 500;
const PUBLISH_PAUSE_MS = 200;

/** The client on connections that somebody else owns and closes. */
export function buildClient(parts: { connection: NatsConnection; reads: Reads; logger: Logger }): Client {
  const { connection, reads, logger } = parts;
  const asker = new Asker(connection, reads);
  const nodes = new NodeWatch(connection);
  return {
    ask: (command) => asker.ask(command),
    get: (address) => reads.get(address),
    list: (query) => reads.list(query),
    watchEvents: (onEvent) => watchEvents({ connection, logger }, onEvent),
    pastEvents: (query) => pastEvents(connection, query),
    readObject: async (name) => (await new Objm(connection).open(ARTIFACT_BUCKET)).getBlob(name),
    health: () => health(connection, reads, nodes),
    async stop() {
      asker.stop();
      nodes.stop();
    },
  };
}

class Asker {
  readonly #reads: Reads;
  readonly #stream: JetStreamClient;
  readonly #replyTo = replySubject(randomUUID());
  /** By the id of the command, which is also the last token of the subject that its reply comes on. */
  readonly #waiting = new Map<string, Set<(reply: Reply) => void>>();
  readonly #subscription;

  constructor(connection: NatsConnection, reads: Reads) {
    this.#reads = reads;
    this.#stream = jetstream(connection, { timeout: 2_000 });
    this.#subscription = connection.subscribe(`${this.#replyTo}.*`, {
      callback: (error, message) => {
        const waiters = this.#waiting.get(message.subject.slice(this.#replyTo.length + 1));
        if (error || !waiters) return;
        const { reply } = message.json<{ reply: Reply }>();
        for (const resolve of waiters) resolve(reply);
      },
    });
  }

  async ask(command: Command): Promise<Reply> {
    const digest = digestOf(command);
    const replied = Promise.withResolvers<Reply>();
    const waiters = this.#waiting.get(digest) ?? new Set();
    this.#waiting.set(digest, waiters.add(replied.resolve));
    const over = new AbortController();
    try {
      const outcomes = [
        replied.promise,
        this.#publish(command, digest, over.signal),
        this.#lookForReply(command, over.signal),
      ];
      return await Promise.race([...outcomes, this.#deadline(command, over.signal)]);
    } finally {
      over.abort();
      waiters.delete(replied.resolve);
      if (waiters.size === 0) this.#waiting.delete(digest);
    }
  }

  stop(): void {
    this.#subscription.unsubscribe();
  }

  /** Settles only where the reply is known already, or Postgres is away; else leaves the word to the others. */
  async #publish(command: Command, digest: string, signal: AbortSignal): Promise<Reply> {
    const known = await this.#knownReply(command);
    if (known) return known;
    const { partitionCount } = await this.#reads.cluster();
    const id = `c.${digest}`;
    const bytes = encodeEnvelope({
      id,
      to: formatAddress(command.to),
      message: command.message,
      source: {
        kind: 'command',
        key: command.key,
        bodyHash: command.bodyHash,
        replyTo: `${this.#replyTo}.${digest}`,
        by: command.by,
      },
      root: id,
      ...(command.trace === undefined ? {} : { trace: command.trace }),
    });
    const subject = laneSubject(command.lane, partitionOf(command.to, partitionCount));
    while (!signal.aborted) {
      try {
        await this.#stream.publish(subject, bytes, { msgID: id });
        return await never();
      } catch {
        // The log did not say that it has it: say it again, the id makes that harmless.
        await pause(PUBLISH_PAUSE_MS, signal);
      }
    }
    return never();
  }

  async #lookForReply(command: Command, signal: AbortSignal): Promise<Reply> {
    for (let waitMs = LOOK_AFTER_MS; !signal.aborted; waitMs *= 2) {
      await pause(waitMs, signal);
      if (signal.aborted) break;
      const reply = await this.#knownReply(command).catch(() => null);
      if (reply) return reply;
    }
    return never();
  }

  async #knownReply(command: Command): Promise<Reply | null> {
    const stored = await this.#reads.reply(command.to.tenant, command.key);
    if (!stored) return null;
    if (stored.bodyHash === command.bodyHash) return stored.reply;
    return refusal(
      'IDEMPOTENCY_KEY_REUSED',
      `The idempotency key ${command.key} was used for another request`,
    );
  }

  async #deadline(command: Command, signal: AbortSignal): Promise<Reply> {
    await pause(command.timeoutMs, signal);
    if (signal.aborted) return never();
    const detail = `No reply within ${command.timeoutMs} ms; the command may still be applied. Repeat it with the same key.`;
    return refusal('DEADLINE_EXCEEDED', detail);
  }
}

function digestOf({ to, key, bodyHash }: Command): string {
  return createHash('sha256').update(`${to.tenant}\n${key}\n${bodyHash}`).digest('hex');
}

function refusal(code: FailureCode, detail: string): Reply {
  const failure: Failure = { code, detail };
  return { ok: false, failure };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** Leaves a race to the others. */
function never(): Promise<never> {
  return Promise.withResolvers<never>().promise;
}

/** Listens to the nodes' heartbeats. */
class NodeWatch {
  readonly #heard = new Map<string, { heartbeat: NodeHeartbeat; atMs: number }>();
  readonly #subscription;

  constructor(connection: NatsConnection) {
    this.#subscription = connection.subscribe(NODE_HEARTBEATS, {
      callback: (error, message) => {
        const heartbeat = error ? null : parseHeartbeat(message.data);
        if (!heartbeat) return;
        if (heartbeat.leaving) this.#heard.delete(heartbeat.id);
        else this.#heard.set(heartbeat.id, { heartbeat, atMs: Date.now() });
      },
    });
  }

  alive(): { heartbeat: NodeHeartbeat; heardMsAgo: number }[] {
    const nowMs = Date.now();
    for (const [id, { atMs }] of this.#heard) if (nowMs - atMs > 60_000) this.#heard.delete(id);
    return [...this.#heard.values()]
      .map(({ heartbeat, atMs }) => ({ heartbeat, heardMsAgo: nowMs - atMs }))
      .filter(({ heardMsAgo }) => heardMsAgo <= 2 * NODE_LEASE_MS);
  }

  stop(): void {
    this.#subscription.unsubscribe();
  }
}

async function health(connection: NatsConnection, reads: Reads, nodes: NodeWatch): Promise<ClusterHealth> {
  const alive = nodes.alive();
  const owned = new Set(alive.flatMap(({ heartbeat }) => heartbeat.partitions));
  const [nats, cluster] = await Promise.all([
    connection.rtt().then(
      () => true,
      () => false,
    ),
    reads.ping().then(
      (count) => ({ isThere: true, partitionCount: count }),
      () => ({ isThere: false, partitionCount: 0 }),
    ),
  ]);
  return {
    nats,
    postgres: cluster.isThere,
    partitions: cluster.partitionCount,
    owned: owned.size,
    nodes: alive.map(({ heartbeat, heardMsAgo }) => ({
      id: heartbeat.id,
      partitions: heartbeat.partitions.length,
      lag: heartbeat.lag,
      heardMsAgo,
    })),
  };
}
