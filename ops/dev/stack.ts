/**
 * The parts of a running system, for `npm start`, for tests and for whoever else needs a real one:
 * the two services (started privately, or given by address) and our own processes.
 *
 * K1. Half a start is no start: where one part fails, what was started is stopped before the error leaves.
 * K2. stop() leaves no process, whatever state they are in, and may be called twice.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Exit, startChild } from './child.ts';
import { type DataFolder, openDataFolder } from './data-folder.ts';
import { checkNats, checkPostgres } from './given-services.ts';
import type { LogLine } from './log-line.ts';
import { findNatsServer } from './nats-binary.ts';
import { type NatsServer, startNatsServer } from './nats-server.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { EXIT, StartFailure } from './start-failure.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** Types are stripped and code is compiled once for all starts, not in each: a second and 16 MB of a gateway. */
const COMPILE_CACHE = join(ROOT, 'node_modules', '.cache', 'oio-code');
const TEST_PREFIX = 'oio-test-';
const READY_MS = 60_000;
const DRAIN_MS = 20_000;

export type Service = 'nats-server' | 'postgres';

export interface ServicesOptions {
  readonly dataDir: string;
  /** Given: used as it is; nothing is started in its place. */
  readonly natsUrl?: string | undefined;
  readonly databaseUrl?: string | undefined;
  readonly throwAway?: boolean;
  /** The data folder, if the caller holds it already; else it is opened here and released by stop(). */
  readonly folder?: DataFolder;
  readonly onLog?: (service: Service, line: LogLine) => void;
  readonly onProgress?: (service: Service, message: string) => void;
  readonly signal?: AbortSignal;
}

export interface Services {
  readonly natsUrl: string;
  readonly databaseUrl: string;
  /** Null where the service was given by address. */
  readonly nats: NatsServer | null;
  readonly postgres: Postgres | null;
  stop(): Promise<void>;
}

export async function startServices(options: ServicesOptions): Promise<Services> {
  const folder = options.folder ?? (await openDataFolder(options.dataDir, 'services'));
  const [nats, postgres] = await Promise.allSettled([
    startNats(options, folder),
    startDatabase(options, folder),
  ]);
  const running = [postgres, nats].flatMap((part) =>
    part.status === 'fulfilled' && part.value ? [part.value] : [],
  );
  const stop = async (): Promise<void> => {
    // Postgres first: its last writes are confirmed to processes that are gone by now, and it takes longer.
    for (const part of running) {
      await part.stop();
      folder.forget(part.pid);
    }
    if (!options.folder) folder.release();
  };
  const failed = [nats, postgres].find((part) => part.status === 'rejected');
  if (failed || nats.status === 'rejected' || postgres.status === 'rejected') {
    await stop();
    throw failed?.reason;
  }
  let stopping: Promise<void> | undefined;
  return {
    natsUrl: nats.value?.url ?? options.natsUrl ?? '',
    databaseUrl: postgres.value?.url ?? options.databaseUrl ?? '',
    nats: nats.value,
    postgres: postgres.value,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

/** Both services on a new folder under the system's temporary one, which goes with them. */
export async function startTestServices(): Promise<Services> {
  await sweepTestFolders();
  const dataDir = mkdtempSync(join(tmpdir(), TEST_PREFIX));
  const services = await startServices({ dataDir, throwAway: true });
  return {
    ...services,
    stop: async () => {
      await services.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** What a killed test run left: nobody holds its folder's lock, so its services are ended and it is removed. */
async function sweepTestFolders(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(TEST_PREFIX))) {
    const path = join(tmpdir(), name);
    try {
      const folder = await openDataFolder(path, 'sweep');
      folder.release();
      rmSync(path, { recursive: true, force: true });
    } catch (thrown) {
      // In use by a run beside this one, or another user's: not ours to clear.
      if (!(thrown instanceof StartFailure)) throw thrown;
    }
  }
}

async function startNats(options: ServicesOptions, folder: DataFolder): Promise<NatsServer | null> {
  if (options.natsUrl !== undefined) {
    await checkNats(options.natsUrl);
    return null;
  }
  const binary = await findNatsServer({
    env: process.env,
    onProgress: (message) => options.onProgress?.('nats-server', message),
    ...(options.signal && { signal: options.signal }),
  });
  const nats = await startNatsServer({
    binary,
    dataDir: join(folder.path, 'nats'),
    onLog: (line) => options.onLog?.('nats-server', line),
  });
  folder.remember('nats-server', nats.pid);
  return nats;
}

async function startDatabase(options: ServicesOptions, folder: DataFolder): Promise<Postgres | null> {
  if (options.databaseUrl !== undefined) {
    await checkPostgres(options.databaseUrl);
    return null;
  }
  const postgres = await startPostgres({
    dataDir: join(folder.path, 'postgres'),
    throwAway: options.throwAway ?? false,
    onLog: (line) => options.onLog?.('postgres', line),
  });
  folder.remember('postgres', postgres.pid);
  return postgres;
}

export interface ProcessOptions {
  /** For messages: `node-1`, `gateway`, … */
  readonly role: string;
  /** From the project's root: `runtime/main.ts`. */
  readonly file: string;
  /** What is compiled of it is kept for its next start. Not for one that runs others' programs: they would inherit it. */
  readonly keepsCode?: boolean;
  /** For Node, before the file. */
  readonly flags?: readonly string[];
  /** Added to our own environment. */
  readonly env?: NodeJS.ProcessEnv;
  readonly onLine?: (line: string) => void;
}

export interface RunningProcess {
  readonly pid: number;
  /** Resolves at its log line `ready`; rejects with a StartFailure if it exits before, or takes too long. */
  readonly ready: Promise<void>;
  readonly exited: Promise<Exit>;
  /** SIGTERM, which drains it; killed if it does not follow. */
  stop(): Promise<Exit>;
  kill(name: NodeJS.Signals): void;
}

/** Runs one of our programs as a process of its own. */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const lastLines: string[] = [];
  const isReady = Promise.withResolvers<void>();
  const child = await startChild({
    command: process.execPath,
    parameters: [...(options.flags ?? []), join(ROOT, options.file)],
    cwd: ROOT,
    env: {
      ...(options.keepsCode && { NODE_COMPILE_CACHE: COMPILE_CACHE }),
      ...process.env,
      ...options.env,
    },
    onLine: (line) => {
      lastLines.push(line);
      if (lastLines.length > 5) lastLines.shift();
      if (saysReady(line)) isReady.resolve();
      options.onLine?.(line);
    },
  });
  const fail = (what: string): void =>
    isReady.reject(new StartFailure(EXIT.notReady, `${options.role} ${what}: ${lastLines.join('\n')}`));
  const timer = setTimeout(() => fail(`was not ready within ${READY_MS / 1000} s`), READY_MS);
  void child.exited.then(({ code, signal }) => fail(`exited (${signal ?? code}) before it was ready`));
  // Handled here too: a failure that nobody awaits must not end the whole stack.
  const settled = (): void => clearTimeout(timer);
  void isReady.promise.then(settled, settled);
  return {
    pid: child.pid,
    ready: isReady.promise,
    exited: child.exited,
    stop: () => child.stop({ signals: ['SIGTERM'], deadlineMs: DRAIN_MS }),
    kill: child.kill,
  };
}

function saysReady(line: string): boolean {
  if (!line.includes('"msg":"ready"')) return false;
  try {
    return (JSON.parse(line) as { msg?: unknown }).msg === 'ready';
  } catch {
    // Not a log line of ours: it only looks like one.
    return false;
  }
}
