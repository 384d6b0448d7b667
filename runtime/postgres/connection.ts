/**
 * Connections to Postgres: few, each statement with a deadline; and what the cluster is, as it stands there.
 *
 * C1. The server ends a statement at its deadline. Of a server that is gone without a word, or frozen, nothing comes: a
 *     busy connection that is silent for longer is destroyed, and its statement fails with an unknown outcome.
 * C2. Statements go by their indexes. A plan that was made while a table was small, and is kept, would read the whole
 *     table once it has grown, until past the deadline of the statement: nothing would ever be loaded again.
 * C3. Each statement is planned once. By the estimates for a young database the server would plan the commit anew each
 *     time, which takes longer than carrying it out.
 */
import { connect, type Socket } from 'node:net';
import postgres from 'postgres';
import { ARRAY_TYPES } from './array-types.ts';

export type Sql = postgres.Sql<{ bigint: number }>;
/** A piece of a statement. Sent as a statement where it is awaited: never hand it through a promise by itself. */
export type Fragment = postgres.PendingQuery<postgres.Row[]>;
/** What a statement needs: the pool, or a transaction. */
export type Statements = postgres.ISql<{ bigint: number }>;

const STATEMENT_TIMEOUT_MS = 10_000;
/** Whoever holds a row for longer is stuck: the statement ends, and what it was for is tried again. */
const LOCK_TIMEOUT_MS = 5_000;
/** Longer than any statement; idle connections are closed before, so that only busy ones can be so silent. */
const SILENT_MS = 15_000;
const IDLE_S = 10;
/** Between two tries to connect; the library's own pause grows to 20 s. */
const RECONNECT_S = { least: 0.1, most: 0.5 } as const;

/** Opens a pool. Nothing is connected before the first query. */
export function connectPostgres(options: { url: string; name: string; connectionsMax: number }): Sql {
  // The library's types leave `socket` out.
  const settings = {
    max: options.connectionsMax,
    connect_timeout: 5,
    idle_timeout: IDLE_S,
    backoff: () => RECONNECT_S.least + Math.random() * (RECONNECT_S.most - RECONNECT_S.least),
    socket: openSocket,
    max_lifetime: null,
    onnotice: ignoreNotice,
    fetch_types: false,
    connection: {
      application_name: options.name,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      lock_timeout: LOCK_TIMEOUT_MS,
      idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
      enable_seqscan: 'off',
      plan_cache_mode: 'force_generic_plan',
      // Where a table must be read whole all the same, its cost, set out of reach, would call the compiler.
      jit: 'off',
    },
    types: {
      ...ARRAY_TYPES,
      // Sequences, epochs and counters stay far below 2^53.
      bigint: {
        to: 20,
        from: [20],
        parse: (text: string) => Number(text),
        serialize: (value: number) => value.toString(),
      },
    },
  };
  return postgres(options.url, settings);
}

let attempts = 0;

/** The library hands over what it made of the address; of several hosts each is tried in turn. */
function openSocket({ host, port, path }: { host: string[]; port: number[]; path: string | false }): Socket {
  const index = attempts++ % port.length;
  const name = host[index] ?? 'localhost';
  const socket = path ? connect(path) : connect(port[index] ?? 5_432, name);
  socket.setTimeout(SILENT_MS, () => {
    socket.destroy(new Error(`Postgres at ${path || name} was silent for ${SILENT_MS} ms`));
  });
  // The library reads the name for TLS here.
  return Object.assign(socket, { host: name });
}

export interface Cluster {
  readonly id: string;
  readonly partitionCount: number;
  /** The highest cursor of any partition: a stream made anew begins above it. */
  readonly cursorMax: number;
  /** How far the event stream was when a node last looked. */
  readonly eventsSeq: number;
}

/**
 * The cluster's row; the first node writes it, with `firstCount` partitions. A node that was told another number than
 * it has, `toldCount`, is refused.
 */
export async function openCluster(
  sql: Sql,
  { firstCount, toldCount }: { firstCount: number; toldCount?: number | undefined },
): Promise<Cluster> {
  await sql`INSERT INTO cluster (partition_count) VALUES (${firstCount}) ON CONFLICT DO NOTHING`;
  const [cluster] = await sql<
    { id: string; partition_count: number; events_seq: number }[]
  >`SELECT id, partition_count, events_seq FROM cluster`;
  if (!cluster) throw new Error('the cluster has no row although it was just written');
  const count = cluster.partition_count;
  if (toldCount !== undefined && toldCount !== count) {
    throw new Error(
      `OIO_PARTITIONS is ${toldCount}, this cluster has ${count} partitions for good: every actor would be ` +
        `looked for elsewhere. Set OIO_PARTITIONS=${count}, or leave it out.`,
    );
  }
  await sql`
    INSERT INTO partitions (id) SELECT generate_series(0, ${count}::int - 1)
    ON CONFLICT DO NOTHING`;
  const [cursor] = await sql<{ max: number | null }[]>`
    SELECT max(greatest(cursor, control_cursor)) AS max FROM partitions`;
  return {
    id: cluster.id,
    partitionCount: count,
    cursorMax: cursor?.max ?? 0,
    eventsSeq: cluster.events_seq,
  };
}

/** The cluster's id, where a node has opened it. */
export async function findClusterId(sql: Sql): Promise<string | null> {
  const [cluster] = await sql<{ id: string }[]>`SELECT id FROM cluster`;
  return cluster?.id ?? null;
}

/** Notes how far the event stream is; it never goes back. */
export async function noteEventsSeq(sql: Sql, seq: number): Promise<void> {
  await sql`UPDATE cluster SET events_seq = ${seq} WHERE events_seq < ${seq}`;
}

/** Notices of `IF NOT EXISTS` and the like; the library would print them. */
function ignoreNotice(): void {
  return;
}
