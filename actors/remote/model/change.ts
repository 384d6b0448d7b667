/**
 * What there is to be reviewed, and what a planner may see: read with git, and never more than fits.
 *
 * C1. What is shown is at most `bytesMax`, cut between two files: half a file's diff would read as if the rest were not there.
 */
import { Git } from '#actors/remote/workspace/git.ts';
import type { Worktree } from '#actors/remote/workspace/worktree.ts';
import type { Project } from './plan.ts';
import type { Change } from './review.ts';

const DIFF = ['diff', '--no-ext-diff', '--no-textconv', '--no-color', '--find-renames'];
const FILES_MAX = 300;

type Environment = Readonly<Record<string, string>>;

/** What was merged into the working copy, against the base of its session. */
export async function readChange(
  worktree: Worktree,
  environment: Environment,
  bytesMax: number,
): Promise<Change> {
  const git = new Git(environment);
  const { path, baseCommit, startCommit } = worktree;
  const names = await git.text(path, [...DIFF, '--name-only', '-z', baseCommit, startCommit]);
  const parts: string[] = [];
  const leftOut: string[] = [];
  let bytes = 0;
  for (const name of names.split('\0').filter((one) => one !== '')) {
    const room = bytesMax - bytes;
    const part = room <= 0 ? null : await readPart(git, worktree, name);
    const size = part === null ? 0 : Buffer.byteLength(part);
    if (part === null || size > room) leftOut.push(name);
    else parts.push(part);
    if (part !== null && size <= room) bytes += size;
  }
  return { diff: parts.join('\n'), leftOut };
}

/** Null: it is larger than anything that could be shown. */
async function readPart(git: Git, worktree: Worktree, name: string): Promise<string | null> {
  const { path, baseCommit, startCommit } = worktree;
  // A name of a file is not to be read as a pattern.
  const only = ['--', `:(literal)${name}`];
  return git.text(path, [...DIFF, baseCommit, startCommit, ...only]).catch(() => null);
}

export async function readProject(worktree: Worktree, environment: Environment): Promise<Project> {
  const names = await new Git(environment).text(worktree.path, ['ls-files', '-z']);
  const files = names.split('\0').filter((name) => name !== '');
  return { files: files.slice(0, FILES_MAX), filesTotal: files.length };
}
