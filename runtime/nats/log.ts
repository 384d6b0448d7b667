/**
 * The log on JetStream: a partition's lane is one subject of a limits stream, read by disposable consumers, no acks.
 *
 * J1. A consumer starts at the cursor's own message and compares it (L2); it is never resumed, only made anew.
 * J2. Consumer sequences have no gaps; at a gap, a lost consumer, missed heartbeats or a new connection the reader
 *     makes a new one, from the last delivered message on.
 * J3. A lost message shows also when none follows it: heartbeats tell what the consumer sent last.
 * J4. A consumer reads the replica of its own server, which may be behind. So what it does not find is no evidence: the
 *     stream's leader is asked before a log is taken for another one.
 * J5. A stream that is gone while nodes run is made again (`mend`); L2 then finds out that it is another one.
 */
import {
  AckPolicy,
  type ConsumerInfo,
  type ConsumerMessages,
  DeliverPolicy,
  type DeliveryInfo,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  ReplayPolicy,
} from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import { laneStream, laneSubject } from '#protocols/subjects.ts';
import type { Log, Position, Reader, ReaderOptions } from '../log.ts';
import type { Logger } from '../logger.ts';
import { ID_HEADER, toDelivery } from './delivery.ts';
import { readJournal } from './journal.ts';
import { Publisher } from './publisher.ts';

const PUBLISH_TIMEOUT_MS = 5_000;
const INACTIVE_AFTER_MS = 30_000;
/**
 * On their way to here, of each lane: so many bytes, more than the largest message has, and what the library makes of
 * that: 100 messages. A consumer lives on one server, and with it in memory. When that server dies while ours is another,
 * only silence tells of it: two to three heartbeats long.
 */
const PULL = { max_bytes: 2 * 1024 * 1024, expires: 20_000, idle_heartbeat: 1_000 } as const;
const RESET_PAUSE_MS = 250;
/** A reader whose user has no room asks so often what waits meanwhile. */
const PENDING_EVERY_MS = 500;
const STREAM_NOT_FOUND = 10_059;

/** `mend` makes the streams that are missing. */
export async function openNatsLog(
  connection: NatsConnection,
  logger: Logger,
  mend: () => Promise<void> = async () => undefined,
): Promise<Log> {
  const manager = await jetstreamManager(connection, { timeout: 5_000 });
  const stream = jetstream(connection);
  const publisher = new Publisher(connection, PUBLISH_TIMEOUT_MS);
  const readers = new Set<LaneReader>();
  const tools = { manager, stream, logger, readers, mend: once(mend) };
  void resetAtReconnect(connection, readers);
  return {
    async read(options) {
      const reader = new LaneReader(options, tools);
      await reader.open();
      return reader;
    },
    async publish(entry) {
      await publisher.publish(entry);
    },
    journal: (page) => readJournal(tools, page),
    async trim(lane, partition, seq) {
      await manager.streams.purge(laneStream(lane), { filter: laneSubject(lane, partition), seq });
    },
  };
}

/** What was on its way to the old connection is lost, and on a quiet lane nothing would show it. */
async function resetAtReconnect(connection: NatsConnection, readers: Iterable<LaneReader>): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type !== 'reconnect') continue;
    for (const reader of readers) reader.reset('new connection');
  }
}

/** All who call while it runs share one run. */
function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  return () => {
    running ??= run().finally(() => {
      running = null;
    });
    return running;
  };
}

interface ReaderTools {
  readonly manager: JetStreamManager;
  readonly stream: JetStreamClient;
  readonly logger: Logger;
  /** Those that are open. */
  readonly readers: Set<LaneReader>;
  mend(): Promise<void>;
}

class LaneReader implements Reader {
  readonly #options: ReaderOptions;
  readonly #tools: ReaderTools;
  readonly #subject: string;
  readonly #streamName: string;
  #last: Position;
  #pending = 0;
  #messages: ConsumerMessages | null = null;
  #consumerName: string | null = null;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ReaderOptions, tools: ReaderTools) {
    this.#options = options;
    this.#tools = tools;
    this.#subject = laneSubject(options.lane, options.partition);
    this.#streamName = laneStream(options.lane);
    this.#last = options.after;
  }

  get pending(): number {
    return this.#pending;
  }

  /** Makes the first consumer, so that whoever opens a reader hears at once when that can't be done. */
  async open(): Promise<void> {
    const messages = await this.#consume();
    if (!this.#isStopped) this.#tools.readers.add(this);
    this.#running = this.#run(messages);
  }

  async stop(): Promise<void> {
    this.#end();
    this.#discard();
    await this.#running;
  }

  /** Gives this consumer up; the loop makes the next one. */
  reset(reason: string): void {
    this.#tools.logger.info({ subject: this.#subject, reason }, 'reading anew from the last message');
    this.#messages?.stop();
  }

  #end(): void {
    this.#isStopped = true;
    this.#tools.readers.delete(this);
  }

  async #run(first: ConsumerMessages | null): Promise<void> {
    let messages = first;
    while (!this.#isStopped) {
      try {
        if (messages) await this.#readAll(messages);
        messages = null;
        if (this.#isStopped) return;
        await new Promise((resolve) => setTimeout(resolve, RESET_PAUSE_MS));
        if (this.#isStopped) return;
        messages = await this.#consume();
      } catch (error) {
        this.#tools.logger.warn({ err: error, subject: this.#subject }, 'no consumer yet, trying again');
      }
    }
  }

  /** A new consumer that starts at the last delivered message; null when the log turned out to be another one. */
  async #consume(): Promise<ConsumerMessages | null> {
    this.#discard();
    const info = await this.#addConsumer();
    this.#consumerName = info.name;
    this.#pending = info.num_pending;
    if (this.#isStopped) {
      this.#discard();
      return null;
    }
    if (this.#last.seq > 0 && this.#last.id !== null && info.num_pending === 0) {
      await this.#doubt(`nothing at or after ${this.#last.seq}`);
      return null;
    }
    const messages = await this.#tools.stream.consumers.getConsumerFromInfo(info).consume(PULL);
    if (this.#isStopped) {
      // Stopped meanwhile, and whoever stopped it saw no messages to end.
      messages.stop();
      return null;
    }
    this.#messages = messages;
    void this.#watch(messages);
    return messages;
  }

  async #addConsumer(): Promise<ConsumerInfo> {
    const config = {
      filter_subject: this.#subject,
      ack_policy: AckPolicy.None,
      replay_policy: ReplayPolicy.Instant,
      deliver_policy: this.#last.seq === 0 ? DeliverPolicy.All : DeliverPolicy.StartSequence,
      ...(this.#last.seq === 0 ? {} : { opt_start_seq: this.#last.seq }),
      inactive_threshold: nanos(INACTIVE_AFTER_MS),
      mem_storage: true,
      num_replicas: 1,
    };
    try {
      return await this.#tools.manager.consumers.add(this.#streamName, config);
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND) await this.#tools.mend();
      throw error;
    }
  }

  async #readAll(messages: ConsumerMessages): Promise<void> {
    let expected = 1;
    let mustMatch = this.#last.seq > 0 && this.#last.id !== null;
    for await (const message of messages) {
      if (this.#isStopped) return;
      const { deliverySequence, streamSequence, pending } = message.info;
      if (deliverySequence !== expected++) return this.reset(`consumer sequence ${deliverySequence}`);
      const delivery = toDelivery(message);
      if (mustMatch) {
        mustMatch = false;
        if (streamSequence !== this.#last.seq || delivery.id !== this.#last.id) {
          return this.#doubt(
            `expected ${this.#last.id} at ${this.#last.seq}, found ${delivery.id} at ${streamSequence}`,
          );
        }
        this.#note(pending);
        continue;
      }
      if (streamSequence <= this.#last.seq) return this.reset(`sequence ${streamSequence} ran backwards`);
      this.#last = { seq: delivery.seq, id: delivery.id };
      const room = this.#options.onDelivery(delivery);
      const asked = room ? await this.#waitFor(room, message.info) : null;
      this.#note(asked ?? pending);
    }
  }

  /** Waits until there is room; meanwhile asks what waits behind this message, and returns what it heard last. */
  async #waitFor(room: Promise<void>, after: DeliveryInfo): Promise<number | null> {
    let hasRoom = false;
    const end = room.then(() => {
      hasRoom = true;
    });
    let asked: number | null = null;
    for (;;) {
      const pause = Promise.withResolvers<void>();
      const timer = setTimeout(pause.resolve, PENDING_EVERY_MS);
      await Promise.race([end, pause.promise]);
      clearTimeout(timer);
      if (hasRoom || this.#isStopped) return asked;
      asked = (await this.#askPending(after)) ?? asked;
      this.#pending = asked ?? this.#pending;
    }
  }

  /** What the log has beyond a message: not sent yet, or sent and still on its way to here. */
  async #askPending({ consumer, deliverySequence }: DeliveryInfo): Promise<number | null> {
    try {
      const info = await this.#tools.manager.consumers.info(this.#streamName, consumer);
      return info.num_pending + info.delivered.consumer_seq - deliverySequence;
    } catch (error) {
      this.#tools.logger.debug({ err: error, consumer }, 'not known how much waits');
      return null;
    }
  }

  async #watch(messages: ConsumerMessages): Promise<void> {
    for await (const status of messages.status()) {
      if (this.#messages !== messages) return;
      const isGone =
        status.type === 'consumer_deleted' ||
        status.type === 'consumer_not_found' ||
        status.type === 'stream_not_found';
      const isBehind = status.type === 'heartbeat' && status.lastConsumerSequence > messages.getReceived();
      if (isGone || isBehind || status.type === 'heartbeats_missed') return this.reset(status.type);
    }
  }

  #note(pending: number): void {
    this.#pending = pending;
    if (pending === 0) this.#options.onCaughtUp();
  }

  /** The consumer did not find the last message: either it is behind, and the next one may do better, or the log is lost. */
  async #doubt(reason: string): Promise<void> {
    const leaders = await this.#askLeader();
    if (this.#isStopped) return;
    if (leaders === 'has another or none') this.#broken(reason);
    else this.reset(`${reason}; the leader ${leaders}`);
  }

  /** What the stream's leader says of the last message. */
  async #askLeader(): Promise<'has it' | 'has another or none' | 'is silent'> {
    const { seq, id } = this.#last;
    try {
      const stored = await this.#tools.manager.streams.getMessage(this.#streamName, { seq });
      return stored?.header.get(ID_HEADER) === id ? 'has it' : 'has another or none';
    } catch (error) {
      this.#tools.logger.debug({ err: error, subject: this.#subject }, 'the leader did not answer');
      return 'is silent';
    }
  }

  #broken(reason: string): void {
    this.#end();
    this.#discard();
    this.#options.onBroken(reason);
  }

  /** Nobody waits for the deletion: where the consumer died with its server, the answer is a silence of seconds. */
  #discard(): void {
    const name = this.#consumerName;
    this.#consumerName = null;
    this.#messages?.stop();
    this.#messages = null;
    if (name !== null) void this.#delete(name);
  }

  async #delete(name: string): Promise<void> {
    try {
      await this.#tools.manager.consumers.delete(this.#streamName, name);
    } catch (error) {
      // It is gone already, or the server is away; an unused one removes itself.
      this.#tools.logger.debug({ err: error, consumer: name }, 'consumer not deleted');
    }
  }
}
