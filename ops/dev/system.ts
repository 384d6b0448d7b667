/**
 * The whole system on one machine: both services, the schema, and our processes, started in the order in
 * which they need each other and stopped in the reverse.
 *
 * Y1. start either resolves with all parts ready, or rejects with none of them running.
 * Y2. A process of ours that dies is started again; where a service dies, or a process keeps dying,
 *     `broken` resolves and the owner stops the rest.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { migrate } from '../migrate.ts';
import type { Exit } from './child.ts';
import { buildConsole, isConsoleBuilt } from './console-build.ts';
import type { DataFolder } from './data-folder.ts';
import { GATEWAY_FLAGS } from './gateway-flags.ts';
import type { LogStream } from './log-stream.ts';
import {
  type ProcessOptions,
  type RunningProcess,
  type Services,
  startProcess,
  startServices,
} from './stack.ts';
import { EXIT, reasonOf, StartFailure } from './start-failure.ts';
import { type Supervised, supervise } from './supervise.ts';

export interface SystemOptions {
  readonly folder: DataFolder;
  readonly logs: LogStream;
  readonly host: string;
  readonly port: number;
  readonly nodes: number;
  readonly hasAgent: boolean;
  readonly natsUrl?: string | undefined;
  readonly databaseUrl?: string | undefined;
  /** Added to the environment of our processes. */
  readonly env?: NodeJS.ProcessEnv;
  /** Ends a start that is under way; a running system is ended by stop(). */
  readonly signal: AbortSignal;
}

export interface System {
  readonly url: string;
  readonly natsUrl: string;
  readonly databaseUrl: string;
  readonly broken: Promise<StartFailure>;
  stop(): Promise<void>;
}

const ANSWER_MS = 30_000;

/** What must be stopped, in the order in which it was started. */
type Part = { readonly role: string; stop(): Promise<void> };

export async function startSystem(options: SystemOptions): Promise<System> {
  const { logs, folder } = options;
  const parts: Part[] = [];
  const stop = (): Promise<void> => stopAll(parts, logs);
  try {
    await prepareConsole(options);
    const services = await startBoth(options);
    parts.push({ role: 'services', stop: services.stop });
    await prepareSchema(services.databaseUrl, logs);
    const processes = await startProcesses(options, services, parts);
    await answersReady(options);
    writeAddresses(folder, services);
    return {
      url: addressOf(options),
      natsUrl: services.natsUrl,
      databaseUrl: services.databaseUrl,
      broken: Promise.race([...deaths(services), ...processes.map((process) => process.broken)]),
      stop: async () => {
        rmSync(addressesFile(folder), { force: true });
        await stop();
      },
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

/** The gateway's, from this machine. */
function addressOf({ host, port }: SystemOptions): string {
  return `http://${host === '127.0.0.1' || host === '0.0.0.0' ? 'localhost' : host}:${port}`;
}

/** Addresses with passwords, for further processes: `node --env-file=.oio/stack.env runtime/main.ts`. */
export function addressesFile(folder: DataFolder): string {
  return join(folder.path, 'stack.env');
}

function writeAddresses(folder: DataFolder, { natsUrl, databaseUrl }: Services): void {
  const file = addressesFile(folder);
  // Made anew, so that its mode is ours whatever was there.
  rmSync(file, { force: true });
  writeFileSync(file, `NATS_URL=${natsUrl}\nDATABASE_URL=${databaseUrl}\n`, { mode: 0o600 });
}

async function prepareConsole({ logs, signal }: SystemOptions): Promise<void> {
  if (isConsoleBuilt()) return;
  logs.say('info', 'console: building');
  const startedAt = performance.now();
  await buildConsole(signal);
  logs.say('info', 'console: built', { ms: Math.round(performance.now() - startedAt) });
}

async function startBoth(options: SystemOptions): Promise<Services> {
  const { folder, logs, natsUrl, databaseUrl, signal } = options;
  logs.say('info', 'services: starting', {
    nats: natsUrl === undefined ? 'private' : 'NATS_URL',
    postgres: databaseUrl === undefined ? 'private' : 'DATABASE_URL',
  });
  return startServices({
    dataDir: folder.path,
    folder,
    natsUrl,
    databaseUrl,
    signal,
    onLog: (service, line) => logs.service(service, line),
    onProgress: (service, message) => logs.say('info', `${service}: ${message}`),
  });
}

async function prepareSchema(databaseUrl: string, logs: LogStream): Promise<void> {
  try {
    await migrate(databaseUrl);
  } catch (thrown) {
    throw new StartFailure(
      EXIT.postgres,
      `The database's schema could not be brought up to date: ${reasonOf(thrown)}`,
      {
        cause: thrown,
      },
    );
  }
  logs.say('info', 'services: ready, the schema is up to date');
}

/**
 * The agent starts beside nodes and gateway, for its opencode takes as long as they do; it asks to join
 * until a node answers. Where one fails, the others' starts are ended and waited for before that is told.
 */
async function startProcesses(
  options: SystemOptions,
  services: Services,
  parts: Part[],
): Promise<readonly Supervised[]> {
  const failing = new AbortController();
  const signal = AbortSignal.any([options.signal, failing.signal]);
  const lines = plan(options, services).map(async (line) => {
    const started: Supervised[][] = [];
    try {
      for (const step of line) {
        signal.throwIfAborted();
        started.push(await startStep(step, { ...options, signal }));
      }
    } catch (thrown) {
      failing.abort(thrown);
    }
    return started;
  });
  // Noted in the order of their lines, whoever was ready first: stopping goes backwards through it.
  const steps = (await Promise.all(lines)).flat();
  for (const step of steps) {
    parts.push({ role: step.map(({ role }) => role).join(' '), stop: () => stopEach(step) });
  }
  signal.throwIfAborted();
  return steps.flat();
}

/** Starts the processes of a step together; if one fails, those that are up are stopped. */
async function startStep(step: readonly ProcessOptions[], options: SystemOptions): Promise<Supervised[]> {
  const settled = await Promise.allSettled(step.map((process) => startSupervised(process, options)));
  const started = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = settled.find((one) => one.status === 'rejected');
  if (!failed) return started;
  await stopEach(started);
  throw failed.reason;
}

/** Lines that start beside each other; in a line, step after step; in a step, all together. */
function plan(
  options: SystemOptions,
  { natsUrl, databaseUrl }: Services,
): readonly (readonly (readonly ProcessOptions[])[])[] {
  const { folder, logs, host, port, nodes, hasAgent } = options;
  const shared = { NATS_URL: natsUrl, DATABASE_URL: databaseUrl, OIO_TENANT: 'dev', ...options.env };
  const gateway = { HOST: host, PORT: String(port), OIO_RATE_LIMIT: 'off' };
  const make = (role: string, file: string, env: NodeJS.ProcessEnv): ProcessOptions => ({
    role,
    file,
    env: { ...shared, ...env },
    onLine: (line) => logs.line(role, line),
  });
  // The key is for this start alone: with it end the tokens that it made.
  const tools = { OIO_TASK_KEY: randomBytes(32).toString('base64url') };
  const mcpUrl = `${addressOf(options)}/mcp`;
  const workDir = join(folder.path, 'agent');
  mkdirSync(workDir, { recursive: true, mode: 0o700 });
  const names = Array.from({ length: nodes }, (_, index) => `node-${index + 1}`);
  return [
    [
      names.map((name) => ({
        ...make(name, 'runtime/main.ts', { OIO_NODE_ID: name, OIO_MCP_URL: mcpUrl, ...tools }),
        keepsCode: true,
      })),
      // On one's own machine nobody is kept from asking much.
      [
        {
          ...make('gateway', 'gateway/main.ts', { ...gateway, ...tools }),
          keepsCode: true,
          flags: GATEWAY_FLAGS,
        },
      ],
    ],
    hasAgent ? [[makeAgent(make, workDir)]] : [],
  ];
}

function makeAgent(
  make: (role: string, file: string, env: NodeJS.ProcessEnv) => ProcessOptions,
  workDir: string,
): ProcessOptions {
  return make('agent', 'actors/remote/opencode/main.ts', {
    OIO_AGENT_NAME: 'AGENT-OPENCODE-1',
    OIO_WORK_DIR: workDir,
  });
}

function startSupervised(
  process: ProcessOptions,
  { folder, logs, signal }: SystemOptions,
): Promise<Supervised> {
  return supervise({
    role: process.role,
    startSignal: signal,
    start: async () => {
      const started: RunningProcess = await startProcess(process);
      folder.remember(process.role, started.pid);
      void started.exited.then(() => folder.forget(started.pid));
      return started;
    },
    onRestart: (message, fields) => logs.say('warn', message, fields),
  });
}

/** Processes that run have not yet shared the partitions: the gateway knows when there is somebody for each. */
async function answersReady({ host, port, signal }: SystemOptions): Promise<void> {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host;
  const url = `http://${reachable}:${port}/ready`;
  const deadline = performance.now() + ANSWER_MS;
  let last = '';
  while (performance.now() < deadline) {
    signal.throwIfAborted();
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
      last = `${response.status} ${await response.text()}`;
      if (response.ok) return;
    } catch (thrown) {
      last = reasonOf(thrown);
    }
    await sleep(50);
  }
  throw new StartFailure(
    EXIT.notReady,
    `GET ${url} did not answer 200 within ${ANSWER_MS / 1000} s: ${last}`,
  );
}

/** A service that dies takes the rest with it: what they were told may not be written. */
function deaths({ nats, postgres }: Services): readonly Promise<StartFailure>[] {
  const tell = (role: string, exitCode: typeof EXIT.natsServer | typeof EXIT.postgres) => (exit: Exit) =>
    new StartFailure(
      exitCode,
      `${role} died (${exit.signal ?? `exit code ${exit.code}`}); stopping everything.`,
    );
  return [
    ...(nats ? [nats.exited.then(tell('nats-server', EXIT.natsServer))] : []),
    ...(postgres ? [postgres.exited.then(tell('Postgres', EXIT.postgres))] : []),
  ];
}

async function stopAll(parts: Part[], logs: LogStream): Promise<void> {
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    try {
      await part.stop();
    } catch (thrown) {
      // The others must still be stopped; this one is ended by the next start.
      logs.say('error', `${part.role} could not be stopped`, { reason: reasonOf(thrown) });
    }
  }
}

async function stopEach(processes: readonly Supervised[]): Promise<void> {
  await Promise.all(processes.map((process) => process.stop()));
}
