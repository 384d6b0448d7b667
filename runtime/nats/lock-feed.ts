/**
 * Events of locks for the mirror, by one durable consumer that all nodes share: each event goes to one of them, and to
 * another where that one dies.
 *
 * F1. An event is acknowledged when it was taken. One that could not be is given again after a while.
 * F2. A consumer that is gone is made anew and begins with what comes from now on: what was before is mended (M5).
 */
import {
  AckPolicy,
  type ConsumerMessages,
  DeliverPolicy,
  type JsMsg,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import { EventRecord } from '#protocols/events.ts';
import { LOCK_EVENTS_ALL, STREAMS } from '#protocols/subjects.ts';
import type { LockFeed } from '../lock-mirror.ts';
import type { Logger } from '../logger.ts';

const CONSUMER = 'locks-mirror';
const API_TIMEOUT_MS = 5_000;
const PAUSE_MS = 500;
const AGAIN_MS = 1_000;
const ACK_WAIT_MS = 10_000;
/** Taken at once: entries are of different locks mostly, and those of one go forward in any order. */
const AT_ONCE_MAX = 32;
const PULL = {
  max_messages: 64,
  expires: 20_000,
  idle_heartbeat: 2_000,
  abort_on_missing_resource: true,
} as const;

type Take = (record: EventRecord) => Promise<void>;

export class NatsLockFeed implements LockFeed {
  readonly #connection: NatsConnection;
  readonly #logger: Logger;
  readonly #busy = new Set<Promise<void>>();
  #messages: ConsumerMessages | null = null;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(connection: NatsConnection, logger: Logger) {
    this.#connection = connection;
    this.#logger = logger;
  }

  start(take: Take, onOpened: () => void): void {
    this.#running = this.#run(take, onOpened);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#messages?.stop();
    await this.#running;
    await Promise.all(this.#busy);
  }

  async #run(take: Take, onOpened: () => void): Promise<void> {
    while (!this.#isStopped) {
      try {
        this.#messages = await this.#open();
        onOpened();
        for await (const message of this.#isStopped ? [] : this.#messages) await this.#begin(take, message);
      } catch (error) {
        this.#logger.warn({ err: error }, 'events of locks interrupted');
      }
      this.#messages?.stop();
      this.#messages = null;
      if (!this.#isStopped) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  async #open(): Promise<ConsumerMessages> {
    const options = { timeout: API_TIMEOUT_MS };
    const manager = await jetstreamManager(this.#connection, options);
    await manager.consumers.add(STREAMS.events, {
      durable_name: CONSUMER,
      filter_subject: LOCK_EVENTS_ALL,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ACK_WAIT_MS),
      deliver_policy: DeliverPolicy.New,
      max_ack_pending: 1_024,
    });
    const consumer = await jetstream(this.#connection, options).consumers.get(STREAMS.events, CONSUMER);
    return consumer.consume(PULL);
  }

  async #begin(take: Take, message: JsMsg): Promise<void> {
    const work = this.#take(take, message).finally(() => this.#busy.delete(work));
    this.#busy.add(work);
    if (this.#busy.size >= AT_ONCE_MAX) await Promise.race(this.#busy);
  }

  async #take(take: Take, message: JsMsg): Promise<void> {
    const record = parse(message);
    if (!record) return message.term('not an event');
    try {
      await take(record);
      message.ack();
    } catch (error) {
      this.#logger.debug({ err: error, event: record.id }, 'event of a lock not mirrored yet');
      if (!this.#connection.isClosed()) message.nak(AGAIN_MS);
    }
  }
}

function parse(message: JsMsg): EventRecord | null {
  try {
    return EventRecord.parse(message.json());
  } catch {
    return null;
  }
}
