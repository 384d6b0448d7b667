/**
 * Follows a stream from now on by a consumer of its own, for as long as somebody watches.
 *
 * V1. It never ends by itself: whatever ends the library's consumer, the next one begins behind the last message. A
 *     stream that was made anew is read from its start.
 * V2. Its consumer is taken away when it stops; one that could not be removes itself.
 */
import {
  type Consumer,
  type ConsumerMessages,
  DeliverPolicy,
  type JsMsg,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { EventFeed } from '../event-feed.ts';
import type { Logger } from '../logger.ts';

const API_TIMEOUT_MS = 5_000;
const PAUSE_MS = 500;
const KEPT_MS = 30_000;

export interface StreamWatchOptions {
  readonly connection: NatsConnection;
  readonly logger: Logger;
  readonly stream: string;
  /** How much is on its way to here at most: a number of messages, or their bytes. */
  readonly pull: { readonly max_messages: number } | { readonly max_bytes: number };
  /** In stream order, each once. */
  readonly onMessage: (message: JsMsg) => void;
}

export class StreamWatch implements EventFeed {
  readonly #options: StreamWatchOptions;
  #lastSeq: number | null = null;
  #consumer: Consumer | null = null;
  #messages: ConsumerMessages | null = null;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: StreamWatchOptions) {
    this.#options = options;
  }

  get lastSeq(): number {
    return this.#lastSeq ?? 0;
  }

  /** Makes the first consumer, so that whoever opens the feed hears when that can't be done. */
  async open(): Promise<void> {
    await this.#consume();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#messages?.stop();
    await this.#running;
    this.#discard();
  }

  async #run(): Promise<void> {
    const { logger, stream } = this.#options;
    while (!this.#isStopped) {
      try {
        if (!this.#messages) await this.#consume();
        for await (const message of this.#messages ?? []) this.#take(message);
      } catch (error) {
        logger.warn({ err: error, stream }, 'live messages interrupted, going on behind the last one');
      }
      this.#messages?.stop();
      this.#messages = null;
      this.#discard();
      if (!this.#isStopped) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  async #consume(): Promise<void> {
    const { connection, stream, pull } = this.#options;
    const options = { timeout: API_TIMEOUT_MS };
    const manager = await jetstreamManager(connection, options);
    const newest = (await manager.streams.info(stream)).state.last_seq;
    // Fewer than were seen: another stream.
    if (this.#lastSeq === null) this.#lastSeq = newest;
    else if (newest < this.#lastSeq) this.#lastSeq = 0;
    const consumer = await jetstream(connection, options).consumers.get(stream, {
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: this.#lastSeq + 1,
      inactive_threshold: KEPT_MS,
    });
    const common = { expires: 20_000, idle_heartbeat: 2_000, abort_on_missing_resource: true };
    this.#consumer = consumer;
    const messages = await consumer.consume({ ...common, ...pull });
    if (this.#isStopped) messages.stop();
    else this.#messages = messages;
  }

  /** Nobody waits for it: where it is gone already or its server is away, there is nothing to be done. */
  #discard(): void {
    const consumer = this.#consumer;
    this.#consumer = null;
    if (consumer && !this.#options.connection.isClosed()) void consumer.delete().catch(() => false);
  }

  #take(message: JsMsg): void {
    const seq = message.info.streamSequence;
    if (this.#isStopped || seq <= this.lastSeq) return;
    this.#lastSeq = seq;
    this.#options.onMessage(message);
  }
}
