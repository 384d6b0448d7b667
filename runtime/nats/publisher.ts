/**
 * Publishes into streams and hears their acknowledgements on one subscription of its own. The library's way makes a
 * request with a timer, two errors with their stacks and four promises of each publication: seven times the price.
 *
 * U1. Resolves only with the stream's own word that it has the message; anything else, or none in time, rejects.
 * U2. Publications leave in the order of the calls.
 */
import { createInbox, headers, type Msg, type NatsConnection } from '@nats-io/transport-node';

const ID_HEADER = 'Nats-Msg-Id';
const SWEEP_EVERY_MS = 250;

/** What a stream says: one of many thousands a second, so it is looked at by hand. */
interface Answer {
  readonly seq?: unknown;
  readonly duplicate?: unknown;
  readonly error?: { readonly description?: unknown; readonly err_code?: unknown };
}

/** No room by the stream's own bounds ("maximum bytes exceeded"), or by those of the server's disk or account. */
const FULL_TEXT = /^maximum (bytes|messages)/;
const FULL_CODES: ReadonlySet<unknown> = new Set([10_002, 10_023, 10_047]);

/** The stream's own word that it did not take a message. */
export class NotStored extends Error {
  override name = 'NotStored';
  readonly isFull: boolean;

  constructor(text: string, isFull = false) {
    super(text);
    this.isFull = isFull;
  }
}

export interface Published {
  readonly seq: number;
  /** The stream had this id already. */
  readonly isDuplicate: boolean;
}

interface Waiting {
  readonly subject: string;
  readonly untilMs: number;
  readonly resolve: (published: Published) => void;
  readonly reject: (error: Error) => void;
}

export class Publisher {
  readonly #connection: NatsConnection;
  readonly #timeoutMs: number;
  readonly #inbox = createInbox();
  /** By the last token of the subject that the acknowledgement comes on; the oldest first. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #subscription;
  #turn = 0;
  #sweep: NodeJS.Timeout | null = null;

  constructor(connection: NatsConnection, timeoutMs: number) {
    this.#connection = connection;
    this.#timeoutMs = timeoutMs;
    this.#subscription = connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (!error) this.#hear(message);
      },
    });
  }

  publish(entry: { subject: string; id: string; bytes: Uint8Array }): Promise<Published> {
    const { subject, id, bytes } = entry;
    return new Promise((resolve, reject) => {
      const token = (this.#turn++).toString(36);
      const head = headers();
      head.set(ID_HEADER, id);
      // Throws on a closed connection, which rejects.
      this.#connection.publish(subject, bytes, { headers: head, reply: `${this.#inbox}.${token}` });
      this.#waiting.set(token, { subject, untilMs: performance.now() + this.#timeoutMs, resolve, reject });
      this.#sweep ??= setInterval(() => this.#endLate(), SWEEP_EVERY_MS).unref();
    });
  }

  stop(): void {
    this.#subscription.unsubscribe();
    for (const waiting of this.#waiting.values()) waiting.reject(new Error('the publisher was stopped'));
    this.#waiting.clear();
    this.#rest();
  }

  #hear(message: Msg): void {
    const token = message.subject.slice(this.#inbox.length + 1);
    const waiting = this.#waiting.get(token);
    if (!waiting) return;
    this.#waiting.delete(token);
    const ack = parseAck(message, waiting.subject);
    if (ack instanceof Error) waiting.reject(ack);
    else waiting.resolve(ack);
  }

  #endLate(): void {
    const nowMs = performance.now();
    for (const [token, waiting] of this.#waiting) {
      if (waiting.untilMs > nowMs) break;
      this.#waiting.delete(token);
      waiting.reject(new Error(`${waiting.subject}: no acknowledgement within ${this.#timeoutMs} ms`));
    }
    if (this.#waiting.size === 0) this.#rest();
  }

  #rest(): void {
    if (this.#sweep) clearInterval(this.#sweep);
    this.#sweep = null;
  }
}

/** The stream's word, or what is said instead of it. */
function parseAck(message: Msg, subject: string): Published | Error {
  if (message.data.length === 0)
    return new NotStored(`${subject}: no stream takes it (${message.headers?.code ?? 'empty answer'})`);
  try {
    const { seq, duplicate, error } = message.json<Answer>();
    if (typeof seq === 'number' && !error) return { seq, isDuplicate: duplicate === true };
    const text = String(error?.description ?? 'no sequence');
    const isFull = FULL_TEXT.test(text) || FULL_CODES.has(error?.err_code);
    return new NotStored(`${subject}: the stream refused it (${text})`, isFull);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
