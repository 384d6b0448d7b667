/** `npm start` as a process: what it says, how it ends, and that nothing is left of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from './ports.ts';
import { startTimeOf } from './process-table.ts';
import { EXIT } from './start-failure.ts';

const READY = /"role":"stack","msg":"ready"/;

interface Run {
  readonly process: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

test('it starts, answers, drains on one signal and leaves no process; the second start is ready within 5 s', async () => {
  const [dataDir, port] = [makeFolder(), await freePort()];
  const first = start(['--data', dataDir, '--port', String(port), '--no-agent']);
  await said(first, READY);
  const answer = await fetch(`http://127.0.0.1:${port}/ready`);
  const pids = runningPids(dataDir);
  first.process.kill('SIGINT');
  const firstEnd = await first.ended;

  const startedAt = performance.now();
  const second = start(['--data', dataDir, '--port', String(port), '--no-agent']);
  await said(second, READY);
  const readyMs = performance.now() - startedAt;
  second.process.kill('SIGTERM');

  expect(answer.status).toBe(200);
  expect(pids.length).toBe(4);
  expect([firstEnd, await second.ended]).toEqual([EXIT.ok, EXIT.ok]);
  expect(pids.map(startTimeOf)).toEqual(pids.map(() => null));
  expect(readyMs).toBeLessThan(5_000);
  expect(first.output()).not.toMatch(/postgres:\/\/\w+:(?!\*\*\*)/);
});

test('a start after a SIGKILL ends what was left and takes its port and data over', async () => {
  const [dataDir, port] = [makeFolder(), await freePort()];
  const killed = start(['--data', dataDir, '--port', String(port), '--no-agent']);
  await said(killed, READY);
  const left = runningPids(dataDir);
  killed.process.kill('SIGKILL');
  await killed.ended;

  const next = start(['--data', dataDir, '--port', String(port), '--no-agent']);
  await said(next, READY);

  expect(left.map(startTimeOf)).toEqual(left.map(() => null));
  expect(next.output()).toContain('ended what a killed stack had left running');
  next.process.kill('SIGINT');
  expect(await next.ended).toBe(EXIT.ok);
});

test('a node that dies is started again; a service that dies ends everything with its exit code', async () => {
  const dataDir = makeFolder();
  const run = start(['--data', dataDir, '--port', String(await freePort()), '--no-agent']);
  await said(run, READY);

  process.kill(pidOf(dataDir, 'node-1'), 'SIGKILL');
  await said(run, /node-1 exited, starting it again[\s\S]*"role":"node-1"[^\n]*"msg":"ready"/);
  const pids = runningPids(dataDir);
  process.kill(pidOf(dataDir, 'nats-server'), 'SIGKILL');

  expect(await run.ended).toBe(EXIT.natsServer);
  expect(run.output()).toContain('nats-server died (SIGKILL)');
  expect(pids.map(startTimeOf)).toEqual(pids.map(() => null));
});

test('what can not work is told with its exit code, before anything is started', async () => {
  const file = join(makeFolder(), 'file');
  writeFileSync(file, '');
  const port = String(await freePort());

  const usage = start(['--nodes', 'many']);
  const folder = start(['--data', file, '--port', port]);
  const nats = start(['--data', makeFolder(), '--port', port], { NATS_URL: 'nats://127.0.0.1:1' });
  const postgres = start(['--data', makeFolder(), '--port', port], {
    DATABASE_URL: 'postgres://127.0.0.1:1/x',
  });

  const codes = await Promise.all([usage, folder, nats, postgres].map((run) => run.ended));
  expect(codes).toEqual([EXIT.usage, EXIT.dataFolder, EXIT.natsServer, EXIT.postgres]);
  expect(usage.output()).toContain('--nodes must be a whole number');
  expect(folder.output()).toContain('is not a folder');
});

function start(parameters: readonly string[], env: NodeJS.ProcessEnv = {}): Run {
  const spawned = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...parameters], {
    env: { ...process.env, NATS_URL: '', DATABASE_URL: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [spawned.stdout, spawned.stderr])
    stream.on('data', (chunk) => (output += String(chunk)));
  const ended = once(spawned, 'close').then(([code]) => code as number | null);
  onTestFinished(async () => {
    spawned.kill('SIGINT');
    await ended;
  });
  return { process: spawned, output: () => output, ended };
}

async function said(run: Run, pattern: RegExp): Promise<void> {
  let isEnded = false;
  void run.ended.then(() => {
    isEnded = true;
  });
  await expect
    .poll(() => isEnded || pattern.test(run.output()), {
      timeout: 50_000,
      interval: 20,
      message: run.output(),
    })
    .toBe(true);
  expect(run.output()).toMatch(pattern);
}

type Entry = { readonly role: string; readonly pid: number };

function running(dataDir: string): readonly Entry[] {
  return JSON.parse(readFileSync(join(dataDir, 'running.json'), 'utf8')) as readonly Entry[];
}

function runningPids(dataDir: string): readonly number[] {
  return running(dataDir).map((entry) => entry.pid);
}

function pidOf(dataDir: string, role: string): number {
  const entry = running(dataDir).find((candidate) => candidate.role === role);
  if (!entry) throw new Error(`${role} is not running`);
  return entry.pid;
}

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'oio-start-'));
  chmodSync(folder, 0o711);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
