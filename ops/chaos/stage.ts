/**
 * The system under test: three NATS servers on disks of their own, Postgres, three runtime nodes, a client, and between
 * them proxies. Everything on loopback, everything below one folder.
 *
 * G1. Every process that was started is remembered in the folder: what a killed run left is ended at the next start.
 * G2. stop() ends them all, unmounts the disks and closes the proxies, in whatever state they are, and may be called
 *     twice; also where the start came half-way only.
 */
import { createWriteStream, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { startClient } from '#runtime/assembly.ts';
import type { Client } from '#runtime/client.ts';
import { buildLogger } from '#runtime/logger.ts';
import { type DataFolder, openDataFolder } from '../dev/data-folder.ts';
import { findNatsServer } from '../dev/nats-binary.ts';
import { reasonOf, StartFailure } from '../dev/start-failure.ts';
import { migrate } from '../migrate.ts';
import { Access } from './access.ts';
import { ChaosNode } from './chaos-node.ts';
import { Database } from './database.ts';
import { Disk, unmountUnder } from './disk.ts';
import { NatsCluster } from './nats-cluster.ts';
import { NatsMember, type NatsPorts } from './nats-member.ts';
import { makeRegister } from './register.ts';
import { stablePorts } from './stable-ports.ts';

const PREFIX = 'oio-chaos-';
const NODES = ['n1', 'n2', 'n3'] as const;
const SERVERS = ['nats-1', 'nats-2', 'nats-3'] as const;
const PARTITIONS = 64;
/** In a folder that is kept for a person to look at. */
const KEPT = 'kept';

export interface Stage {
  readonly folder: string;
  readonly nats: NatsCluster;
  /** By the server's name; empty where nothing may be mounted. */
  readonly disks: ReadonlyMap<string, Disk>;
  /** Why there are no disks; null where there are. */
  readonly noDisks: string | null;
  readonly database: Database;
  readonly nodes: readonly ChaosNode[];
  readonly clientAccess: Access;
  readonly client: Client;
  /** The tester's own, past all faults but those of Postgres itself. */
  readonly sql: postgres.Sql;
  /** Ends everything. `keep`: the folder stays. */
  stop(keep: boolean): Promise<void>;
}

type Undo = () => unknown;

/** `signal`: ends the opening at its next step. */
export async function openStage(tell: (what: string) => void, signal: AbortSignal): Promise<Stage> {
  await sweep();
  const path = mkdtempSync(join(tmpdir(), PREFIX));
  const folder = await openDataFolder(path, 'chaos');
  const undo: Undo[] = [];
  const closing = new AbortController();
  let stopping: Promise<void> | null = null;
  const stop = (keep: boolean): Promise<void> => {
    closing.abort(new Error('the system is being ended'));
    stopping ??= unwind(undo, folder, keep);
    return stopping;
  };
  try {
    return { ...(await build({ folder, undo, tell, signal, closing: closing.signal })), stop };
  } catch (thrown) {
    await stop(false);
    throw thrown;
  }
}

/** The last first; each whatever became of the others. */
async function unwind(undo: readonly Undo[], folder: DataFolder, keep: boolean): Promise<void> {
  for (const one of undo.toReversed()) {
    try {
      await one();
    } catch (thrown) {
      console.error(`tidying up: ${reasonOf(thrown)}`);
    }
  }
  folder.kill();
  await unmountUnder(folder.path);
  folder.release();
  if (keep) writeFileSync(join(folder.path, KEPT), '');
  else rmSync(folder.path, { recursive: true, force: true });
}

/** What killed runs left: their folders' locks are free. */
async function sweep(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const path = join(tmpdir(), name);
    if (readdirSync(path).includes(KEPT)) continue;
    try {
      const folder = await openDataFolder(path, 'sweep');
      await unmountUnder(path);
      folder.release();
      rmSync(path, { recursive: true, force: true });
    } catch (thrown) {
      // In use by a run beside this one.
      if (!(thrown instanceof StartFailure)) throw thrown;
    }
  }
}

interface Building {
  readonly folder: DataFolder;
  readonly undo: Undo[];
  readonly tell: (what: string) => void;
  /** The opening shall not go on. */
  readonly signal: AbortSignal;
  /** Nothing may be started any more. */
  readonly closing: AbortSignal;
}

async function build(building: Building): Promise<Omit<Stage, 'stop'>> {
  const { folder, undo, tell, signal } = building;
  const { disks, noDisks } = await makeDisks(building);
  const nats = await makeCluster(building, disks);
  signal.throwIfAborted();
  const servers = nats.members.map(({ ports }) => ports.client);
  const accesses: Access[] = [];
  for (const _ of [...NODES, 'client', 'tester']) {
    const access = await Access.open(servers, 0);
    undo.push(() => access.close());
    accesses.push(access);
  }
  const [clientAccess, testerAccess] = accesses.slice(NODES.length);
  if (!clientAccess || !testerAccess) throw new Error('every user has an access');
  const database = new Database({
    ...remembering(building, 'postgres'),
    dataDir: join(folder.path, 'postgres'),
    onPort: (port) => {
      for (const { postgres: proxy } of accesses) proxy.aim(port);
    },
  });
  tell('starting Postgres and three NATS servers');
  undo.push(() => database.stop());
  undo.push(() => nats.stop());
  const [databaseUrl] = await Promise.all([database.start(), nats.start()]);
  signal.throwIfAborted();
  await migrate(databaseUrl);
  const sql = postgres(testerAccess.databaseUrl(databaseUrl), {
    max: 4,
    connect_timeout: 3,
    backoff: () => 0.2,
    onnotice: () => undefined,
  });
  undo.push(() => sql.end({ timeout: 2 }));
  await makeRegister(sql);
  const nodes = NODES.map((name, index) =>
    makeNode(building, { name, access: accesses[index], databaseUrl }),
  );
  undo.push(() => Promise.all(nodes.map((node) => node.stop())));
  tell('starting three nodes');
  await nodes[0]?.start();
  await Promise.all(nodes.slice(1).map((node) => node.start()));
  signal.throwIfAborted();
  const client = await startClient({
    natsUrl: clientAccess.natsUrl,
    databaseUrl: clientAccess.databaseUrl(databaseUrl),
    name: 'chaos',
    logger: buildLogger({ level: 'silent', role: 'chaos' }),
  });
  undo.push(() => client.stop());
  return { folder: folder.path, nats, disks, noDisks, database, nodes, clientAccess, client, sql };
}

async function makeDisks({ folder, undo }: Building): Promise<Pick<Stage, 'disks' | 'noDisks'>> {
  const disks = new Map<string, Disk>();
  try {
    for (const name of SERVERS) disks.set(name, await Disk.make(folder.path, name));
    undo.push(() => unmountUnder(folder.path));
    return { disks, noDisks: null };
  } catch (thrown) {
    await unmountUnder(folder.path);
    return { disks: new Map(), noDisks: `no disk image can be mounted here: ${reasonOf(thrown).trim()}` };
  }
}

async function makeCluster(building: Building, disks: Stage['disks']): Promise<NatsCluster> {
  const binary = await findNatsServer({ env: process.env });
  const free = await stablePorts(SERVERS.length * 3);
  const ports = SERVERS.map((_, index): NatsPorts => {
    const [client = 0, route = 0, monitoring = 0] = free.slice(index * 3);
    return { client, route, monitoring };
  });
  const routes = ports.map(({ route }) => route);
  const members = SERVERS.map((name, index) => {
    const own = ports[index];
    if (!own) throw new Error('every server has its ports');
    const dataDir = disks.get(name)?.mountPoint ?? join(building.folder.path, name);
    return new NatsMember({ binary, name, dataDir, ports: own, routes, ...remembering(building, name) });
  });
  return new NatsCluster(members);
}

function makeNode(
  building: Building,
  place: { name: string; access: Access | undefined; databaseUrl: string },
): ChaosNode {
  const { name, access, databaseUrl } = place;
  if (!access) throw new Error('every node has an access');
  return new ChaosNode({
    name,
    access,
    databaseUrl,
    partitions: PARTITIONS,
    logFile: join(building.folder.path, `${name}.log`),
    ...remembering(building, name),
  });
}

/** Its process ids into the folder's book, its lines into a log file, and no start once all is being ended. */
function remembering({ folder, closing }: Building, role: string) {
  const log = createWriteStream(join(folder.path, `${role}.log`), { flags: 'a' });
  return {
    closing,
    onStart: (pid: number) => folder.remember(role, pid),
    onEnd: (pid: number) => folder.forget(pid),
    onLine: (line: string) => void log.write(`${line}\n`),
  };
}
