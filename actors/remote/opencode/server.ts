/**
 * One opencode server as a child process. It listens on the loopback address with a password made for this start,
 * serves any number of directories at once, and is watched: who waits for work also waits for `exited`.
 *
 * O1. `startServer` returns a server that has answered its health check, or fails within `startMs`.
 * O2. After `stop`, or after this process died in any way, no process of the server is left.
 * O3. Of a server that was started in the same home before none is left when another one starts.
 * O4. The child sees only the environment named here: nothing leaks into it by accident.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createOpencodeClient, type OpencodeClient } from '@opencode-ai/sdk/v2/client';
import { AttemptFailure } from './failure.ts';
import { prepareHome } from './home.ts';
import { endLeftServer, noteServer } from './left-server.ts';
import { buildAskingPermissions, toPermissionConfig } from './permissions.ts';
import { endMarked, MARK } from './processes.ts';
import { startWatchdog } from './watchdog.ts';

export type ServerOptions = {
  readonly homeDirectory: string;
  /** opencode's own configuration: providers, models and the rest of its format. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What the child sees beside what it needs: PATH, and names of keys that the configuration refers to. */
  readonly environment: Readonly<Record<string, string>>;
  /** People can be asked: what its sessions and their sub-agents want to change or reach is asked for. */
  readonly asksPeople?: boolean;
  readonly binary?: string;
  readonly startMs?: number;
};

export type ServerExit = {
  readonly code: number | null;
  readonly signal: string | null;
  /** The last lines it wrote, for the one who asks why. */
  readonly lastOutput: string;
};

export type OpencodeServer = {
  readonly url: string;
  readonly pid: number;
  readonly version: string;
  readonly client: OpencodeClient;
  readonly toolOutputDirectory: string;
  readonly exited: Promise<ServerExit>;
  hasExited(): boolean;
  /** Ends what tools have left running inside a directory, such as a development server. */
  endLeftovers(directory: string): Promise<void>;
  stop(): Promise<void>;
};

const START_MS = 30_000;
const STOP_MS = 5_000;
const HEALTH_EVERY_MS = 100;
const HEALTH_MS = 2_000;
const OUTPUT_CHARS_KEPT = 4_000;

/** Where npm put opencode's program. */
export function findOpencode(): string {
  const manifest = createRequire(import.meta.url).resolve('opencode-ai/package.json');
  return join(dirname(manifest), 'bin', 'opencode.exe');
}

export async function startServer(options: ServerOptions): Promise<OpencodeServer> {
  const home = await prepareHome(options.homeDirectory);
  await endLeftServer(home.directory);
  const password = randomBytes(24).toString('base64url');
  const mark = randomUUID();
  await noteServer(home.directory, mark);
  const port = await findPort();
  const child = spawn(
    options.binary ?? findOpencode(),
    ['serve', '--pure', '--hostname', '127.0.0.1', '--port', String(port)],
    {
      cwd: home.directory,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...options.environment,
        ...home.environment,
        ...buildSettings(withPermissions(options, home.toolOutputDirectory), password),
        [MARK]: mark,
      },
    },
  );
  const output = keepOutput(child);
  const exited = awaitExit(child, output);
  const pid = child.pid;
  if (pid === undefined) {
    const { lastOutput } = await exited;
    throw new AttemptFailure('OPENCODE_UNAVAILABLE', `opencode could not be started: ${lastOutput}`);
  }

  const watchdog = startWatchdog(pid, mark);
  // Whatever ended it: its tools' commands do not outlive it.
  const ended = exited.then(async () => {
    watchdog.stop();
    await endMarked(mark);
  });
  const stop = () => stopGroup(pid, ended);
  try {
    const deadline = Date.now() + (options.startMs ?? START_MS);
    const url = await awaitAddress({ child, output, deadline });
    const client = buildClient(url, password);
    const version = await awaitHealth({ child, client, deadline });
    return {
      url,
      pid,
      version,
      client,
      toolOutputDirectory: home.toolOutputDirectory,
      exited,
      hasExited: () => hasEnded(child),
      endLeftovers: (directory) => endMarked(mark, directory),
      stop,
    };
  } catch (cause) {
    await stop();
    const last = output.text.trim().split('\n').slice(-5).join('\n');
    throw new AttemptFailure(
      'OPENCODE_UNAVAILABLE',
      `opencode did not become ready. Its last words: ${last}`,
      cause,
    );
  }
}

/**
 * A port that nobody has. Left to itself, opencode takes the same one each time, and connections that we keep open to
 * a server that was killed would be used for its successor.
 */
async function findPort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A permission that its configuration names goes before ours. */
function withPermissions({ config, asksPeople = false }: ServerOptions, toolOutputDirectory: string) {
  if (!asksPeople) return config;
  return { permission: toPermissionConfig(buildAskingPermissions(toolOutputDirectory)), ...config };
}

function buildSettings(config: Readonly<Record<string, unknown>>, password: string): Record<string, string> {
  const quiet = { autoupdate: false, share: 'disabled', snapshot: false, lsp: false, formatter: false };
  // What was rejected without a word of why is no end of the work either.
  const experimental = { continue_loop_on_deny: true };
  return {
    OPENCODE_CONFIG_CONTENT: JSON.stringify({ ...quiet, experimental, ...config }),
    OPENCODE_SERVER_PASSWORD: password,
    // The project's own opencode.json could name programs to start and other endpoints for our keys.
    OPENCODE_DISABLE_PROJECT_CONFIG: '1',
    OPENCODE_DISABLE_AUTOUPDATE: '1',
    OPENCODE_DISABLE_MODELS_FETCH: '1',
    OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
    OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
    OPENCODE_DISABLE_CLAUDE_CODE: '1',
    OPENCODE_DISABLE_EXTERNAL_SKILLS: '1',
    OPENCODE_DISABLE_EMBEDDED_WEB_UI: '1',
    OPENCODE_EXPERIMENTAL_DISABLE_FILEWATCHER: '1',
    OPENCODE_DISABLE_SHARE: '1',
  };
}

function buildClient(url: string, password: string): OpencodeClient {
  const credentials = Buffer.from(`opencode:${password}`).toString('base64');
  return createOpencodeClient({ baseUrl: url, headers: { authorization: `Basic ${credentials}` } });
}

type Output = { text: string };

/** Reads the pipes always, so that the child never blocks on a full one, and keeps the end. */
function keepOutput(child: ChildProcess): Output {
  const output: Output = { text: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8');
    stream?.on('data', (chunk: string) => {
      output.text = (output.text + chunk).slice(-OUTPUT_CHARS_KEPT);
    });
  }
  return output;
}

function awaitExit(child: ChildProcess, output: Output): Promise<ServerExit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal, lastOutput: output.text }));
    child.once('error', (error) => resolve({ code: null, signal: null, lastOutput: error.message }));
  });
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

type Waiting = { readonly child: ChildProcess; readonly deadline: number };

async function awaitAddress({
  child,
  output,
  deadline,
}: Waiting & { readonly output: Output }): Promise<string> {
  while (Date.now() < deadline && !hasEnded(child)) {
    const url = /listening on (http:\/\/\S+)/.exec(output.text)?.[1];
    if (url !== undefined) return url;
    await sleep(HEALTH_EVERY_MS);
  }
  throw new Error(hasEnded(child) ? `it ended with code ${child.exitCode}` : 'it named no address in time');
}

async function awaitHealth({
  child,
  client,
  deadline,
}: Waiting & { readonly client: OpencodeClient }): Promise<string> {
  while (Date.now() < deadline && !hasEnded(child)) {
    const { data } = await client.global.health({ signal: AbortSignal.timeout(HEALTH_MS) });
    if (data?.healthy === true) return data.version;
    await sleep(HEALTH_EVERY_MS);
  }
  throw new Error('it did not answer its health check in time');
}

async function stopGroup(pid: number, ended: Promise<void>): Promise<void> {
  signalGroup(pid, 'SIGTERM');
  const force = setTimeout(() => signalGroup(pid, 'SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(force);
  // What the server had started in its group is not always gone with it.
  signalGroup(pid, 'SIGKILL');
}

function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // No such group: it has ended.
  }
}
