/** Puts a node together on real servers. Kinds come from outside: the runtime knows no session. */
import { randomBytes } from 'node:crypto';
import type { ActorKind } from '#protocols/actor.ts';
import { hearAgent } from './agents-door.ts';
import type { Client } from './client.ts';
import { systemClock } from './clock.ts';
import { codeVersion } from './code-version.ts';
import type { NodeConfig } from './config.ts';
import { buildFolding } from './folding.ts';
import { serveHealth } from './health.ts';
import type { Logger } from './logger.ts';
import { buildMetrics } from './metrics.ts';
import { buildClient } from './nats/client.ts';
import { connectNats, leave, type NatsConnection } from './nats/connection.ts';
import { openNatsLog } from './nats/log.ts';
import { NatsMembership } from './nats/membership.ts';
import { servePast } from './nats/past.ts';
import { NatsRemote, openObjects } from './nats/remote.ts';
import { ensureStreams, fullnessOf } from './nats/streams.ts';
import { NODE_SETTINGS, type NodeSettings, RuntimeNode } from './node.ts';
import { checkPostgres, connectPostgres, openCluster, type Sql } from './postgres/connection.ts';
import { PostgresPast } from './postgres/past.ts';
import { PostgresReads } from './postgres/reads.ts';
import { PostgresStore } from './postgres/store.ts';
import { UPKEEP_SETTINGS, Upkeep } from './upkeep.ts';

export interface RunningNode {
  readonly id: string;
  readonly node: RuntimeNode;
  /** Hands its partitions over and closes everything. */
  stop(): Promise<void>;
}

const CONNECTIONS_MAX = 6;
/** A stream made anew leaves this gap above the highest cursor. */
const FIRST_SEQ_GAP = 1_000;

/** Connects, checks both stores, and starts the node. Throws, saying what is wrong, with nothing left open. */
export async function startNode(
  config: NodeConfig,
  parts: { kinds: readonly ActorKind[]; logger: Logger },
): Promise<RunningNode> {
  const { logger } = parts;
  const name = `oio-${config.OIO_NODE_ID}`;
  const sql = connectPostgres({ url: config.DATABASE_URL, name, connectionsMax: CONNECTIONS_MAX });
  let connection: NatsConnection | null = null;
  try {
    await checkPostgres(sql);
    connection = await connectNats({ url: config.NATS_URL, name, logger });
    return await assemble(config, { ...parts, sql, connection });
  } catch (error) {
    await connection?.close();
    await sql.end({ timeout: 1 });
    throw error;
  }
}

export interface ClientOptions {
  readonly natsUrl: string;
  readonly databaseUrl: string;
  readonly name: string;
  readonly logger: Logger;
}

/** Connects to both stores; throws where one of them is not there. The cluster must have been opened by a node. */
export async function startClient(options: ClientOptions): Promise<Client> {
  const { natsUrl, databaseUrl, name, logger } = options;
  const connection = await connectNats({ url: natsUrl, name, logger });
  const sql = connectPostgres({ url: databaseUrl, name, connectionsMax: 4 });
  try {
    const reads = new PostgresReads(sql);
    const client = buildClient({ connection, reads, logger });
    return {
      ...client,
      async stop() {
        await client.stop();
        await leave(connection);
        await sql.end({ timeout: 5 });
      },
    };
  } catch (error) {
    await connection.close();
    await sql.end({ timeout: 1 });
    throw error;
  }
}

interface Connections {
  readonly kinds: readonly ActorKind[];
  readonly logger: Logger;
  readonly sql: Sql;
  readonly connection: NatsConnection;
}

function settingsOf(config: NodeConfig): NodeSettings {
  const raiseVersionsAfterMs = config.OIO_RAISE_STATES_SECONDS * 1_000;
  return { ...NODE_SETTINGS, twiceEvery: config.OIO_TWICE_EVERY, raiseVersionsAfterMs };
}

async function assemble(config: NodeConfig, parts: Connections): Promise<RunningNode> {
  const { sql, connection, logger, kinds } = parts;
  const openStreams = async () => {
    const cluster = await openCluster(sql, config.OIO_PARTITIONS);
    const firstSeq = cluster.cursorMax === 0 ? 1 : cluster.cursorMax + FIRST_SEQ_GAP;
    await ensureStreams(connection, { clusterId: cluster.id, replicas: config.OIO_REPLICAS, firstSeq });
    return cluster;
  };
  const { partitionCount } = await openStreams();
  const code = codeVersion(config.OIO_BUILD);
  const store = new PostgresStore(sql, code);
  await store.maintain();
  const mend = async () => {
    logger.error({}, 'a stream is gone, making it anew');
    await openStreams();
  };
  const log = await openNatsLog(connection, logger, mend);
  const objects = await openObjects(connection, config.OIO_REPLICAS);
  const remote = new NatsRemote(connection, logger);
  const metrics = buildMetrics();
  const id = `${config.OIO_NODE_ID}.${randomBytes(4).toString('hex')}`;
  const membership = new NatsMembership(connection, systemClock);
  const shared = { store, log, clock: systemClock, logger, metrics, kinds, partitionCount };
  const node = new RuntimeNode({
    ...shared,
    id,
    membership,
    remote,
    settings: settingsOf(config),
  });
  const { routes } = node;
  const past = new PostgresPast(sql);
  const folding = buildFolding({ ...shared, past, code, held: () => node.held() });
  const upkeep = new Upkeep({
    ...shared,
    node,
    routes,
    ...folding,
    fullness: (lane) => fullnessOf(connection, lane),
    settings: { ...UPKEEP_SETTINGS, idleMs: config.OIO_IDLE_SECONDS * 1_000 },
  });
  const client = buildClient({ connection, reads: new PostgresReads(sql), logger });
  remote.onHeartbeat((speaker) => upkeep.heard(speaker));
  remote.serve((speaker, body) => hearAgent({ client, objects, isControl: routes.isControl }, speaker, body));
  servePast(connection, folding.answer, logger);
  await node.start();
  upkeep.start();
  const health = await serveHealth(config.OIO_NODE_PORT, { node, metrics });
  return {
    id,
    node,
    async stop() {
      health?.close();
      await upkeep.stop();
      await node.drain(config.OIO_DRAIN_SECONDS * 1_000);
      await remote.stop();
      await client.stop();
      await leave(connection);
      await store.stop();
    },
  };
}
