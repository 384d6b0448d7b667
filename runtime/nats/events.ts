/**
 * The event stream for viewers: what comes from now on, and what came before.
 *
 * V1. The live feed never ends by itself: whatever ends the library's consumer, the next one begins behind the last
 *     event. A stream that was made anew is read from its start.
 */
import {
  type ConsumerMessages,
  DeliverPolicy,
  type JsMsg,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { EventRecord } from '#protocols/events.ts';
import { STREAMS } from '#protocols/subjects.ts';
import type { EventFeed, LiveEvent } from '../client.ts';
import type { Logger } from '../logger.ts';
import { readEvents } from './event-reader.ts';

const API_TIMEOUT_MS = 5_000;
const PAUSE_MS = 500;
const PULL = {
  max_messages: 1_000,
  expires: 20_000,
  idle_heartbeat: 2_000,
  abort_on_missing_resource: true,
} as const;

interface EventTools {
  readonly connection: NatsConnection;
  readonly logger: Logger;
}

export async function watchEvents(
  tools: EventTools,
  onEvent: (event: LiveEvent) => void,
): Promise<EventFeed> {
  const watch = new EventWatch(tools, onEvent);
  await watch.open();
  return watch;
}

class EventWatch implements EventFeed {
  readonly #tools: EventTools;
  readonly #onEvent: (event: LiveEvent) => void;
  #lastSeq: number | null = null;
  #messages: ConsumerMessages | null = null;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(tools: EventTools, onEvent: (event: LiveEvent) => void) {
    this.#tools = tools;
    this.#onEvent = onEvent;
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
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        if (!this.#messages) await this.#consume();
        for await (const message of this.#messages ?? []) this.#take(message);
      } catch (error) {
        this.#tools.logger.warn({ err: error }, 'live events interrupted, going on behind the last one');
      }
      this.#messages?.stop();
      this.#messages = null;
      if (!this.#isStopped) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  async #consume(): Promise<void> {
    const options = { timeout: API_TIMEOUT_MS };
    const manager = await jetstreamManager(this.#tools.connection, options);
    const newest = (await manager.streams.info(STREAMS.events)).state.last_seq;
    // Fewer than were seen: another stream.
    if (this.#lastSeq === null) this.#lastSeq = newest;
    else if (newest < this.#lastSeq) this.#lastSeq = 0;
    const consumer = await jetstream(this.#tools.connection, options).consumers.get(STREAMS.events, {
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: this.#lastSeq + 1,
    });
    const messages = await consumer.consume(PULL);
    if (this.#isStopped) messages.stop();
    else this.#messages = messages;
  }

  #take(message: JsMsg): void {
    const seq = message.info.streamSequence;
    if (this.#isStopped || seq <= this.lastSeq) return;
    this.#lastSeq = seq;
    const event = toEvent(message);
    if (event) this.#onEvent(event);
    else this.#tools.logger.warn({ subject: message.subject }, 'event of another shape skipped');
  }
}

export async function pastEvents(
  connection: NatsConnection,
  { filter, afterSeq, limit }: { filter: string; afterSeq: number; limit: number },
): Promise<LiveEvent[]> {
  const messages = await readEvents(connection, { filters: [filter], afterSeq, limit });
  return messages.map(toEvent).filter((event) => event !== null);
}

export function toEvent(message: JsMsg): LiveEvent | null {
  try {
    const record = EventRecord.parse(message.json());
    return { seq: message.info.streamSequence, subject: message.subject, record };
  } catch {
    // Not JSON, or of another shape: whoever asked says so.
    return null;
  }
}
