/** For tests of working copies: a small repository, a folder for them, and the request of a task. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkspaceFailure } from '../failure.ts';
import { Workspaces } from '../workspaces.ts';
import type { WorktreeRequest } from '../worktree.ts';

export interface Bench {
  readonly session: string;
  readonly repo: string;
  readonly workDir: string;
  readonly workspaces: Workspaces;
  /** Runs git in the repository, or with `-C` elsewhere; returns what it wrote. */
  git(...args: readonly string[]): string;
  /** Commits all that is there. */
  commit(message: string): void;
  request(taskId: string, fields?: Partial<WorktreeRequest>): WorktreeRequest;
  /** A task that writes one file. */
  finish(taskId: string, fields?: Partial<WorktreeRequest>): Promise<string>;
}

const SESSION = '0190a000-0000-7000-8000-000000000001';

/** `path`: where programs are found. `onEnd` takes what clears it away. */
export function makeBench(path: string | undefined, onEnd: (end: () => void) => void): Bench {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'oio-bench-')));
  onEnd(() => rmSync(root, { recursive: true, force: true }));
  const [repo, workDir] = [join(root, 'repo'), join(root, 'work')];
  const environment = {
    PATH: path ?? '/usr/bin:/bin',
    HOME: tmpdir(),
    SSH_AUTH_SOCK: '/nowhere',
    SOME_API_KEY: 'secret',
  };
  const git = (...args: readonly string[]): string => {
    const person = ['-c', 'user.name=Person', '-c', 'user.email=person@example.invalid'];
    return execFileSync('git', [...person, ...args], {
      cwd: repo,
      encoding: 'utf8',
      env: environment,
    }).trim();
  };
  const commit = (message: string): void => {
    git('add', '--all');
    git('commit', '--quiet', '-m', message);
  };
  mkdirSync(repo);
  git('init', '--quiet', '--initial-branch=main');
  writeFileSync(join(repo, 'a.txt'), 'one\n');
  writeFileSync(join(repo, '.gitignore'), 'ignored/\n');
  commit('first');
  const setUpLimits = { timeoutMs: 2_000, outputBytesMax: 100_000 };
  const workspaces = new Workspaces({ workDir, environment, setUpLimits });
  const request = (taskId: string, fields: Partial<WorktreeRequest> = {}): WorktreeRequest => ({
    repo,
    baseRef: 'main',
    branch: `oio/${SESSION}/${taskId}`,
    merge: [],
    sessionId: SESSION,
    taskId,
    attempt: 1,
    ...fields,
  });
  const finish = async (taskId: string, fields: Partial<WorktreeRequest> = {}): Promise<string> => {
    const worktree = await workspaces.prepareWorktree(request(taskId, fields));
    writeFileSync(join(worktree.path, `${taskId}.txt`), `${taskId}\n`);
    const { commit: made } = await workspaces.captureResult(worktree, { message: `Write ${taskId}` });
    await workspaces.removeWorktree(worktree);
    return made;
  };
  return { session: SESSION, repo, workDir, workspaces, git, commit, request, finish };
}

export async function failureOf(work: Promise<unknown>): Promise<WorkspaceFailure> {
  try {
    await work;
  } catch (error) {
    if (error instanceof WorkspaceFailure) return error;
    throw error;
  }
  throw new Error('it did not fail');
}
