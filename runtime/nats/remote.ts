/** Callers and remote agents over core NATS; large objects in the object store. */
import { Objm } from '@nats-io/obj';
import { type NatsConnection, NoRespondersError, RequestError, TimeoutError } from '@nats-io/transport-node';
import type { Reply } from '#protocols/failure.ts';
import {
  AGENT_HEARTBEATS_ALL,
  AGENT_OUT_ALL,
  ARTIFACT_BUCKET,
  parseAgentSubject,
} from '#protocols/subjects.ts';
import type { Logger } from '../logger.ts';
import type { Objects, Remote, Speaker } from '../remote.ts';

/** Nodes share what agents say: one of them takes each message. */
const QUEUE = 'nodes';

export class NatsRemote implements Remote {
  readonly #connection: NatsConnection;
  readonly #logger: Logger;
  readonly #busy = new Set<Promise<void>>();

  constructor(connection: NatsConnection, logger: Logger) {
    this.#connection = connection;
    this.#logger = logger;
  }

  async request(subject: string, body: unknown, timeoutMs: number): Promise<unknown> {
    try {
      const answer = await this.#connection.request(subject, JSON.stringify(body), { timeout: timeoutMs });
      return answer.json();
    } catch (error) {
      const isSilence =
        error instanceof TimeoutError || error instanceof NoRespondersError || error instanceof RequestError;
      if (!isSilence) this.#logger.warn({ err: error, subject }, 'agent answered with something else');
      return null;
    }
  }

  serve(answer: (speaker: Speaker, body: unknown) => Promise<unknown>): void {
    this.#connection.subscribe(AGENT_OUT_ALL, {
      queue: QUEUE,
      callback: (error, message) => {
        const speaker = error ? null : parseAgentSubject(message.subject);
        if (!speaker) return;
        const work = this.#serveOne(async () => {
          const said = await answer(speaker, parseJson(message.data));
          if (message.reply) message.respond(JSON.stringify(said));
        }).finally(() => this.#busy.delete(work));
        this.#busy.add(work);
      },
    });
  }

  answer(replyTo: string, key: string, reply: Reply): void {
    if (this.#connection.isClosed()) return;
    this.#connection.publish(replyTo, JSON.stringify({ key, reply }));
  }

  onHeartbeat(listener: (speaker: Speaker) => void): void {
    this.#connection.subscribe(AGENT_HEARTBEATS_ALL, {
      callback: (error, message) => {
        const speaker = error ? null : parseAgentSubject(message.subject);
        if (speaker) listener(speaker);
      },
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#busy);
  }

  async #serveOne(serve: () => Promise<void>): Promise<void> {
    try {
      await serve();
    } catch (error) {
      // No answer: the agent says it again.
      this.#logger.warn({ err: error }, 'message of an agent not taken');
    }
  }
}

function parseJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(data));
  } catch {
    return undefined;
  }
}

export async function openObjects(connection: NatsConnection, replicas: number): Promise<Objects> {
  const bucket = await new Objm(connection).create(ARTIFACT_BUCKET, { replicas });
  return {
    async put(name, bytes) {
      await bucket.putBlob({ name }, bytes);
    },
    get: (name) => bucket.getBlob(name),
  };
}
