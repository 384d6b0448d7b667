/**
 * A private nats-server: JetStream under a data folder, a free port, monitoring on loopback only.
 *
 * N1. It is reported started only when it accepts connections and JetStream is enabled.
 * N2. One server per folder: nats-server itself would let two write the same store.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type Child, type Exit, startChild } from './child.ts';
import { type LogLine, readNatsLine } from './log-line.ts';
import { commandOf } from './process-table.ts';
import { EXIT, reasonOf, StartFailure } from './start-failure.ts';

/**
 * A bound on all streams together. It does not follow the free space: a bound that shrank below what the
 * streams reserve would keep them from coming back.
 */
const FILE_STORE_BYTES_MAX = 16 * 1024 ** 3;
const MEMORY_STORE_BYTES_MAX = 256 * 1024 ** 2;
const PAYLOAD_BYTES_MAX = 1024 ** 2;
const READY_MS = 60_000;
const STOP_MS = 10_000;

const Ports = z.object({ nats: z.array(z.string()).min(1), monitoring: z.array(z.string()).min(1) });

export interface NatsServerOptions {
  readonly binary: string;
  readonly dataDir: string;
  /** Default: a free one. */
  readonly port?: number;
  readonly onLog?: (line: LogLine) => void;
  /** Lines for the end of its configuration: who may do what. */
  readonly settings?: readonly string[];
}

export interface NatsServer {
  readonly url: string;
  readonly monitoringUrl: string;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  kill(name: NodeJS.Signals): void;
  stop(): Promise<void>;
}

export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const { binary, dataDir, onLog } = options;
  const configFile = prepare(options);
  const faults: string[] = [];
  const child = await startChild({
    command: binary,
    parameters: ['--config', configFile],
    onLine: (line) => {
      const read = readNatsLine(line);
      if (read.level === 'error') faults.push(read.message);
      onLog?.(read);
    },
  });
  try {
    const ports = await ready(child, dataDir);
    return {
      url: ports.nats.find((url) => url.includes('127.0.0.1')) ?? ports.nats[0] ?? '',
      monitoringUrl: ports.monitoring[0] ?? '',
      pid: child.pid,
      exited: child.exited,
      kill: child.kill,
      stop: async () => {
        // Both end it at once; SIGTERM first, for SIGINT is a person's.
        await child.stop({ signals: ['SIGTERM'], deadlineMs: STOP_MS });
      },
    };
  } catch (thrown) {
    await child.stop({ signals: ['SIGTERM'], deadlineMs: STOP_MS });
    throw failure(dataDir, faults, thrown);
  }
}

/** Writes the configuration; refuses a folder that can't be used or that another server uses. */
function prepare({ dataDir, port, settings = [] }: NatsServerOptions): string {
  const configFile = join(dataDir, 'nats-server.conf');
  try {
    mkdirSync(join(dataDir, 'ports'), { recursive: true, mode: 0o700 });
    const pid = readPid(join(dataDir, 'nats-server.pid'));
    if (pid !== null && commandOf(pid)?.includes(configFile)) {
      throw new StartFailure(
        EXIT.dataFolder,
        `The folder ${dataDir} is in use by nats-server, process ${pid}.`,
      );
    }
    rmSync(join(dataDir, 'ports'), { recursive: true, force: true });
    mkdirSync(join(dataDir, 'ports'));
    writeFileSync(configFile, [configuration(dataDir, port ?? -1), ...settings, ''].join('\n'), {
      mode: 0o600,
    });
    return configFile;
  } catch (thrown) {
    if (thrown instanceof StartFailure) throw thrown;
    throw new StartFailure(
      EXIT.dataFolder,
      `nats-server can't use the folder ${dataDir}: ${reasonOf(thrown)}`,
      {
        cause: thrown,
      },
    );
  }
}

function configuration(dataDir: string, port: number): string {
  return [
    '# Written at each start.',
    'server_name: oio-dev',
    'host: 127.0.0.1',
    `port: ${port}`,
    'http: "127.0.0.1:-1"',
    `max_payload: ${PAYLOAD_BYTES_MAX}`,
    `ports_file_dir: ${JSON.stringify(join(dataDir, 'ports'))}`,
    `pid_file: ${JSON.stringify(join(dataDir, 'nats-server.pid'))}`,
    'jetstream {',
    `  store_dir: ${JSON.stringify(dataDir)}`,
    `  max_file_store: ${FILE_STORE_BYTES_MAX}`,
    `  max_memory_store: ${MEMORY_STORE_BYTES_MAX}`,
    // The default lets two minutes of acknowledged messages wait in memory for a power failure.
    '  sync_interval: "1s"',
    '}',
    '',
  ].join('\n');
}

function readPid(file: string): number | null {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10) || null;
  } catch {
    // No file: nobody was here, or left in order.
    return null;
  }
}

async function ready(child: Child, dataDir: string): Promise<z.infer<typeof Ports>> {
  let exit: Exit | null = null;
  void child.exited.then((value) => {
    exit = value;
  });
  const file = join(dataDir, 'ports', `nats-server_${child.pid}.ports`);
  const deadline = performance.now() + READY_MS;
  while (exit === null && performance.now() < deadline) {
    const ports = readPorts(file);
    if (ports !== null && (await isHealthy(ports.monitoring[0] ?? ''))) return ports;
    await sleep(20);
  }
  throw new Error(exit === null ? `it was not ready within ${READY_MS / 1000} s` : 'it exited');
}

function readPorts(file: string): z.infer<typeof Ports> | null {
  try {
    return Ports.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // Not written yet, or half: asked again.
    return null;
  }
}

async function isHealthy(monitoringUrl: string): Promise<boolean> {
  try {
    const response = await fetch(`${monitoringUrl}/healthz?js-enabled-only=true`, {
      signal: AbortSignal.timeout(1_000),
    });
    return response.ok;
  } catch {
    // Not listening yet.
    return false;
  }
}

function failure(dataDir: string, faults: readonly string[], thrown: unknown): StartFailure {
  const said = faults.slice(-3).join(' ');
  const text = `nats-server did not start on ${dataDir}: ${reasonOf(thrown)}${said && `: ${said}`}`;
  if (/no space left|disk quota/i.test(said))
    return new StartFailure(EXIT.dataFolder, `The disk is full. ${text}`);
  if (/permission denied|read-only file system|not a directory/i.test(said)) {
    return new StartFailure(EXIT.dataFolder, `The data folder can't be used. ${text}`);
  }
  return new StartFailure(EXIT.natsServer, text, { cause: thrown });
}
