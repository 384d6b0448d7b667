/**
 * Merges the branches that a task begins with, in the order in which they are named. Where they don't merge it is refused
 * whole, or, for a task that is to resolve that, the conflicts are kept in the files with their marks.
 *
 * M1. A merge with conflicts is never what a branch ends at: `joinMerges` makes one commit of what was resolved, and only
 *     when no mark is left.
 */
import { WorkspaceFailure } from './failure.ts';
import type { Git } from './git.ts';
import { findCommit } from './repository.ts';
import type { Worktree } from './worktree.ts';

export type Merges = {
  /** Commits that were merged, in order. */
  readonly merged: readonly string[];
  /** Files that were in conflict; empty where there was none. */
  readonly conflicts: readonly string[];
};

const MARKS = '^(<<<<<<< |>>>>>>> |\\|\\|\\|\\|\\|\\|\\| )';
const PATHS_NAMED_MAX = 20;

export async function mergeBranches(git: Git, worktree: Omit<Worktree, keyof Merges>): Promise<Merges> {
  const merged: string[] = [];
  const conflicts = new Set<string>();
  for (const name of worktree.merge) {
    const commit = await findCommit(git, worktree.repository, name);
    if (commit === null) {
      const message = `the branch ${name} of a finished dependency is not in this repository`;
      throw new WorkspaceFailure('BRANCH_NOT_FOUND', message);
    }
    for (const path of await mergeOne(git, worktree, { name, commit })) conflicts.add(path);
    merged.push(commit);
  }
  return { merged, conflicts: [...conflicts] };
}

/** Returns the files that are in conflict. */
async function mergeOne(
  git: Git,
  { path, conflictsAre }: Pick<Worktree, 'path' | 'conflictsAre'>,
  { name, commit }: { readonly name: string; readonly commit: string },
): Promise<readonly string[]> {
  const args = ['-c', 'merge.conflictStyle=diff3', 'merge', '--quiet', '--no-edit', '-m', `Merge ${name}`];
  const merging = await git.try(path, [...args, commit]);
  if (merging.code === 0) return [];
  const unmerged = await git.text(path, ['diff', '--name-only', '--diff-filter=U', '-z']);
  const paths = unmerged.split('\0').filter((one) => one !== '');
  if (paths.length > 0 && conflictsAre === 'kept') {
    await git.text(path, ['add', '--all']);
    await git.text(path, ['commit', '--quiet', '--no-verify', '-m', `Merge ${name}, with conflicts`]);
    return paths;
  }
  await git.try(path, ['merge', '--abort']);
  if (paths.length === 0) {
    const said = merging.stderr || merging.stdout;
    throw new WorkspaceFailure('GIT_FAILED', `${name} could not be merged: ${said}`);
  }
  const message = `${name} does not merge with what came before it: ${nameSome(paths)}`;
  throw new WorkspaceFailure('MERGE_CONFLICT', message, { paths });
}

/** After the conflicts were resolved: one commit with the branches as its parents takes the place of how it came about. */
export async function joinMerges(git: Git, worktree: Worktree, message: string): Promise<void> {
  const { path, conflicts, merged } = worktree;
  if (conflicts.length === 0) return;
  const found = await git.try(path, [
    'grep',
    '-l',
    '-z',
    '-E',
    MARKS,
    'HEAD',
    '--',
    ...conflicts.map(literal),
  ]);
  if (found.code === 0) {
    const left = found.stdout.split('\0').filter((one) => one !== '');
    const names = left.map((one) => one.slice('HEAD:'.length));
    throw new WorkspaceFailure('CONFLICT_UNRESOLVED', `marks of conflicts are left in ${nameSome(names)}`, {
      paths: names,
    });
  }
  const parents = merged.flatMap((commit) => ['-p', commit]);
  const joined = await git.text(path, ['commit-tree', 'HEAD^{tree}', ...parents, '-F', '-'], {
    input: message,
  });
  await git.text(path, ['reset', '--quiet', '--soft', joined]);
}

/** Names of files are names, and no patterns. */
function literal(path: string): string {
  return `:(literal)${path}`;
}

function nameSome(paths: readonly string[]): string {
  const more = paths.length - PATHS_NAMED_MAX;
  return `${paths.slice(0, PATHS_NAMED_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
