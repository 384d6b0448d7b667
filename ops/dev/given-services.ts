/** Services given by address: reached and new enough, or a failure that says so before anything is started. */
import { connect } from '@nats-io/transport-node';
import pg from 'pg';
import { isNewEnough, NATS_VERSION_MIN } from './nats-binary.ts';
import { EXIT, reasonOf, StartFailure } from './start-failure.ts';

const POSTGRES_VERSION_MIN = 15;
const CONNECT_MS = 5_000;

export async function checkNats(url: string): Promise<void> {
  const version = await versionOfNats(url);
  if (isNewEnough(version, NATS_VERSION_MIN)) return;
  throw new StartFailure(
    EXIT.natsServer,
    `The nats-server at NATS_URL (${withoutPassword(url)}) is ${version}; ${NATS_VERSION_MIN} or newer is needed.`,
  );
}

async function versionOfNats(url: string): Promise<string> {
  try {
    const { username, password, host } = new URL(url);
    const account =
      username === '' ? {} : { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
    const connection = await connect({ servers: host, timeout: CONNECT_MS, reconnect: false, ...account });
    const version = connection.info?.version ?? '0';
    await connection.close();
    return version;
  } catch (thrown) {
    throw new StartFailure(
      EXIT.natsServer,
      `There is no nats-server at NATS_URL (${withoutPassword(url)}): ${reasonOf(thrown)}`,
      { cause: thrown },
    );
  }
}

export async function checkPostgres(url: string): Promise<void> {
  const version = await versionOfPostgres(url);
  if (version >= POSTGRES_VERSION_MIN) return;
  throw new StartFailure(
    EXIT.postgres,
    `The Postgres at DATABASE_URL (${withoutPassword(url)}) is ${version}; ${POSTGRES_VERSION_MIN} or newer is needed.`,
  );
}

async function versionOfPostgres(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS });
  client.on('error', () => {
    // A connection that breaks while idle says so here; the query fails, and that is enough.
  });
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string }>(
      "select current_setting('server_version_num') as version",
    );
    return Math.floor(Number(rows[0]?.version ?? 0) / 10_000);
  } catch (thrown) {
    throw new StartFailure(
      EXIT.postgres,
      `There is no Postgres at DATABASE_URL (${withoutPassword(url)}): ${reasonOf(thrown)}`,
      { cause: thrown },
    );
  } finally {
    await client.end();
  }
}

/** An address fit for a log. */
export function withoutPassword(url: string): string {
  try {
    const parsed = new URL(url);
    if (parsed.password !== '') parsed.password = '***';
    return parsed.href;
  } catch {
    // Not an address: it may be a password by mistake, so none of it is shown.
    return 'an address that is none';
  }
}
