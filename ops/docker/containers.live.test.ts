/**
 * The trees of files that the Dockerfile makes, started as docker-compose.yml says and without an engine: read-only,
 * without rights, on a nats-server with the image's own settings and a real Postgres. Of what compose says, only
 * addresses and ports are this machine's.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { type Child, type Exit, startChild } from '../dev/child.ts';
import { buildConsole, isConsoleBuilt } from '../dev/console-build.ts';
import { findNatsServer } from '../dev/nats-binary.ts';
import { freePort } from '../dev/ports.ts';
import { createDatabase } from '../dev/test-database.ts';
import { parseCompose, type Service } from './compose.ts';
import { environmentOf, flattenStage } from './dockerfile.ts';
import { readImageTree } from './image-tree.ts';
import { launchIn, whyNoSandbox } from './sandbox.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SETTINGS = join(import.meta.dirname, 'nats');
const obstacle = whyNoSandbox();
if (obstacle !== null) console.warn(`the images' trees are not started: ${obstacle}`);

const compose = parseCompose(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), {
  POSTGRES_PASSWORD: 'given',
});
const images = readImageTree(join(import.meta.dirname, 'Dockerfile'));

let folder: string;
let natsServer: string;

beforeAll(async () => {
  // Beside the checkout's packages, so that their files can be linked.
  mkdirSync(join(ROOT, '.oio'), { recursive: true });
  folder = mkdtempSync(join(ROOT, '.oio', 'images-'));
  natsServer = await findNatsServer({ env: process.env, onProgress: () => undefined });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.skipIf(obstacle)(
  'the images start as compose says, unprivileged and read-only, and end in order',
  async () => {
    if (!isConsoleBuilt()) await buildConsole();
    const { url: natsUrl } = await startNats('one', [
      { host: 'nats-1', clientPort: await freePort(), routePort: 0 },
    ]);
    const databaseUrl = await createDatabase(inject('databaseUrl'));
    const place = { NATS_URL: natsUrl, DATABASE_URL: databaseUrl };
    for (const target of ['node', 'gateway', 'agent']) images.write(target, join(folder, target));

    const migrated = await start('migrate', place);
    expect(await migrated.child.exited, migrated.lines.join('\n')).toEqual({ code: 0, signal: null });

    const node = await start('node-1', place);
    // Of keys the gateway's own tests speak.
    const gateway = await start('gateway', { ...place, OIO_AUTH: 'off' });
    const agent = await start('agent', place);
    const shell = await start('agent-shell', place);
    await Promise.all([node, gateway, agent, shell].map(({ isHealthy }) => isHealthy()));

    const page = await fetch(gateway.url, { headers: { accept: 'text/html' } });
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<script type="module"')]);
    const { items } = (await (await fetch(`${gateway.url}/api/v1/agents`)).json()) as {
      items: { name: string }[];
    };
    expect(items.map(({ name }) => name)).toEqual(['AGENT-OPENCODE-1', 'AGENT-SHELL-1']);
    expect(rightsOf(node.child.pid)).toEqual({
      Uid: '65532',
      Gid: '65532',
      CapEff: '0000000000000000',
      NoNewPrivs: '1',
    });

    const ends = await Promise.all([shell, agent, gateway, node].map(({ stop }) => stop()));
    expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  },
  120_000,
);

test.skipIf(obstacle)(
  'in the tree nothing can be written but what compose lets, and the checkout is not seen',
  async () => {
    images.write('node', join(folder, 'closed'));
    const tries = `
    const fs = require('node:fs');
    const said = (path) => { try { fs.writeFileSync(path, ''); return 'written'; } catch (error) { return error.code; } };
    console.log(JSON.stringify([...['/app/x', '/app/runtime/main.ts', '/etc/x', '/x', '/tmp/x'].map(said),
      fs.existsSync(${JSON.stringify(ROOT)}), Object.keys(process.env).sort().join()]));`;
    const { child, lines } = await run('node-1', ['node', '-e', tries], {
      root: 'closed',
      environment: { A: 'b' },
    });

    await child.exited;

    const readOnly = ['EROFS', 'EROFS', 'EROFS', 'EROFS'];
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual([...readOnly, 'written', false, 'A,PATH']);
  },
);

test.skipIf(obstacle)('the health check fails where nothing answers', async () => {
  images.write('node', join(folder, 'silent'));
  const address = `http://127.0.0.1:${await freePort()}/ready`;

  const { child, lines } = await run('node-1', ['node', 'ops/docker/health.ts', address], {
    root: 'silent',
    environment: {},
  });

  expect(await child.exited).toEqual({ code: 1, signal: null });
  expect(lines.join()).toContain('ECONNREFUSED');
});

test('three servers with the settings of the image become one cluster, each well', async () => {
  const members = await Promise.all(
    [1, 2, 3].map(async (number) => ({
      host: `nats-${number}`,
      clientPort: await freePort(),
      routePort: await freePort(),
    })),
  );

  const { monitors } = await startNats('three', members);

  for (const monitor of monitors) {
    const report = (await (await fetch(`${monitor}/jsz`)).json()) as {
      meta_cluster: { cluster_size: number };
    };
    expect(report.meta_cluster.cluster_size).toBe(3);
  }
});

interface Member {
  readonly host: string;
  readonly clientPort: number;
  readonly routePort: number;
}

/** Servers with the image's settings, in which only addresses and the folder are ours. */
async function startNats(name: 'one' | 'three', members: readonly Member[]) {
  const monitors = await Promise.all(
    members.map(async (member) => {
      const monitorPort = await freePort();
      const config = join(folder, `${name}-${member.host}.conf`);
      let text = readFileSync(join(SETTINGS, `${name}.conf`), 'utf8')
        .replace('0.0.0.0:4222', `127.0.0.1:${member.clientPort}`)
        .replace('127.0.0.1:8222', `127.0.0.1:${monitorPort}`)
        .replace('0.0.0.0:6222', `127.0.0.1:${member.routePort}`)
        .replace('/data', join(folder, `${name}-${member.host}`));
      for (const { host, routePort } of members)
        text = text.replace(`${host}:6222`, `127.0.0.1:${routePort}`);
      writeFileSync(config, text);
      const env = { PATH: process.env.PATH ?? '', NATS_NAME: member.host };
      execFileSync(natsServer, ['-t', '-c', config], { env, stdio: 'pipe' });
      const lines: string[] = [];
      const child = await startChild({
        command: natsServer,
        parameters: ['--config', config],
        env,
        onLine: (line) => lines.push(line),
      });
      onTestFinished(async () => void (await child.stop({ signals: ['SIGINT'], deadlineMs: 5_000 })));
      return `http://127.0.0.1:${monitorPort}`;
    }),
  );
  for (const monitor of monitors)
    await until(`${monitor} is well`, async () => (await fetch(`${monitor}/healthz`)).ok);
  return { monitors, url: `nats://127.0.0.1:${members[0]?.clientPort}` };
}

interface Run {
  readonly child: Child;
  readonly lines: string[];
}

/** Runs a command as the service would: its user, its folders, in a tree that was written before. */
async function run(
  name: string,
  command: readonly string[],
  { root, environment }: { root: string; environment: Readonly<Record<string, string>> },
): Promise<Run> {
  const service = serviceOf(name);
  const lines: string[] = [];
  const launch = launchIn({
    root: join(folder, root),
    user: service.user,
    workDir: '/app',
    writable: [...service.tmpfs, ...service.volumes.map((volume) => volume.split(':')[1] ?? '')].map(
      (mount) => mount.split(':')[0] ?? '',
    ),
    environment,
    command,
  });
  const child = await startChild({ ...launch, onLine: (line) => lines.push(line) });
  onTestFinished(async (context) => {
    await child.stop({ signals: ['SIGTERM'], deadlineMs: 20_000 });
    if (context.task.result?.state === 'fail') console.error(`${name}:\n${lines.slice(-20).join('\n')}`);
  });
  return { child, lines };
}

/** A service by compose's command and variables, with addresses and ports of this machine in their places. */
async function start(name: string, place: Readonly<Record<string, string>>) {
  const service = serviceOf(name);
  const { all } = flattenStage(images.stages, service.build?.target ?? '');
  const environment = { ...environmentOf(all), ...service.environment };
  const port = String(await freePort());
  for (const key of ['PORT', 'OIO_NODE_PORT', 'OIO_AGENT_PORT'])
    if (key in environment) environment[key] = port;
  for (const [key, value] of Object.entries(place)) if (key in environment) environment[key] = value;
  const root = service.build?.target ?? '';
  const running = await run(name, service.command ?? [], { root, environment });
  const check = all.findLast((one) => one.name === 'HEALTHCHECK')?.words ?? [];
  const address = `http://127.0.0.1:${port}/ready`;
  const isHealthy = () =>
    until(`${name} is healthy`, async () => {
      const tried = await run(name, [...check.slice(0, -1), address], { root, environment });
      return (await tried.child.exited).code === 0;
    });
  const stop = (): Promise<Exit> =>
    running.child.stop({
      signals: ['SIGTERM'],
      deadlineMs: Number.parseInt(service.stop_grace_period, 10) * 1_000,
    });
  return { ...running, isHealthy, stop, url: `http://127.0.0.1:${port}` };
}

function serviceOf(name: string): Service {
  const service = compose.services[name];
  if (service === undefined) throw new Error(`there is no service ${name}`);
  return service;
}

function rightsOf(pid: number): Record<string, string> {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Object.fromEntries(
    ['Uid', 'Gid', 'CapEff', 'NoNewPrivs'].map((key) => [
      key,
      new RegExp(`^${key}:\\s+(\\w+)`, 'm').exec(status)?.[1] ?? '',
    ]),
  );
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    if (await isSo().catch(() => false)) return;
    await sleep(200);
  }
  throw new Error(`not in time: ${what}`);
}
