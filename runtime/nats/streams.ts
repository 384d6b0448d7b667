/** The streams and buckets: made once, checked at every start. A stream that can't keep the promises is refused. */
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
import { type Lane, laneStream, STREAM_SUBJECTS, STREAMS } from '#protocols/subjects.ts';

const MIB = 1024 * 1024;
const DAY_MS = 24 * 3_600_000;
const STREAM_NOT_FOUND = 10_059;
const STREAM_NAME_IN_USE = 10_058;
const CLUSTER_KEY = 'oio_cluster';

export interface StreamsOptions {
  readonly clusterId: string;
  readonly replicas: number;
  /** A stream made anew begins here: above every cursor that the store knows. */
  readonly firstSeq: number;
}

/** Makes the streams that are missing; throws, saying what and how to mend it, where one is not as it must be. */
export async function ensureStreams(connection: NatsConnection, options: StreamsOptions): Promise<void> {
  const manager = await jetstreamManager(connection, { timeout: 5_000 });
  for (const config of configs(options)) await ensureStream(manager, config, options);
}

/** How full a lane's stream is, 0 to 1. */
export async function fullnessOf(connection: NatsConnection, lane: Lane): Promise<number> {
  const manager = await jetstreamManager(connection, { timeout: 5_000, checkAPI: false });
  const { config, state } = await manager.streams.info(laneStream(lane));
  return config.max_bytes > 0 ? state.bytes / config.max_bytes : 0;
}

function configs({ replicas, clusterId, firstSeq }: StreamsOptions): Partial<StreamConfig>[] {
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
  const owner = found.metadata?.[CLUSTER_KEY];
  if (owner !== undefined && owner !== options.clusterId) {
    throw new Error(
      `stream ${name} belongs to cluster ${owner}, this database to ${options.clusterId}: ` +
        'NATS_URL and DATABASE_URL point at two different installations',
    );
  }
  const faults = [
    found.storage !== StorageType.File && 'storage must be file',
    found.retention !== RetentionPolicy.Limits && 'retention must be limits',
    found.discard !== config.discard && `discard must be ${config.discard}`,
    found.num_replicas < options.replicas && `replicas must be ${options.replicas}`,
  ].filter((fault) => fault !== false);
  if (faults.length > 0) throw new Error(`stream ${name} can't keep its promises: ${faults.join(', ')}`);
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
