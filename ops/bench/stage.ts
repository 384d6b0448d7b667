/**
 * Where benchmarks run: a private nats-server and Postgres for all of them, and nodes, fronts and loads as processes
 * that each benchmark starts and stops.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import postgres from 'postgres';
import { startClient } from '#runtime/assembly.ts';
import type { Client } from '#runtime/client.ts';
import { buildLogger } from '#runtime/logger.ts';
import { startChild } from '../dev/child.ts';
import { freePort } from '../dev/ports.ts';
import { type RunningProcess, type Services, startProcess, startServices } from '../dev/stack.ts';
import { migrate } from '../migrate.ts';
import { type LoadPlan, LoadReport } from './load.ts';

export interface NodeOptions {
  readonly id: string;
  /** From the project's root. */
  readonly file?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
}

const LOAD_FILE = join(import.meta.dirname, 'load-main.ts');
const LOAD_GRACE_MS = 30_000;

export class Stage {
  readonly services: Services;
  readonly seconds: number;
  readonly sql: postgres.Sql;
  readonly connection: NatsConnection;
  /** To look at the system with; its own asks are measured only where that is said. */
  readonly client: Client;
  readonly #folder: string;
  readonly #profile: string | undefined;

  private constructor(
    parts: Pick<Stage, 'services' | 'seconds' | 'sql' | 'connection' | 'client'>,
    own: StageFolders,
  ) {
    this.services = parts.services;
    this.seconds = parts.seconds;
    this.sql = parts.sql;
    this.connection = parts.connection;
    this.client = parts.client;
    this.#folder = own.folder;
    this.#profile = own.profile;
  }

  static async open(options: { seconds: number; profile?: string | undefined }): Promise<Stage> {
    const folder = mkdtempSync(join(tmpdir(), 'oio-bench-'));
    const services = await startServices({ dataDir: folder, throwAway: true });
    try {
      const { natsUrl, databaseUrl } = services;
      await migrate(databaseUrl);
      const logger = buildLogger({ level: 'error', role: 'bench' });
      const parts = {
        services,
        seconds: options.seconds,
        sql: postgres(databaseUrl, { max: 4, onnotice: () => undefined }),
        connection: await connect({ servers: natsUrl }),
        client: await startClient({ natsUrl, databaseUrl, name: 'bench', logger }),
      };
      return new Stage(parts, { folder, profile: options.profile });
    } catch (error) {
      await services.stop();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.client.stop();
    await this.sql.end({ timeout: 2 });
    await this.connection.close();
    await this.services.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Starts a node and waits until it says that it is ready; it may hold no partition yet. */
  async startNode({
    id,
    file = 'ops/bench/node-main.ts',
    env = {},
    onLine,
  }: NodeOptions): Promise<RunningProcess> {
    const node = await startProcess({
      role: id,
      file,
      env: { ...this.#addresses(), OIO_NODE_ID: id, OIO_IDLE_SECONDS: '3600', ...env },
      ...(onLine ? { onLine } : {}),
    });
    await node.ready;
    return node;
  }

  /** One node that holds every partition. */
  async startOnlyNode(options: NodeOptions = { id: 'one' }): Promise<RunningProcess> {
    const node = await this.startNode(options);
    await this.untilOwned();
    return node;
  }

  /** An HTTP front on a free port, with its address. */
  async startFront(options: {
    file: string;
    env?: Record<string, string>;
  }): Promise<RunningProcess & { url: string }> {
    const port = await freePort();
    const env = { ...this.#addresses(), PORT: String(port), OIO_RATE_LIMIT: 'off', ...options.env };
    const front = await startProcess({ role: 'front', file: options.file, env });
    await front.ready;
    return { ...front, url: `http://127.0.0.1:${port}` };
  }

  async untilOwned(withinMs = 30_000): Promise<void> {
    await this.until('every partition is owned', withinMs, async () => {
      const { owned, partitions } = await this.client.health();
      return partitions > 0 && owned === partitions;
    });
  }

  async until(what: string, withinMs: number, check: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!(await check())) {
      if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
      await sleep(20);
    }
  }

  /** The servers underneath. */
  get servicePids(): { nats: number; postgres: number } {
    const { nats, postgres: database } = this.services;
    if (!nats || !database) throw new Error('both services are private ones');
    return { nats: nats.pid, postgres: database.pid };
  }

  /** Effects that were applied and committed, ever. */
  async effectsApplied(): Promise<number> {
    const [row] = await this.sql<
      { sum: string | null }[]
    >`SELECT sum(n::bigint) AS sum FROM inbound, jsonb_each_text(counters) AS c(name, n)`;
    return Number(row?.sum ?? 0);
  }

  #addresses(): Record<string, string> {
    return {
      NATS_URL: this.services.natsUrl,
      DATABASE_URL: this.services.databaseUrl,
      ...(this.#profile ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${this.#profile}` } : {}),
    };
  }
}

interface StageFolders {
  readonly folder: string;
  readonly profile: string | undefined;
}

/** Runs the load in a process of its own; throws where anything was refused. */
export async function load(plan: LoadPlan): Promise<LoadReport> {
  const lines: string[] = [];
  const child = await startChild({
    command: process.execPath,
    parameters: [LOAD_FILE, JSON.stringify(plan)],
    onLine: (line) => lines.push(line),
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), plan.seconds * 1_000 + LOAD_GRACE_MS);
  const { code } = await child.exited;
  clearTimeout(limit);
  if (code !== 0) throw new Error(`the load ended with ${code}: ${lines.slice(-5).join('\n')}`);
  const report = LoadReport.parse(JSON.parse(lines.at(-1) ?? ''));
  if (report.refused > 0) throw new Error(`${report.refused} refused, the first: ${report.firstRefusal}`);
  return report;
}
