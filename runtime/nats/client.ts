/** The client on NATS and Postgres: commands as `asker.ts` does it, reads by SQL, events from their stream. */
import { Objm } from '@nats-io/obj';
import type { NatsConnection } from '@nats-io/transport-node';
import { ARTIFACT_BUCKET, NODE_HEARTBEATS } from '#protocols/subjects.ts';
import type { Client, ClusterHealth } from '../client.ts';
import type { Logger } from '../logger.ts';
import type { Reads } from '../reads.ts';
import { Asker } from './asker.ts';
import { pastEvents, watchEvents } from './events.ts';
import { NODE_LEASE_MS, type NodeHeartbeat, parseHeartbeat } from './membership.ts';
import { askPast } from './past.ts';

/** The client on connections that somebody else owns and closes. */
export function buildClient(parts: { connection: NatsConnection; reads: Reads; logger: Logger }): Client {
  const { connection, reads, logger } = parts;
  const asker = new Asker(connection, reads);
  const nodes = new NodeWatch(connection);
  return {
    ask: (command) => asker.ask(command),
    get: (address) => reads.get(address),
    list: (query) => reads.list(query),
    past: (request) => askPast(connection, request),
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
