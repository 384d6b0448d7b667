/** The streams: made once, checked at every start, made again when they are gone. One that can't keep the promises is refused. */
import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import { z } from 'zod';
import { type Lane, laneStream, STREAM_SUBJECTS, STREAMS } from '#protocols/subjects.ts';
import { assertClock } from '../clock-difference.ts';
import { findFaults } from './stream-faults.ts';

const MIB = 1024 * 1024;
const DAY_MS = 24 * 3_600_000;
const STREAM_NOT_FOUND = 10_059;
const STREAM_NAME_IN_USE = 10_058;
const API_TIMEOUT_MS = 5_000;
const CLUSTER_KEY = 'oio_cluster';

export interface StreamsOptions {
  readonly clusterId: string;
  readonly replicas: number;
  /** A lane's stream made anew begins here: above every cursor that the store knows. */
  readonly firstSeq: number;
  /** The event stream made anew begins here: above all that viewers have seen. */
  readonly eventsFirstSeq: number;
}

/** Makes the streams that are missing; throws, saying what and how to mend it, where one is not as it must be. */
export async function ensureStreams(connection: NatsConnection, options: StreamsOptions): Promise<void> {
  const manager = await openManager(connection);
  for (const config of configs(options)) await ensureStream(manager, config, options);
}

/** How many copies the streams have: as told; else one, where one server is all there is. */
export function decideReplicas(connection: NatsConnection, told: number | undefined): number {
  const cluster = connection.info?.cluster;
  if (told !== undefined || cluster === undefined) return told ?? 1;
  throw new Error(
    `the NATS server belongs to cluster ${cluster}, and OIO_REPLICAS is not set: with one copy, a server that dies ` +
      'takes its streams with it. Set OIO_REPLICAS=3, or OIO_REPLICAS=1 if that is borne.',
  );
}

/** Throws where the servers' time is far from this node's: what messages and timers go by. */
export async function checkNatsClock(connection: NatsConnection, nowMs: () => number): Promise<void> {
  const manager = await openManager(connection);
  const askedAtMs = nowMs();
  const info = await manager.streams.info(laneStream('data'));
  const answer = z.object({ ts: z.string() }).safeParse(info);
  const theirsMs = answer.success ? Date.parse(answer.data.ts) : Number.NaN;
  if (Number.isNaN(theirsMs)) throw new Error('the NATS server does not say what time it has');
  assertClock({ name: 'the NATS server', theirsMs, askedAtMs, answeredAtMs: nowMs() });
}

/** Throws where the streams that are there belong to another cluster than the database. */
export async function checkPairing(connection: NatsConnection, clusterId: string): Promise<void> {
  const manager = await openManager(connection);
  for (const name of Object.values(STREAMS)) {
    const found = await findStream(manager, name);
    if (found) assertOurs(found, clusterId);
  }
}

/** How full a lane's stream is, 0 to 1. */
export async function fullnessOf(connection: NatsConnection, lane: Lane): Promise<number> {
  const manager = await jetstreamManager(connection, { timeout: API_TIMEOUT_MS, checkAPI: false });
  const { config, state } = await manager.streams.info(laneStream(lane));
  return config.max_bytes > 0 ? state.bytes / config.max_bytes : 0;
}

/** The sequence of the newest event. */
export async function newestEventOf(connection: NatsConnection): Promise<number> {
  const manager = await jetstreamManager(connection, { timeout: API_TIMEOUT_MS, checkAPI: false });
  return (await manager.streams.info(STREAMS.events)).state.last_seq;
}

async function openManager(connection: NatsConnection): Promise<JetStreamManager> {
  try {
    return await jetstreamManager(connection, { timeout: API_TIMEOUT_MS });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const mend = 'start nats-server with `jetstream: { store_dir: … }`, and let this account use it';
    throw new Error(`JetStream does not answer on this NATS server: ${reason}. ${mend}.`, { cause: error });
  }
}

function configs({ replicas, clusterId, firstSeq, eventsFirstSeq }: StreamsOptions): Partial<StreamConfig>[] {
  const common = {
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    num_replicas: replicas,
    max_msg_size: MIB,
    duplicate_window: nanos(120_000),
    metadata: { [CLUSTER_KEY]: clusterId },
  };
  const log = { ...common, discard: DiscardPolicy.New, first_seq: firstSeq, max_consumers: -1 };
  return [
    { ...log, name: STREAMS.data, subjects: [STREAM_SUBJECTS.MAILBOX], max_bytes: 2_048 * MIB },
    { ...log, name: STREAMS.control, subjects: [STREAM_SUBJECTS.CONTROL], max_bytes: 256 * MIB },
    {
      ...common,
      name: STREAMS.events,
      subjects: [STREAM_SUBJECTS.EVENTS],
      discard: DiscardPolicy.Old,
      first_seq: eventsFirstSeq,
      max_bytes: 1_024 * MIB,
      max_age: nanos(7 * DAY_MS),
    },
  ];
}

async function ensureStream(
  manager: JetStreamManager,
  config: Partial<StreamConfig>,
  options: StreamsOptions,
): Promise<void> {
  const name = config.name ?? '';
  const found = (await findStream(manager, name)) ?? (await addStream(manager, { ...config, name }));
  if (!found) return;
  assertOurs(found, options.clusterId);
  const faults = findFaults(found, config);
  if (faults.length === 0) return;
  throw new Error(
    `stream ${name} can't keep its promises: ${faults.join(', ')}. Mend it with \`nats stream edit ${name}\`; what ` +
      'can not be edited: stop all nodes, remove it, and the next node makes it anew and reads again.',
  );
}

function assertOurs(found: StreamConfig, clusterId: string): void {
  const owner = found.metadata?.[CLUSTER_KEY];
  if (owner === clusterId) return;
  const whose = owner === undefined ? 'was not made by this system' : `belongs to cluster ${owner}`;
  throw new Error(
    `stream ${found.name} ${whose}, this database to cluster ${clusterId}: ` +
      'NATS_URL and DATABASE_URL point at two different installations',
  );
}

/** Null when it was made; what is there when another node was quicker, and began it elsewhere. */
async function addStream(
  manager: JetStreamManager,
  config: Partial<StreamConfig> & { name: string },
): Promise<StreamConfig | null> {
  try {
    await manager.streams.add(config);
    return null;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === STREAM_NAME_IN_USE) {
      return findStream(manager, config.name);
    }
    throw error;
  }
}

async function findStream(manager: JetStreamManager, name: string): Promise<StreamConfig | null> {
  try {
    return (await manager.streams.info(name)).config;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND) return null;
    throw error;
  }
}
