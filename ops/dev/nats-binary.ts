/**
 * Finds a nats-server, in this order: on PATH and new enough; in the cache folder; the official release,
 * checked against a pinned SHA-256; built by the Go toolchain from a pinned version. The last two fill
 * the cache folder, whole or not at all (made beside it, then renamed), so that starts may race.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { startChild } from './child.ts';
import { EXIT, reasonOf, StartFailure } from './start-failure.ts';

export const NATS_VERSION_MIN = '2.15.0';
/** What Go builds. */
const BUILD_VERSION = '2.15.2';
/** What is downloaded: the newest release whose checksums are at hand from the project's own image sources. */
const RELEASE = {
  version: '2.15.0',
  sha256: {
    'linux-amd64': '5d2c51caca950333aba84911df7d377f826f3a59ec36061c6539105084f65c92',
    'linux-arm64': 'cdc208f5a3f42963a52b6ab06ef65626bb870315dc936e26ba571780c6351112',
    'darwin-amd64': '5bd8b59ca5bf93fab3da2c5843cf564cd6e2e291e22ae3b861746e7ebe259b95',
    'darwin-arm64': 'e1c4e22d70bd44abfa0bcb3c16f7cf0c66f648c2e728c58924e8a1ce88913cc8',
  } as Readonly<Record<string, string>>,
} as const;
const MODULE = 'github.com/nats-io/nats-server/v2';
const CONNECT_MS = 3_000;
const DOWNLOAD_MS = 120_000;
const BUILD_MS = 600_000;
const PROGRESS_MS = 5_000;

export interface FindOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly onProgress?: (message: string) => void;
  readonly signal?: AbortSignal;
}

interface Search extends FindOptions {
  readonly cache: string;
  readonly tell: (message: string) => void;
  /** What was tried and why it was not it, for the error that ends a vain search. */
  readonly tried: string[];
}

/** The path of a nats-server that is new enough. */
export async function findNatsServer(options: FindOptions): Promise<string> {
  const cacheRoot = options.env.XDG_CACHE_HOME || join(options.env.HOME || homedir(), '.cache');
  const search: Search = {
    ...options,
    cache: join(cacheRoot, 'oio', 'nats-server'),
    tell: (message) => options.onProgress?.(message),
    tried: [],
  };
  for (const way of [onPath, inCache, fromRelease, fromGo]) {
    options.signal?.throwIfAborted();
    const found = await way(search);
    if (found !== null) return found;
  }
  throw new StartFailure(
    EXIT.natsServer,
    [
      `There is no nats-server ${NATS_VERSION_MIN} or newer. Tried:`,
      ...search.tried.map((line) => `  - ${line}`),
      'Any one of these helps: set NATS_URL to a running server; put nats-server on PATH; allow downloads from',
      'github.com; install Go from https://go.dev/dl, which builds it once.',
    ].join('\n'),
  );
}

/** True if `version` ('2.15.2', 'v2.15.2') is not older than `least`. */
export function isNewEnough(version: string, least: string): boolean {
  const [have, need] = [version, least].map((text) =>
    text.replace(/^v/, '').split('-', 1).join('').split('.').map(Number),
  );
  for (const [index, part] of (need ?? []).entries()) {
    const difference = (have?.[index] ?? 0) - part;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

async function onPath({ env, tried, signal }: Search): Promise<string | null> {
  const path = lookUp('nats-server', env);
  if (path === null) {
    tried.push('PATH: no nats-server there');
    return null;
  }
  const version = await versionOf(path, signal);
  if (version !== null && isNewEnough(version, NATS_VERSION_MIN)) return path;
  tried.push(`PATH: ${path} is ${version === null ? 'not a nats-server that runs' : `too old (${version})`}`);
  return null;
}

async function inCache({ cache, tried, signal }: Search): Promise<string | null> {
  for (const version of [BUILD_VERSION, RELEASE.version]) {
    const path = join(cache, version, 'nats-server');
    if (existsSync(path) && (await versionOf(path, signal)) === version) return path;
  }
  tried.push(`cache: nothing in ${cache}`);
  return null;
}

async function fromRelease({ cache, tried, tell, signal }: Search): Promise<string | null> {
  const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const sha256 = RELEASE.sha256[platform];
  if (sha256 === undefined) {
    tried.push(`release: no checksum is pinned for ${platform}`);
    return null;
  }
  const stem = `nats-server-v${RELEASE.version}-${platform}`;
  const url = `https://github.com/nats-io/nats-server/releases/download/v${RELEASE.version}/${stem}.tar.gz`;
  try {
    tell(`downloading the release ${RELEASE.version}`);
    const archive = await download(url, signal);
    const actual = createHash('sha256').update(archive).digest('hex');
    if (actual !== sha256) throw new Error(`its SHA-256 is ${actual}, pinned is ${sha256}`);
    return await install(join(cache, RELEASE.version), async (folder) => {
      writeFileSync(join(folder, 'release.tar.gz'), archive);
      await run('tar', ['-xzf', 'release.tar.gz', '--strip-components=1', `${stem}/nats-server`], {
        cwd: folder,
      });
      rmSync(join(folder, 'release.tar.gz'));
    });
  } catch (thrown) {
    signal?.throwIfAborted();
    tried.push(`release: ${url}: ${downloadFault(thrown)}`);
    return null;
  }
}

/** Gives up on the first answer after CONNECT_MS: without internet the next way shall not wait for this one. */
async function download(url: string, signal?: AbortSignal): Promise<Buffer> {
  const connect = new AbortController();
  const timer = setTimeout(() => connect.abort(new Error('no answer')), CONNECT_MS);
  const signals = [connect.signal, AbortSignal.timeout(DOWNLOAD_MS), ...(signal ? [signal] : [])];
  try {
    const response = await fetch(url, { signal: AbortSignal.any(signals) });
    clearTimeout(timer);
    if (!response.ok) throw new Error(`answered ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  } finally {
    clearTimeout(timer);
  }
}

function downloadFault(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return cause === undefined ? reasonOf(thrown) : `${reasonOf(thrown)} (${reasonOf(cause)})`;
}

async function fromGo(search: Search): Promise<string | null> {
  const { env, cache, tried } = search;
  const go = lookUp('go', { ...env, PATH: `${env.PATH ?? ''}${delimiter}/usr/local/go/bin` });
  if (go === null) {
    tried.push('Go: no go on PATH');
    return null;
  }
  try {
    return await install(join(cache, BUILD_VERSION), (folder) => build(go, folder, search));
  } catch (thrown) {
    search.signal?.throwIfAborted();
    tried.push(`Go: ${reasonOf(thrown)}`);
    return null;
  }
}

async function build(go: string, folder: string, { env, tell, signal }: Search): Promise<void> {
  const startedAt = performance.now();
  const seconds = (): number => Math.round((performance.now() - startedAt) / 1000);
  const lines: string[] = [];
  tell(`building ${BUILD_VERSION} with ${go} (once, about a minute)`);
  const progress = setInterval(() => tell(`building ${BUILD_VERSION} with go (${seconds()} s)`), PROGRESS_MS);
  const child = await startChild({
    command: go,
    parameters: ['install', '-trimpath', `${MODULE}@v${BUILD_VERSION}`],
    env: { ...env, GOBIN: folder, CGO_ENABLED: '0' },
    cwd: folder,
    onLine: (line) => {
      lines.push(line);
    },
  });
  const end = (): void => void child.stop({ signals: ['SIGTERM'], deadlineMs: 2_000 });
  const limit = setTimeout(end, BUILD_MS);
  signal?.addEventListener('abort', end, { once: true });
  const exit = await child.exited;
  signal?.removeEventListener('abort', end);
  clearTimeout(limit);
  clearInterval(progress);
  if (exit.code !== 0) {
    throw new Error(
      `build failed after ${seconds()} s (${exit.signal ?? exit.code}): ${lines.slice(-3).join(' ')}`,
    );
  }
  tell(`built ${BUILD_VERSION} (${seconds()} s)`);
}

/** Fills a folder beside the wanted one and renames it there; who finds it there already keeps that one. */
async function install(target: string, fill: (folder: string) => Promise<void>): Promise<string> {
  mkdirSync(dirname(target), { recursive: true });
  const folder = mkdtempSync(`${target}.new-`);
  try {
    await fill(folder);
    const binary = join(target, 'nats-server');
    if (existsSync(binary) && (await versionOf(binary)) !== null) return binary;
    rmSync(target, { recursive: true, force: true });
    renameSync(folder, target);
    return binary;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function lookUp(name: string, env: NodeJS.ProcessEnv): string | null {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there or not executable: no.
    return false;
  }
}

async function versionOf(binary: string, signal?: AbortSignal): Promise<string | null> {
  try {
    const output = await run(binary, ['--version'], { timeout: 5_000, ...(signal && { signal }) });
    return /nats-server: v(\S+)/.exec(output)?.[1] ?? null;
  } catch {
    // It does not run: it is none.
    return null;
  }
}

function run(
  command: string,
  parameters: readonly string[],
  options: { cwd?: string; timeout?: number; signal?: AbortSignal },
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, [...parameters], options, (error, stdout, stderr) =>
      error ? reject(new Error(stderr.trim() || error.message)) : resolve(stdout),
    );
  });
}
