/**
 * The same counter service on other engines, asked by the same load in the same run. They live in a package of their
 * own under peers/, which is installed when it is first asked for.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { type Child, startChild } from '../dev/child.ts';
import { freePort } from '../dev/ports.ts';
import { addPlan, measureAsks } from './asks.ts';
import type { Bench, Prepared } from './bench.ts';
import { load, type Stage } from './stage.ts';

const FOLDER = join(import.meta.dirname, 'peers');
const INSTALL_MS = 600_000;
const WARM_UP_SECONDS = 6;
const REDIS_NAMES = ['redis-server', 'valkey-server'];

const run = promisify(execFile);

const FIGURES = {
  rate: { title: 'asks', unit: '/s' },
  p50: { title: 'p50', unit: 'ms' },
  p99: { title: 'p99', unit: 'ms' },
  frontUs: { title: 'processor per ask: engine', unit: 'µs' },
  loadUs: { title: 'processor per ask: load', unit: 'µs' },
} as const;

/** Starts what a peer needs beside its service. */
type Begin = (stage: Stage) => Promise<{ env: Record<string, string>; stop(): Promise<void> }>;

const nothing = async (): Promise<void> => undefined;

const restate: Begin = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'oio-bench-restate-'));
  return { env: { FOLDER: folder }, stop: nothing };
};

const dbos: Begin = async ({ sql }) => {
  await sql`CREATE TABLE IF NOT EXISTS bench_dbos_counters (id text PRIMARY KEY, count int NOT NULL)`;
  return { env: {}, stop: nothing };
};

const bullmq: Begin = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'oio-bench-redis-'));
  const port = await freePort();
  const redis = await startRedis(folder, port);
  return { env: { REDIS_PORT: String(port) }, stop: async () => void (await redis.stop(SOON)) };
};

const SOON = { signals: ['SIGTERM'], deadlineMs: 5_000 } as const;

export const PEERS: readonly Bench[] = [
  ...peerBenches(
    'restate',
    'Restate, its server with default settings and one virtual object a counter',
    restate,
  ),
  ...peerBenches('dbos', 'DBOS on the same Postgres, a workflow with one transaction an ask', dbos),
  ...peerBenches('bullmq', 'BullMQ on a Redis that syncs each write, a job an ask', bullmq),
];

function peerBenches(peer: string, what: string, begin: Begin): Bench[] {
  const sizes = [
    { suffix: '1', callers: 1, keys: 1_000 },
    { suffix: '64', callers: 64, keys: 1_000 },
    { suffix: '256', callers: 256, keys: 1_000 },
    { suffix: 'hot', callers: 64, keys: 1 },
  ];
  return sizes.map(({ suffix, callers, keys }) => ({
    name: `${peer}-${suffix}`,
    what: `${what}; ${callers} HTTP caller(s), ${keys.toLocaleString('en')} counter(s), no event.`,
    figures: FIGURES,
    prepare: (stage) => preparePeer(stage, { peer, callers, keys, begin }),
  }));
}

async function preparePeer(
  stage: Stage,
  { peer, callers, keys, begin }: { peer: string; callers: number; keys: number; begin: Begin },
): Promise<Prepared> {
  await install();
  const beside = await begin(stage);
  try {
    const front = await stage.startFront({ file: `ops/bench/peers/${peer}.js`, env: beside.env });
    const plan = (seconds: number) => addPlan({ url: front.url, callers, keys, seconds });
    return {
      warmUp: async () => void (await load(plan(WARM_UP_SECONDS))),
      run: () => measureAsks(plan(stage.seconds), { front: front.pid }),
      async stop() {
        await front.stop();
        await beside.stop();
      },
    };
  } catch (error) {
    await beside.stop();
    throw error;
  }
}

async function install(): Promise<void> {
  if (existsSync(join(FOLDER, 'node_modules', 'bullmq'))) return;
  console.log('installing the peers into ops/bench/peers');
  // Not `ci`: the lock can name optional builds for other machines that a registry at hand does not offer.
  const parameters = ['install', '--no-save', '--no-audit', '--no-fund'];
  await run('npm', parameters, { cwd: FOLDER, timeout: INSTALL_MS });
}

async function startRedis(folder: string, port: number): Promise<Child> {
  const program = (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((path) => REDIS_NAMES.map((name) => join(path, name)))
    .find((path) => existsSync(path));
  if (!program) throw new Error(`not measured: none of ${REDIS_NAMES.join(', ')} is installed`);
  mkdirSync(folder, { recursive: true });
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: folder,
    appendonly: 'yes',
    appendfsync: 'always',
    save: '',
  };
  const parameters = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return startChild({ command: program, parameters, onLine: () => undefined });
}
