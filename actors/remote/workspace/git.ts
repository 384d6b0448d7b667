/**
 * Runs git. Every call has a deadline, asks nobody for a password, runs no hook and no outside diff program, and is
 * tried again while another git holds a lock.
 */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { WorkspaceFailure } from './failure.ts';

export type GitOptions = {
  readonly timeoutMs?: number;
  readonly outputBytesMax?: number;
  /** For its standard input. */
  readonly input?: string;
};

export type GitResult = { readonly code: number; readonly stdout: string; readonly stderr: string };

const run = promisify(execFile);

const TIMEOUT_MS = 120_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
const LOCK_TRIES_MAX = 7;
const LOCK_WAIT_MS = 50;
const LOCKED = /Unable to create '.*\.lock'|\.lock'?: File exists|could not lock config file/;

const AUTHOR = 'OpenCode Industrial Orchestrator';
const EMAIL = 'orchestrator@oio.invalid';

const SETTINGS = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.quotePath=false',
  'commit.gpgSign=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'advice.detachedHead=false',
  'protocol.ext.allow=never',
].flatMap((setting) => ['-c', setting]);

export class Git {
  readonly #environment: Readonly<Record<string, string>>;

  /** The environment has what git needs beside ours: PATH, and HOME for the user's credentials. */
  constructor(environment: Readonly<Record<string, string>>) {
    this.#environment = {
      ...environment,
      GIT_TERMINAL_PROMPT: '0',
      GIT_AUTHOR_NAME: AUTHOR,
      GIT_AUTHOR_EMAIL: EMAIL,
      GIT_COMMITTER_NAME: AUTHOR,
      GIT_COMMITTER_EMAIL: EMAIL,
      GIT_EDITOR: 'true',
      LC_ALL: 'C',
    };
  }

  /** What it wrote, or a failure. */
  async text(cwd: string, args: readonly string[], options: GitOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.try(cwd, args, options);
    if (code === 0) return stdout.trim();
    throw new WorkspaceFailure('GIT_FAILED', `git ${args[0]} failed: ${lastLines(stderr || stdout)}`);
  }

  /** Like `text`, for questions that git answers with an exit code. */
  async try(cwd: string, args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
    for (let tries = 1; ; tries += 1) {
      const result = await this.#once(cwd, args, options);
      if (result.code === 0 || tries >= LOCK_TRIES_MAX || !LOCKED.test(result.stderr)) return result;
      await sleep(LOCK_WAIT_MS * 2 ** (tries - 1));
    }
  }

  async #once(cwd: string, args: readonly string[], options: GitOptions): Promise<GitResult> {
    const timeout = options.timeoutMs ?? TIMEOUT_MS;
    try {
      const maxBuffer = options.outputBytesMax ?? OUTPUT_BYTES_MAX;
      const settings = { cwd, env: this.#environment, timeout, maxBuffer, killSignal: 'SIGKILL' } as const;
      const running = run('git', [...SETTINGS, ...args], settings);
      // It may end before it has read everything; then its exit code says so.
      running.child.stdin?.on('error', () => undefined);
      running.child.stdin?.end(options.input ?? '');
      const { stdout, stderr } = await running;
      return { code: 0, stdout, stderr };
    } catch (error) {
      if (!isExecError(error)) throw error;
      if (typeof error.code === 'number') {
        return { code: error.code, stdout: error.stdout ?? '', stderr: error.stderr ?? '' };
      }
      const why = error.killed ? `took longer than ${timeout} ms` : error.message;
      throw new WorkspaceFailure('GIT_FAILED', `git ${args[0]}: ${why}`, { cause: error });
    }
  }
}

type ExecError = Error & {
  readonly code?: number | string | null;
  readonly killed?: boolean;
  readonly stdout?: string;
  readonly stderr?: string;
};

function isExecError(error: unknown): error is ExecError {
  return error instanceof Error && 'code' in error;
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-5).join('\n');
}
