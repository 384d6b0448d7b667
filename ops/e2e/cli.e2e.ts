/**
 * `oio` on the real system, which it starts itself: the real opencode, a scripted model behind it, and a real
 * repository. Runs the commands of `ops/docs/first-session.md` as they stand there, but for the port, and but for those
 * that install and start, which are done before.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { buildApi } from '../demo/api.ts';
import { buildScriptedProvider, MODEL_NAME } from '../demo/model/provider.ts';
import { startScriptedModel } from '../demo/model/server.ts';
import { makeRepository, runTests } from '../demo/repository.ts';
import { freePort } from '../dev/ports.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const OIO = join(ROOT, 'ops/cli/oio');
const START_MS = 120_000;

let folder: string;
let url: string;
let port: number;
let model: Awaited<ReturnType<typeof startScriptedModel>>;
let system: ChildProcess;
let log = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-cli-'));
  port = await freePort();
  url = `http://localhost:${port}`;
  model = await startScriptedModel({ delayMs: 25 });
  system = spawn(OIO, ['dev', '--port', String(port), '--data', join(folder, 'data'), '--json'], {
    env: {
      ...process.env,
      OIO_CAPACITY: '4',
      OIO_MODEL: MODEL_NAME,
      OIO_OPENCODE_CONFIG: JSON.stringify(buildScriptedProvider(model.url)),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [system.stdout, system.stderr]) {
    stream?.on('data', (data) => {
      log = (log + data).slice(-200_000);
    });
  }
  const deadline = Date.now() + START_MS;
  while (!/"msg":"ready"[^\n]*"console"|"console"[^\n]*"msg":"ready"/.test(log)) {
    if (Date.now() > deadline || system.exitCode !== null) throw new Error(`oio dev is not ready: ${log}`);
    await sleep(200);
  }
});

afterEach((context) => {
  if (context.task.result?.state === 'fail') console.error(log.split('\n').slice(-60).join('\n'));
});

afterAll(async () => {
  if (system.exitCode === null) {
    system.kill('SIGINT');
    await new Promise((resolve) => system.once('close', resolve));
    await model.stop();
  }
  await rm(folder, { recursive: true, force: true });
});

interface Run {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

function runOio(words: readonly string[], cwd = folder): Run {
  const child = spawn(OIO, [...words], {
    cwd,
    env: { ...process.env, OIO_URL: url, OIO_DATA_DIR: join(folder, 'data') },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, stdout: () => stdout, ended };
}

const PROMPT = 'Make the tests of this note store pass and add the missing function.';

test('create --watch shows progress to the end; Ctrl-C leaves it at work, and says how to come back', async () => {
  const repository = await makeRepository(join(folder, 'watched'));
  const words = [
    'session',
    'create',
    PROMPT,
    '--repo',
    '.',
    '--base',
    'main',
    '--template',
    'crud',
    '--watch',
  ];
  const first = runOio(words, repository);
  await expect.poll(first.stdout, { timeout: 120_000 }).toContain(': in_progress by ');

  first.child.kill('SIGINT');
  const left = await first.ended;
  const id = /oio session watch (\S+)/.exec(left.stderr)?.[1] ?? '';
  const { state } = await buildApi(url).session(id);
  const back = await runOio(['session', 'watch', id]).ended;

  expect(left).toMatchObject({
    code: 130,
    stderr: expect.stringContaining('the session goes on without you'),
  });
  expect(left.stdout).toContain('session running\n');
  expect(state).toBe('running');
  expect(back).toMatchObject({ code: 0, stderr: '' });
  expect(back.stdout.match(/: completed by /g)).toHaveLength(5);
  const branch = /^branch: (\S+)$/m.exec(back.stdout)?.[1] ?? '';
  expect((await runTests(repository, branch)).passed).toBe(true);
});

test('a subject of NATS itself is followed, by the addresses that oio dev left in its data folder', async () => {
  const words = ['traffic', 'eap.v2.*.*.hb', '--count', '1', '--json'];

  const { code, stdout } = await runOio(words).ended;

  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ seq: null, subject: expect.any(String) });
});

test('the tutorial on the first session is true, command by command', async () => {
  const page = await readFile(join(ROOT, 'ops/docs/first-session.md'), 'utf8');
  const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, commands]) => commands ?? '');
  const script = ['set -euo pipefail', ...blocks]
    .join('\n')
    .replaceAll('localhost:8000', `localhost:${port}`);
  const home = join(folder, 'home');
  await mkdir(home);
  const file = join(folder, 'first-session.sh');
  await writeFile(file, script);
  await chmod(file, 0o700);

  const { error, stdout, stderr } = await new Promise<{ error: unknown; stdout: string; stderr: string }>(
    (resolve) => {
      const env = { ...process.env, HOME: home, OIO_DATA_DIR: join(folder, 'data') };
      execFile('bash', [file], { cwd: ROOT, env, timeout: 280_000 }, (error, stdout, stderr) =>
        resolve({ error, stdout, stderr }),
      );
    },
  );

  expect({ error, stderr }).toMatchObject({ error: null });
  expect(blocks.length).toBeGreaterThan(8);
  expect(stdout).toMatch(/^ok {3}gateway .* is ready/m);
  expect(stdout).toContain('"code":"INVALID_TRANSITION"');
  expect(await readFile(join(home, 'changes.patch'), 'utf8')).toContain('diff --git');
  expect(stdout.match(/^session completed$/gm)).toHaveLength(2);
  expect(stdout).toMatch(/^ *oio\/[^/]+\/\S+$/m);
}, 300_000);

test('Ctrl-C ends oio dev and all that it started, with exit code 0', async () => {
  const ended = new Promise((resolve) => system.once('close', resolve));

  system.kill('SIGINT');

  expect(await ended).toBe(0);
  await expect(fetch(`${url}/health`)).rejects.toThrow();
  await model.stop();
}, 60_000);
