/** `oio` as a process: its launcher, its exit codes, Ctrl-C, completion in a real shell. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const OIO = join(import.meta.dirname, 'oio');
/** Without any Node: the launcher finds the project's own. */
const ENV = { PATH: '/usr/bin:/bin', HOME: tmpdir() };

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function runOio(words: readonly string[], file = OIO): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(file, [...words], { env: ENV, timeout: 60_000 }, (error, stdout, stderr) => {
      const code = error ? Number(error.code ?? -1) : 0;
      resolve({ code, stdout, stderr });
    });
  });
}

function linked(): string {
  const folder = mkdtempSync(join(tmpdir(), 'oio-bin-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(OIO, join(folder, 'oio'));
  return folder;
}

test('it runs on the project’s Node by a link from anywhere, and its exit codes reach the shell', async () => {
  const file = join(linked(), 'oio');

  const version = await runOio(['--version'], file);
  const usage = await runOio(['sesion']);
  const away = await runOio(['session', 'ls', '--url', 'http://127.0.0.1:1']);

  expect(version).toMatchObject({ code: 0, stdout: '0.1.0\n' });
  expect(usage).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('did you mean') });
  expect(away).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('oio dev') });
}, 60_000);

/** A gateway that keeps every request waiting. */
async function startSilence(): Promise<{ url: string; asked: Promise<void> }> {
  const asked = Promise.withResolvers<void>();
  const server = createServer(() => asked.resolve());
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return { url: `http://127.0.0.1:${port}`, asked: asked.promise };
}

function endOf(child: ChildProcess): Promise<{ code: number | null; stderr: string }> {
  let stderr = '';
  child.stderr?.on('data', (data) => {
    stderr += data;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stderr })));
}

test('Ctrl-C in a watch ends it at once with 130 and says how to come back', async () => {
  const { url, asked } = await startSilence();
  const child = spawn(OIO, ['session', 'watch', 's-1', '--url', url], { env: ENV });
  const ended = endOf(child);
  await asked;

  child.kill('SIGINT');
  const early = await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 5_000))]);

  expect(early).toMatchObject({
    code: 130,
    stderr: expect.stringContaining(`oio session watch s-1 --url ${url}`),
  });
}, 60_000);

test('bash completes commands, flags and values', async () => {
  const folder = linked();
  const complete = (line: string) => {
    const words = line.split(' ');
    const script = `source <(oio completion bash); COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _oio; echo "\${COMPREPLY[@]}"`;
    return new Promise<string>((resolve) => {
      const env = { ...ENV, PATH: `${folder}:${ENV.PATH}` };
      execFile('bash', ['-c', script], { env }, (_, stdout) => resolve(stdout.trim()));
    });
  };

  expect(await complete('oio ses')).toBe('session');
  expect(await complete('oio session re')).toBe('review resume retry');
  expect(await complete('oio session ls --sta')).toBe('--state');
  expect(await complete('oio session ls --state par')).toBe('partially_completed');
}, 60_000);
