/**
 * The set-up script of a repository: `.oio/setup.sh`, run by /bin/sh in each fresh working copy before the work begins, to
 * install what the project needs.
 *
 * S1. It is bounded in time and output, and nothing that it started outlives it.
 * S2. It is as trusted as the commands of tasks: it sees no key and no credentials, and has a home of its own that lasts.
 * S3. What it leaves must be ignored by git: all else would be taken for the task's work.
 */
import { spawn } from 'node:child_process';
import { lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { WorkspaceFailure } from './failure.ts';
import type { Git } from './git.ts';
import type { Worktree } from './worktree.ts';

export const SET_UP_SCRIPT = '.oio/setup.sh';

export type SetUpOptions = {
  /** Its HOME: what it caches there is there the next time. */
  readonly home: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly limits: SetUpLimits;
  readonly signal: AbortSignal;
};

export type SetUpLimits = { readonly timeoutMs: number; readonly outputBytesMax: number };

export const SET_UP_LIMITS: SetUpLimits = { timeoutMs: 10 * 60_000, outputBytesMax: 8 * 1024 * 1024 };

/** What of the agent's environment it sees. */
const PASSED_ON = [
  ...['PATH', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'],
];
const LAST_CHARS = 2_000;
const LEFT_NAMED_MAX = 10;

/** Runs it where the repository has one. Throws `SET_UP_FAILED` with its last words, or `SET_UP_LEFT_FILES`. */
export async function setUp(git: Git, worktree: Worktree, options: SetUpOptions): Promise<void> {
  const { path } = worktree;
  const script = await lstat(join(path, SET_UP_SCRIPT)).catch(() => null);
  if (script === null) return;
  if (!script.isFile()) throw failed('is no file', '');
  await mkdir(options.home, { recursive: true });
  await run(worktree, options);
  const status = await git.text(path, ['status', '--porcelain', '-z']);
  const left = status.split('\0').filter((one) => one !== '');
  if (left.length === 0) return;
  const names = left.slice(0, LEFT_NAMED_MAX).map((one) => one.trim());
  const more = left.length > names.length ? ` and ${left.length - names.length} more` : '';
  const message = `${SET_UP_SCRIPT} changed what git does not ignore: ${names.join(', ')}${more}`;
  throw new WorkspaceFailure('SET_UP_LEFT_FILES', message, { paths: names });
}

async function run({ path, sessionId, taskId }: Worktree, options: SetUpOptions): Promise<void> {
  const { home, environment, limits, signal } = options;
  const passed = PASSED_ON.flatMap((name) =>
    environment[name] === undefined ? [] : [[name, environment[name]]],
  );
  const child = spawn('/bin/sh', [SET_UP_SCRIPT], {
    cwd: path,
    // A group of its own, so that all of it can be ended.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...Object.fromEntries(passed), HOME: home, OIO_SESSION_ID: sessionId, OIO_TASK_ID: taskId },
  });
  const begunAt = performance.now();
  let [last, bytes] = ['', 0];
  let fault: string | null = null;
  const end = (why: string): void => {
    fault ??= why;
    endGroup(child.pid);
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      last = (last + text).slice(-LAST_CHARS);
      bytes += Buffer.byteLength(text);
      if (bytes > limits.outputBytesMax) end(`wrote more than ${limits.outputBytesMax} bytes`);
    });
  }
  const timer = setTimeout(() => end(`took longer than ${limits.timeoutMs / 1_000} s`), limits.timeoutMs);
  const onAbort = (): void => end('was ended, for its task was');
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const ended = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`));
    child.once('exit', (code, name) => {
      // What it left in the background would hold its output open.
      endGroup(child.pid);
      child.once('close', () =>
        resolve(code === 0 ? '' : `ended ${name ? `by ${name}` : `with code ${code}`}`),
      );
    });
  });
  clearTimeout(timer);
  signal.removeEventListener('abort', onAbort);
  const why = fault ?? ended;
  if (why !== '') throw failed(`${why} after ${Math.round((performance.now() - begunAt) / 1_000)} s`, last);
}

function failed(why: string, output: string): WorkspaceFailure {
  const words = output.trim();
  return new WorkspaceFailure(
    'SET_UP_FAILED',
    `${SET_UP_SCRIPT} ${why}.${words === '' ? '' : ` Its last words: ${words}`}`,
  );
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // No such group: it has ended.
  }
}
