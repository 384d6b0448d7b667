/** Callers and remote agents over core NATS; large objects in the object store. */
import { Objm } from '@nats-io/obj';
import { type NatsConnection, NoRespondersError, RequestError, TimeoutError } from '@nats-io/transport-node';
import type { Reply } from '#protocols/failure.ts';
import { LIMITS } from '#protocols/limits.ts';
import {
  AGENT_HEARTBEATS_ALL,
  AGENT_OUT_ALL,
  ARTIFACT_BUCKET,
  parseAgentSubject,
  parseReplyTo,
} from '#protocols/subjects.ts';
import type { Logger } from '../logger.ts';
import type { Objects, Remote, Speaker } from '../remote.ts';
import { within } from './deadline.ts';

/** Nodes share what agents say: one of them takes each message. */
const QUEUE = 'nodes';
/** Of one UTF-16 code unit. */
const UTF8_BYTES_MAX = 3;
const OBJECT_WITHIN_MS = 30_000;

export class NatsRemote implements Remote {
  readonly #connection: NatsConnection;
  readonly #logger: Logger;
  readonly #busy = new Set<Promise<void>>();
  /** What is said at the end of this turn of the event loop, by the inbox that it goes to. */
  readonly #answers = new Map<string, { id: string; reply: Reply }[]>();

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

  /** Those of one commit go together, one message a caller's process: most of what each costs is its being sent. */
  answer(replyTo: string, _key: string, reply: Reply): void {
    const { inbox, id } = parseReplyTo(replyTo);
    if (this.#answers.size === 0) queueMicrotask(() => this.#sendAnswers());
    const answers = this.#answers.get(inbox);
    if (answers) answers.push({ id, reply });
    else this.#answers.set(inbox, [{ id, reply }]);
  }

  #sendAnswers(): void {
    const all = [...this.#answers];
    this.#answers.clear();
    if (this.#connection.isClosed()) return;
    for (const [inbox, answers] of all) {
      for (const body of inPieces(answers, LIMITS.messageBytesMax)) this.#sendPiece(inbox, body);
    }
  }

  #sendPiece(inbox: string, body: string): void {
    try {
      this.#connection.publish(inbox, body);
    } catch (error) {
      // One that is larger than the server takes: whoever waits reads it from the row that the commit wrote.
      this.#logger.warn({ err: error, inbox }, 'answers not sent');
    }
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

/** JSON arrays of the values, each within the bound where a single value is. */
function inPieces(values: readonly unknown[], bytesMax: number): string[] {
  const pieces: string[] = [];
  let [parts, size]: [string[], number] = [[], 0];
  for (const value of values) {
    const text = JSON.stringify(value);
    if (parts.length > 0 && size + text.length * UTF8_BYTES_MAX > bytesMax) {
      pieces.push(`[${parts.join(',')}]`);
      [parts, size] = [[], 0];
    }
    parts.push(text);
    size += text.length * UTF8_BYTES_MAX;
  }
  if (parts.length > 0) pieces.push(`[${parts.join(',')}]`);
  return pieces;
}

function parseJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(data));
  } catch {
    return undefined;
  }
}

export async function openObjects(connection: NatsConnection, replicas: number): Promise<Objects> {
  const opening = new Objm(connection).create(ARTIFACT_BUCKET, { replicas });
  const bucket = await within(opening, OBJECT_WITHIN_MS, 'opening the artifacts');
  return {
    async put(name, bytes) {
      await within(bucket.putBlob({ name }, bytes), OBJECT_WITHIN_MS, 'keeping an artifact');
    },
    get: (name) => within(bucket.getBlob(name), OBJECT_WITHIN_MS, 'reading an artifact'),
  };
}
