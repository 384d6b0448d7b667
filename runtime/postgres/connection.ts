/**
 * Connections to Postgres: few, each statement with a deadline; and the refusal of a server that can't keep promises.
 *
 * C1. The server ends a statement at its deadline. Of a server that is gone without a word, or frozen, nothing comes: a
 *     busy connection that is silent for longer is destroyed, and its statement fails with an unknown outcome.
 * C2. Statements go by their indexes. A plan that was made while a table was small, and is kept, would read the whole
 *     table once it has grown, until past the deadline of the statement: nothing would ever be loaded again.
 */
import { connect, type Socket } from 'node:net';
import postgres from 'postgres';

export type Sql = postgres.Sql<{ bigint: number }>;
/** What a statement needs: the pool, or a transaction. */
export type Statements = postgres.ISql<{ bigint: number }>;

const STATEMENT_TIMEOUT_MS = 10_000;
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
    connection: {
      application_name: options.name,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
      enable_seqscan: 'off',
      // Where a table must be read whole all the same, its cost, set out of reach, would call the compiler.
      jit: 'off',
    },
    types: {
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

/** Throws where the server is set so that a commit could be lost, saying which setting and why. */
export async function checkPostgres(sql: Sql): Promise<void> {
  await reach(sql);
  const [row] = await sql<{ version: number; fsync: string; pages: string; sync: string }[]>`
    SELECT current_setting('server_version_num')::int AS version, current_setting('fsync') AS fsync,
           current_setting('full_page_writes') AS pages, current_setting('synchronous_commit') AS sync`;
  if (!row) throw new Error('Postgres did not answer');
  const faults = [
    row.version < 150_000 && 'the server must be version 15 or newer',
    row.fsync !== 'on' && 'fsync is off: an acknowledged command could be lost with the power',
    row.pages !== 'on' && 'full_page_writes is off: a crash could tear a page',
    row.sync === 'off' && 'synchronous_commit is off: an acknowledged command could be lost with a crash',
  ].filter((fault) => fault !== false);
  if (faults.length > 0) throw new Error(`Postgres can't keep the promises: ${faults.join('; ')}`);
}

/** The server answers and has our tables; else an error with the mend. */
async function reach(sql: Sql): Promise<void> {
  let isThere: boolean | undefined;
  try {
    [{ isThere } = { isThere: false }] = await sql<
      { isThere: boolean }[]
    >`SELECT to_regclass('dead_letters') IS NOT NULL AS "isThere"`;
  } catch (error) {
    const { host, port, database } = sql.options;
    const reason = error instanceof Error ? error.message || error.name : String(error);
    const mend = 'DATABASE_URL says where it is; `npm start` brings one of its own';
    throw new Error(`no Postgres at ${host}:${port}/${database}: ${reason}. ${mend}.`, { cause: error });
  }
  if (!isThere)
    throw new Error('the database has not the tables of this version: run `npm run migrate` first');
}

export interface Cluster {
  readonly id: string;
  readonly partitionCount: number;
  /** The highest cursor of any partition: a stream made anew begins above it. */
  readonly cursorMax: number;
}

/** The cluster's row; the first node writes it, with as many partitions as it was told. */
export async function openCluster(sql: Sql, partitionCount: number): Promise<Cluster> {
  await sql`INSERT INTO cluster (partition_count) VALUES (${partitionCount}) ON CONFLICT DO NOTHING`;
  const [cluster] = await sql<
    { id: string; partition_count: number }[]
  >`SELECT id, partition_count FROM cluster`;
  if (!cluster) throw new Error('the cluster has no row although it was just written');
  await sql`
    INSERT INTO partitions (id) SELECT generate_series(0, ${cluster.partition_count}::int - 1)
    ON CONFLICT DO NOTHING`;
  const [cursor] = await sql<{ max: number | null }[]>`
    SELECT max(greatest(cursor, control_cursor)) AS max FROM partitions`;
  return { id: cluster.id, partitionCount: cluster.partition_count, cursorMax: cursor?.max ?? 0 };
}

/** Notices of `IF NOT EXISTS` and the like; the library would print them. */
function ignoreNotice(): void {
  return;
}
