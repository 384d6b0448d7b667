/** The client on NATS and Postgres: commands as `asker.ts` does it, reads by SQL, events from their stream. */
import { Objm } from '@nats-io/obj';
import type { NatsConnection } from '@nats-io/transport-node';
import { ARTIFACT_BUCKET, agentHeartbeat, agentIn, agentOut } from '#protocols/subjects.ts';
import type { Client, ClusterHealth } from '../client.ts';
import { systemClock } from '../clock.ts';
import { acquireLock, type LockWaitHost } from '../lock-wait.ts';
import type { Logger } from '../logger.ts';
import { orderCommand } from '../order.ts';
import type { Reads } from '../reads.ts';
import { Asker } from './asker.ts';
import { NatsClusterNews } from './cluster-news.ts';
import { within } from './deadline.ts';
import { pastEvents, watchEvents } from './events.ts';
import { LockNews } from './lock-news.ts';
import { buildMessages } from './messages.ts';
import { NodeWatch } from './node-watch.ts';
import { askPast } from './past.ts';
import { pastPage } from './past-page.ts';
import { listen, request } from './spoken.ts';

const OBJECT_WITHIN_MS = 30_000;
/** Sooner than whoever asks for the health gives up. */
const PING_WITHIN_MS = 2_000;

/** The client on connections that somebody else owns and closes. */
export function buildClient(parts: { connection: NatsConnection; reads: Reads; logger: Logger }): Client {
  const { connection, reads, logger } = parts;
  const asker = new Asker(connection, reads);
  const nodes = new NodeWatch(connection);
  const news = new LockNews(connection);
  const told = new NatsClusterNews(connection);
  const waits: LockWaitHost = {
    clock: systemClock,
    ask: (command) => asker.ask(command),
    get: (address) => reads.get(address),
    hearLocks: (tenant, onEvent) => news.hear(tenant, onEvent),
  };
  return {
    ask: (command, options) => asker.ask(command, options),
    acquireLock: (command, withinMs) => acquireLock(waits, command, withinMs),
    supervise: (order) => asker.ask(orderCommand(order)),
    suspended: (limit) => reads.suspended(limit),
    supervised: (address) => reads.supervised(address),
    get: (address) => reads.get(address),
    list: (query) => reads.list(query),
    countByStatus: (tenant, type) => reads.countByStatus(tenant, type),
    inspect: (address) => reads.inspect(address),
    partitions: () => reads.partitions(),
    deadLetters: reads.deadLetters,
    past: (request) => askPast(connection, request),
    watchEvents: (onEvent) => watchEvents({ connection, logger }, onEvent),
    pastEvents: (query) => pastEvents(connection, query),
    pastPage: (query) => pastPage(connection, query),
    readObject: (name) => within(readObject(connection, name), OBJECT_WITHIN_MS, 'reading an artifact'),
    deleteObject: (name) => within(deleteObject(connection, name), OBJECT_WITHIN_MS, 'deleting an artifact'),
    async heartbeat({ tenant, agent }, heartbeat) {
      connection.publish(agentHeartbeat(tenant, agent), JSON.stringify(heartbeat));
      await within(connection.flush(), PING_WITHIN_MS, 'a heartbeat');
    },
    say: ({ tenant, agent }, body, timeoutMs) =>
      request(connection, agentOut(tenant, agent), { body, timeoutMs }),
    hearAsked: ({ tenant, agent, instance }, onAsked) =>
      listen(connection, agentIn(tenant, agent, instance), onAsked),
    health: () => health(connection, reads, nodes),
    news: () => told.news(),
    agentsHeard: (tenant) => told.agentsHeard(tenant),
    watchCluster: (onChanges) => nodes.onChanges(onChanges),
    messages: buildMessages({ connection, reads, logger }),
    async stop() {
      asker.stop();
      nodes.stop();
      news.stop();
      told.stop();
    },
  };
}

async function readObject(connection: NatsConnection, name: string): Promise<Uint8Array | null> {
  return (await new Objm(connection).open(ARTIFACT_BUCKET)).getBlob(name);
}

async function deleteObject(connection: NatsConnection, name: string): Promise<void> {
  const bucket = await new Objm(connection).open(ARTIFACT_BUCKET);
  const there = await bucket.info(name);
  if (there && !there.deleted) await bucket.delete(name);
}

async function health(connection: NatsConnection, reads: Reads, nodes: NodeWatch): Promise<ClusterHealth> {
  const alive = nodes.alive();
  const able = alive.filter(({ heartbeat }) => !heartbeat.stalled);
  const owned = new Set(able.flatMap(({ heartbeat }) => heartbeat.partitions));
  const [nats, cluster] = await Promise.all([
    within(connection.rtt(), PING_WITHIN_MS, 'ping').then(
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
      stalled: heartbeat.stalled,
      stuck: heartbeat.stuck,
      heardMsAgo,
    })),
  };
}
