/** Turns what an attempt left in its worktree into a commit, and says what it changed. git's diff is the truth. */
import { WorkspaceFailure } from './failure.ts';
import type { Git } from './git.ts';
import { joinMerges } from './merge.ts';
import { ownerRef, type Worktree } from './worktree.ts';

export type Captured = {
  readonly commit: string;
  readonly branch: string;
  /** Unified diff of this attempt's own work; null if it is larger than `PATCH_BYTES_MAX`. */
  readonly patch: string | null;
  readonly filesChanged: number;
  readonly additions: number;
  readonly deletions: number;
};

export const PATCH_BYTES_MAX = 30 * 1024 * 1024;

const DIFF = ['diff', '--no-ext-diff', '--no-textconv', '--no-color', '--find-renames'];

export async function captureWork(git: Git, worktree: Worktree, message: string): Promise<Captured> {
  const { path, branch, startCommit } = worktree;
  await git.text(path, ['add', '--all']);
  const staged = await git.try(path, ['diff', '--cached', '--quiet']);
  if (staged.code !== 0) await git.text(path, ['commit', '--quiet', '--no-verify', '-m', message]);
  await joinMerges(git, worktree, message);
  const commit = await git.text(path, ['rev-parse', 'HEAD']);
  await moveBranch(git, worktree, commit);
  const changes = await git.try(path, [...DIFF, '--numstat', '-z', startCommit, commit]);
  return { commit, branch, patch: await makePatch(git, worktree, commit), ...countChanges(changes.stdout) };
}

/** The attempt's own ref always keeps the commit; the branch moves only while this attempt owns it. */
async function moveBranch(git: Git, worktree: Worktree, commit: string): Promise<void> {
  const { repository, branch, branchTip, ownerMark, sessionId, taskId, attempt } = worktree;
  const kept = `refs/oio/attempts/${sessionId}/${taskId}/${attempt}`;
  await git.text(repository.gitDirectory, ['update-ref', kept, commit]);
  const input = `start
verify ${ownerRef(worktree)} ${ownerMark}
update refs/heads/${branch} ${commit} ${branchTip}
commit
`;
  const moved = await git.try(repository.gitDirectory, ['update-ref', '--stdin'], { input });
  if (moved.code === 0 || (await isThere(git, worktree, commit))) return;
  throw new WorkspaceFailure(
    'STALE_WORKTREE',
    `${branch} was moved by another attempt; this work is kept at ${kept}`,
  );
}

/** Moved before by this very attempt, whose process died before it could say so. */
async function isThere(git: Git, worktree: Worktree, commit: string): Promise<boolean> {
  const { repository, branch, ownerMark } = worktree;
  const refs = [`refs/heads/${branch}`, ownerRef(worktree)];
  const targets = await git.try(repository.gitDirectory, ['rev-parse', ...refs]);
  return targets.code === 0 && targets.stdout.trim() === `${commit}\n${ownerMark}`;
}

async function makePatch(git: Git, { path, startCommit }: Worktree, commit: string): Promise<string | null> {
  try {
    const args = [...DIFF, '--binary', '--full-index', startCommit, commit];
    const { stdout } = await git.try(path, args, { outputBytesMax: PATCH_BYTES_MAX });
    return stdout;
  } catch (error) {
    const cause = error instanceof WorkspaceFailure ? error.cause : error;
    const isTooLarge =
      cause instanceof Error && 'code' in cause && cause.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER';
    if (isTooLarge) return null;
    throw error;
  }
}

/** Reads `git diff --numstat -z`: added, removed and name; a rename has an empty name and two more fields. */
export function countChanges(numstat: string): Pick<Captured, 'filesChanged' | 'additions' | 'deletions'> {
  const rows = [...numstat.matchAll(/(\d+|-)\t(\d+|-)\t(?:[^\0]+|\0[^\0]+\0[^\0]+)\0/g)];
  const count = (field: string | undefined): number => Number.parseInt(field ?? '', 10) || 0;
  return {
    filesChanged: rows.length,
    additions: rows.reduce((sum, [, added]) => sum + count(added), 0),
    deletions: rows.reduce((sum, [, , removed]) => sum + count(removed), 0),
  };
}
