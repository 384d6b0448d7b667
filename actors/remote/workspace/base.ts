/**
 * The base of a session is pinned: all of its tasks start from the same commit, however the branch that was named moves
 * meanwhile. The pin is a ref of the repository, made by whoever comes first.
 */
import { createHash } from 'node:crypto';
import { WorkspaceFailure } from './failure.ts';
import type { Git } from './git.ts';
import { findCommit, type Repository } from './repository.ts';

const NEW = '0'.repeat(40);

/** The commit that `name` meant when the session's first task began. */
export async function pinBase(
  git: Git,
  repository: Repository,
  { sessionId, baseRef }: { readonly sessionId: string; readonly baseRef: string },
): Promise<string> {
  const mark = createHash('sha256').update(baseRef).digest('hex').slice(0, 12);
  const pin = `refs/oio/bases/${sessionId}/${mark}`;
  const pinned = await read(git, repository, pin);
  if (pinned !== null) return pinned;
  const commit = await findCommit(git, repository, baseRef);
  if (commit === null) {
    const hint =
      baseRef === 'HEAD' ? 'the repository has no commit yet' : 'no branch, tag or commit has this name';
    throw new WorkspaceFailure('BASE_NOT_FOUND', `there is nothing to start from at "${baseRef}": ${hint}`);
  }
  const made = await git.try(repository.gitDirectory, ['update-ref', pin, commit, NEW]);
  if (made.code === 0) return commit;
  // Another process was first: its word counts.
  const theirs = await read(git, repository, pin);
  if (theirs !== null) return theirs;
  throw new WorkspaceFailure('GIT_FAILED', `the base could not be pinned: ${made.stderr.trim()}`);
}

async function read(git: Git, repository: Repository, ref: string): Promise<string | null> {
  const found = await git.try(repository.gitDirectory, ['rev-parse', '--verify', '--quiet', ref]);
  return found.code === 0 ? found.stdout.trim() : null;
}
