/** Puts a node together on real servers. Kinds come from outside: the runtime knows no session. */
import { randomBytes } from 'node:crypto';
import type { ActorKind } from '#protocols/actor.ts';
import { PARTITIONS_DEFAULT } from '#protocols/partition.ts';
import { type DoorHost, hearAgent } from './agents-door.ts';
import { NODE_BOUNDS } from './bounds.ts';
import type { Client } from './client.ts';
import { systemClock } from './clock.ts';
import { codeVersion } from './code-version.ts';
import type { NodeConfig } from './config.ts';
import type { Ports } from './failpoints.ts';
import { buildFolding } from './folding.ts';
import { serveHealth } from './health.ts';
import { takeAloneIn } from './isolation-process.ts';
import { Keeper } from './keeper.ts';
import { LockMirror } from './lock-mirror.ts';
import type { Logger } from './logger.ts';
import { buildMetrics } from './metrics.ts';
import { buildClient } from './nats/client.ts';
import { connectNats, leave, type NatsConnection } from './nats/connection.ts';
import { tellLoads } from './nats/loads.ts';
import { NatsLockBucket } from './nats/lock-bucket.ts';
import { NatsLockFeed } from './nats/lock-feed.ts';
import { openNatsLog } from './nats/log.ts';
import { NatsMembership } from './nats/membership.ts';
import { Mirrors } from './nats/mirrors.ts';
import { onceReady } from './nats/once-ready.ts';
import { servePast } from './nats/past.ts';
import { NatsRemote, openObjects } from './nats/remote.ts';
import {
  checkNatsClock,
  checkPairing,
  decideReplicas,
  ensureStreams,
  fullnessOf,
  newestEventOf,
} from './nats/streams.ts';
import { RuntimeNode } from './node.ts';
import { NODE_SETTINGS, type NodeSettings } from './node-options.ts';
import { checkPostgres } from './postgres/check.ts';
import {
  type Cluster,
  connectPostgres,
  findClusterId,
  noteEventsSeq,
  openCluster,
  type Sql,
} from './postgres/connection.ts';
import { readLockTables } from './postgres/lock-tables.ts';
import { PostgresPast } from './postgres/past.ts';
import { PostgresReads } from './postgres/reads.ts';
import { PostgresStore } from './postgres/store.ts';
import type { Remote } from './remote.ts';
import type { ToolsOffer } from './tools-door.ts';
import { UPKEEP_SETTINGS, Upkeep } from './upkeep.ts';

export interface RunningNode {
  readonly id: string;
  readonly node: RuntimeNode;
  /** Hands its partitions over and closes everything. */
  stop(): Promise<void>;
}

/** What a node is made of beside its settings. */
export interface NodeParts {
  readonly kinds: readonly ActorKind[];
  readonly kindsModule: URL;
  readonly logger: Logger;
  /** For tests: what stands between the node and its stores. */
  readonly intercept?: (ports: Ports) => Ports;
  /** For tests: how long the log is kept behind the cursors. */
  readonly journalMs?: number;
}

const CONNECTIONS_MAX = 6;
const MIB = 1024 * 1024;
/** A stream made anew leaves this gap above the highest cursor. */
const FIRST_SEQ_GAP = 1_000;
/** More events than can come between two notes of how far they are. */
const EVENTS_SEQ_GAP = 1_000_000;
const LOOK_EVERY_MS = 5_000;
const MIRROR_EVERY_MS = 500;
const KEEPER_STOP_MS = 1_000;

/**
 * Connects, checks both stores, and starts the node. Throws, saying what is wrong, with nothing left open.
 * `kindsModule` exports the same kinds as ACTOR_KINDS, for the process in which a turn is taken alone.
 */
export async function startNode(config: NodeConfig, parts: NodeParts): Promise<RunningNode> {
  const { logger } = parts;
  const name = `oio-${config.OIO_NODE_ID}`;
  const sql = connectPostgres({ url: config.DATABASE_URL, name, connectionsMax: CONNECTIONS_MAX });
  let connection: NatsConnection | null = null;
  try {
    await checkPostgres(sql, Date.now);
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
    const clusterId = await findClusterId(sql).catch(() => null);
    if (clusterId !== null) await checkPairing(connection, clusterId);
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

interface Connections extends NodeParts {
  readonly sql: Sql;
  readonly connection: NatsConnection;
}

async function assemble(config: NodeConfig, parts: Connections): Promise<RunningNode> {
  const { sql, connection, logger, kinds } = parts;
  const replicas = decideReplicas(connection, config.OIO_REPLICAS);
  const openStreams = () => openBoth({ sql, connection, replicas, toldCount: config.OIO_PARTITIONS });
  const { partitionCount } = await onceReady(openStreams, { logger });
  await checkNatsClock(connection, Date.now);
  const code = codeVersion(config.OIO_BUILD);
  const postgresStore = new PostgresStore(sql, code);
  await postgresStore.maintain();
  const mend = async () => {
    logger.error({}, 'a stream is gone, making it anew');
    await openStreams();
  };
  const natsLog = await openNatsLog(connection, logger, mend);
  const { store, log } = (parts.intercept ?? bare)({ store: postgresStore, log: natsLog });
  const objects = await onceReady(() => openObjects(connection, replicas), { logger });
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
    takeAlone: takeAloneIn({ kindsModule: parts.kindsModule, logger }),
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
    settings: {
      journalMs: parts.journalMs ?? UPKEEP_SETTINGS.journalMs,
      idleMs: config.OIO_IDLE_SECONDS * 1_000,
    },
  });
  const client = buildClient({ connection, reads: new PostgresReads(sql), logger });
  remote.onHeartbeat((speaker) => upkeep.heard(speaker));
  serveAgents(remote, { client, objects, isControl: routes.isControl, tools: offerOf(config) });
  servePast(connection, folding.answer, logger);
  await node.start();
  const stopTelling = tellLoads(connection, () => node.loadReport());
  upkeep.start();
  const keeping = keep({ ...parts, replicas, node, id, openStreams });
  const health = await serveHealth(config, { node, metrics });
  return {
    id,
    node,
    async stop() {
      health?.close();
      stopTelling();
      await upkeep.stop();
      await node.drain(config.OIO_DRAIN_SECONDS * 1_000);
      await keeping.stop();
      await remote.stop();
      await client.stop();
      await leave(connection);
      await store.stop();
    },
  };
}

function settingsOf(config: NodeConfig): NodeSettings {
  return {
    ...NODE_SETTINGS,
    movesPercentMax: config.OIO_MOVE_PERCENT,
    raiseVersionsAfterMs: config.OIO_RAISE_STATES_SECONDS * 1_000,
    twiceEvery: config.OIO_TWICE_EVERY,
    bounds: { ...NODE_BOUNDS, actorBytesMax: config.OIO_ACTOR_MEMORY_MB * MIB },
  };
}

/** The cluster as both stores know it; what is missing is made. */
async function openBoth(parts: {
  readonly sql: Sql;
  readonly connection: NatsConnection;
  readonly replicas: number;
  readonly toldCount: number | undefined;
}): Promise<Cluster> {
  const { sql, connection, replicas, toldCount } = parts;
  const cluster = await openCluster(sql, { firstCount: toldCount ?? PARTITIONS_DEFAULT, toldCount });
  const isNew = cluster.cursorMax === 0 && cluster.eventsSeq === 0;
  await ensureStreams(connection, {
    clusterId: cluster.id,
    replicas,
    firstSeq: cluster.cursorMax === 0 ? 1 : cluster.cursorMax + FIRST_SEQ_GAP,
    eventsFirstSeq: isNew ? 1 : cluster.eventsSeq + EVENTS_SEQ_GAP,
  });
  return cluster;
}

interface Kept extends Connections {
  readonly id: string;
  readonly node: RuntimeNode;
  readonly replicas: number;
  openStreams(): Promise<unknown>;
}

/** What is looked after while the node runs. */
function keep({ sql, connection, logger, id, node, replicas, openStreams }: Kept): {
  stop(): Promise<void>;
} {
  const startedAt = new Date().toISOString();
  const mirrors = new Mirrors(connection, { replicas, nowMs: () => systemClock.now() });
  const show = () => {
    const report = node.report();
    const busy = report.stalled ? 'stalled' : 'working';
    const state = report.draining ? 'draining' : report.joining ? 'joining' : busy;
    return mirrors.show({ id, state, partitions: report.partitions.length, startedAt }, node.owned());
  };
  const look = async () => {
    await openStreams();
    await openObjects(connection, replicas);
    await noteEventsSeq(sql, await newestEventOf(connection));
  };
  const jobs = [
    { name: 'streams', everyMs: LOOK_EVERY_MS, run: look },
    { name: 'mirrors', everyMs: MIRROR_EVERY_MS, run: show },
  ];
  const keeper = new Keeper(jobs, { clock: systemClock, logger });
  const locks = new LockMirror({
    bucket: new NatsLockBucket(connection, replicas),
    feed: new NatsLockFeed(connection, logger),
    readTables: (partitions) => readLockTables(sql, partitions),
    held: () => node.held(),
    clock: systemClock,
    logger,
  });
  locks.start();
  return {
    async stop() {
      const late = new AbortController();
      const leave = Promise.all([keeper.stop(), locks.stop()]).then(() => mirrors.hide(id));
      // Without NATS nobody can be told; the entry ends by itself.
      const left = leave.catch((error: unknown) => logger.debug({ err: error }, 'node still shown'));
      await Promise.race([left, systemClock.sleep(KEEPER_STOP_MS, late.signal)]);
      late.abort();
    },
  };
}

function bare(ports: Ports): Ports {
  return ports;
}

function serveAgents(remote: Remote, door: DoorHost): void {
  remote.serve((speaker, body) => hearAgent(door, speaker, body));
}

function offerOf({ OIO_MCP_URL: url, OIO_TASK_KEY: key }: NodeConfig): ToolsOffer | null {
  return url === undefined || key === undefined ? null : { url, key };
}
