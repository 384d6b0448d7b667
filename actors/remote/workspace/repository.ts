/**
 * Where a repository is: a folder of this machine, whose branches become visible to its owner at once, or an address,
 * of which a copy is kept and brought up to date. Branches of a copy stay in the copy: nothing is pushed.
 */
import { createHash } from 'node:crypto';
import { mkdir, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { WorkspaceFailure } from './failure.ts';
import type { Git } from './git.ts';

export type Repository = {
  /** Where git keeps its objects and refs: the same for all worktrees. */
  readonly gitDirectory: string;
  /** Refs that are looked through for a name, in this order. */
  readonly refRoots: readonly string[];
  readonly headRef: string;
};

const ADDRESS = /^(?:https?|ssh|git|file):\/\/[^\s-]|^[\w.-]+@[\w.-]+:[^\s-]/;
const FETCH_MS = 10 * 60_000;

export function isAddress(repo: string): boolean {
  return ADDRESS.test(repo);
}

export async function openFolder(git: Git, path: string): Promise<Repository> {
  if (!isAbsolute(path)) {
    throw new WorkspaceFailure(
      'REPOSITORY_NOT_FOUND',
      `"${path}" is neither an absolute path nor an address`,
    );
  }
  const place = await stat(path).catch(() => null);
  if (place === null || !place.isDirectory()) {
    throw new WorkspaceFailure('REPOSITORY_NOT_FOUND', `there is no folder ${path} on this machine`);
  }
  const found = await git.try(path, ['rev-parse', '--path-format=absolute', '--git-common-dir']);
  if (found.code !== 0) {
    throw new WorkspaceFailure(
      'REPOSITORY_NOT_FOUND',
      `${path} is no git repository: run "git init" and commit there`,
    );
  }
  const gitDirectory = await realpath(found.stdout.trim());
  return { gitDirectory, refRoots: ['refs/heads/', 'refs/tags/', 'refs/remotes/', ''], headRef: 'HEAD' };
}

/** Where the copy of an address is kept. */
export function copyDirectory(workDir: string, address: string): string {
  const name = createHash('sha256').update(address).digest('hex').slice(0, 20);
  return join(workDir, 'copies', `${name}.git`);
}

/** Makes the copy if there is none, and fetches what is new. */
export async function refreshCopy(git: Git, directory: string, address: string): Promise<Repository> {
  await mkdir(directory, { recursive: true });
  await git.text(directory, ['init', '--quiet', '--bare']);
  const isKnown = await git.try(directory, ['config', '--get', 'remote.origin.url']);
  if (isKnown.code !== 0) await git.text(directory, ['remote', 'add', 'origin', address]);
  const fetched = await git.try(directory, ['fetch', '--quiet', '--prune', '--tags', '--force', 'origin'], {
    timeoutMs: FETCH_MS,
  });
  if (fetched.code !== 0) {
    const said = fetched.stderr.trim().split('\n').slice(-3).join('\n');
    throw new WorkspaceFailure('REPOSITORY_UNREACHABLE', `the repository could not be fetched: ${said}`);
  }
  await git.try(directory, ['remote', 'set-head', 'origin', '--auto'], { timeoutMs: FETCH_MS });
  return {
    gitDirectory: await realpath(directory),
    refRoots: ['refs/heads/', 'refs/remotes/origin/', 'refs/tags/', ''],
    headRef: 'refs/remotes/origin/HEAD',
  };
}

/** The commit that a name means, or null. */
export async function findCommit(git: Git, repository: Repository, name: string): Promise<string | null> {
  if (name.startsWith('-')) return null;
  const candidates = name === 'HEAD' ? [repository.headRef] : repository.refRoots.map((root) => root + name);
  for (const candidate of candidates) {
    const found = await git.try(repository.gitDirectory, [
      'rev-parse',
      '--verify',
      '--quiet',
      `${candidate}^{commit}`,
    ]);
    if (found.code === 0) return found.stdout.trim();
  }
  return null;
}
