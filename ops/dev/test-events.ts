/** Gateways for tests over the real event stream of one nats-server: what they read besides is in memory. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { App } from '#gateway/context.ts';
import type { LiveFeedLimits } from '#gateway/live-feed.ts';
import { buildServer } from '#gateway/server.ts';
import { type Address, formatAddress, parseAddress } from '#protocols/address.ts';
import { type Envelope, encodeEnvelope } from '#protocols/envelope.ts';
import type { EventRecord } from '#protocols/events.ts';
import { partitionOf } from '#protocols/partition.ts';
import { eventSubject, type Lane, laneSubject } from '#protocols/subjects.ts';
import { buildLogger } from '#runtime/logger.ts';
import { watchEvents } from '#runtime/nats/events.ts';
import { buildMessages } from '#runtime/nats/messages.ts';
import { pastPage } from '#runtime/nats/past-page.ts';
import { ensureStreams } from '#runtime/nats/streams.ts';
import { MemoryClient } from '#runtime/testing/client.ts';
import { findNatsServer } from './nats-binary.ts';
import { type NatsServer, startNatsServer } from './nats-server.ts';

const PARTITIONS = 64;

export interface LiveGateway {
  readonly app: App;
  /** `http://127.0.0.1:…` */
  readonly address: string;
}

export class EventServer {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly #nats: NatsServer;
  readonly #folder: string;
  readonly #gateways: LiveGateway[] = [];

  private constructor(parts: {
    nats: NatsServer;
    folder: string;
    connection: NatsConnection;
    manager: JetStreamManager;
  }) {
    this.#nats = parts.nats;
    this.#folder = parts.folder;
    this.connection = parts.connection;
    this.manager = parts.manager;
  }

  get natsUrl(): string {
    return this.#nats.url;
  }

  static async start(env: NodeJS.ProcessEnv): Promise<EventServer> {
    const folder = await mkdtemp(join(tmpdir(), 'oio-events-'));
    const nats = await startNatsServer({
      binary: await findNatsServer({ env }),
      dataDir: folder,
    });
    const connection = await connect({ servers: nats.url });
    const manager = await jetstreamManager(connection);
    const server = new EventServer({ nats, folder, connection, manager });
    await server.makeStream(1);
    return server;
  }

  /** Makes the streams where they are missing; events begin at `firstSeq`. */
  async makeStream(firstSeq: number): Promise<void> {
    const options = { clusterId: 'test', replicas: 1, firstSeq: 1, eventsFirstSeq: firstSeq };
    await ensureStreams(this.connection, options);
  }

  async gateway(feedLimits: Partial<LiveFeedLimits> = {}): Promise<LiveGateway> {
    const logger = buildLogger({ level: 'silent', role: 'gateway' });
    const client = new MemoryClient();
    client.watchEvents = (onEvent) => watchEvents({ connection: this.connection, logger }, onEvent);
    client.pastPage = (query) => pastPage(this.connection, query);
    const reads = { cluster: async () => ({ partitionCount: PARTITIONS }) };
    const messages = buildMessages({ connection: this.connection, reads, logger });
    Object.defineProperty(client, 'messages', { value: messages });
    const config = { tenant: 'dev', consoleDir: '/nonexistent', askTimeoutMs: 1_000, auth: 'off' as const };
    const now = Date.now;
    const app = buildServer({ client, config, logger, feedLimits, now });
    const gateway = { app, address: await app.listen({ port: 0, host: '127.0.0.1' }) };
    this.#gateways.push(gateway);
    return gateway;
  }

  /** Puts a message into the log of its partition, as a node or a gateway would. */
  async send(lane: Lane, envelope: Envelope): Promise<number> {
    const subject = laneSubject(lane, partitionOf(parseAddress(envelope.to), PARTITIONS));
    const ack = await jetstream(this.connection).publish(subject, encodeEnvelope(envelope), {
      msgID: envelope.id,
    });
    return ack.seq;
  }

  /** Publishes an event as the runtime would. Returns its sequence. */
  publish(address: Address, name: string, payload: Record<string, unknown> = {}): Promise<number> {
    return this.record(address, name, { payload });
  }

  /** The same, with more of the record told. */
  async record(address: Address, name: string, part: Partial<EventRecord>): Promise<number> {
    const record: EventRecord = {
      id: crypto.randomUUID(),
      address: formatAddress(address),
      name,
      version: 1,
      at: new Date().toISOString(),
      cause: 'cause',
      root: 'root',
      payload: {},
      ...part,
    };
    const { seq } = await jetstream(this.connection).publish(
      eventSubject(address, name),
      JSON.stringify(record),
    );
    return seq;
  }

  async newestSeq(): Promise<number> {
    return (await this.manager.streams.info('EVENTS')).state.last_seq;
  }

  async stop(): Promise<void> {
    for (const { app } of this.#gateways) await app.close();
    await this.connection.close();
    await this.#nats.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
