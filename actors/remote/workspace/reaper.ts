/**
 * Frees the room of copies and scratch repositories that nobody has used for long, or that are more than there is room for.
 *
 * R1. Nothing is deleted before what only it has is kept: its branches and rescued work go into a bundle, which git has
 *     checked, below `rescue/`. A copy that is made again has them back.
 * R2. What has a working copy, or was used within the last day (the longest session), stays, however full it is.
 * R3. The longest unused goes first. Bundles are never deleted: that is a person's to do.
 */
import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { WorkspaceFailure } from './failure.ts';
import type { Git } from './git.ts';
import type { RepoLock } from './repo-lock.ts';

export type ReapLimits = {
  readonly ageMs: number;
  /** Of all that stands in the folder. */
  readonly bytesMax: number;
};

export type Reaped = {
  readonly removed: readonly {
    readonly path: string;
    readonly bytes: number;
    readonly bundle: string | null;
  }[];
  /** What should have gone and stays, with the reason. */
  readonly failures: readonly WorkspaceFailure[];
  readonly bytes: number;
};

export type Store = {
  readonly git: Git;
  readonly workDir: string;
  readonly lock: RepoLock;
  readonly isInUse: (path: string) => boolean;
  readonly nowMs: number;
};

type Candidate = { readonly path: string; readonly usedMs: number };

const run = promisify(execFile);
/** No session is at work for longer. */
const GRACE_MS = 86_400_000;
const USED = 'oio-used';
const OURS = ['--branches=oio/*', '--exclude=refs/oio/owners/*', '--glob=refs/oio/*'];

/** Says that a copy or scratch repository is used now. */
export async function markUsed(path: string, nowMs = Date.now()): Promise<void> {
  const mark = join(await gitFolder(path), USED);
  await writeFile(mark, '', { flag: 'a' });
  await utimes(mark, nowMs / 1_000, nowMs / 1_000);
}

export async function wasUsed(path: string): Promise<boolean> {
  const mark = await stat(join(await gitFolder(path), USED)).catch(() => null);
  return mark !== null;
}

export async function reapStores(store: Store, limits: ReapLimits): Promise<Reaped> {
  const { workDir, nowMs } = store;
  const removed: { path: string; bytes: number; bundle: string | null }[] = [];
  const failures: WorkspaceFailure[] = [];
  let bytes = await sizeOf(workDir);
  for (const { path, usedMs } of await candidates(workDir)) {
    const unusedMs = nowMs - usedMs;
    const isDue = unusedMs > limits.ageMs || bytes > limits.bytesMax;
    if (!isDue || unusedMs < GRACE_MS) continue;
    try {
      const size = await sizeOf(path);
      const bundle = await store.lock.run(path, () => removeRescued(store, path));
      if (bundle === undefined) continue;
      removed.push({ path, bytes: size, bundle });
      bytes -= size;
    } catch (error) {
      failures.push(toFailure(error, path));
    }
  }
  return { removed, failures, bytes };
}

/** Puts back what was kept of a copy or scratch repository that is made again. */
export async function restoreRescued(git: Git, workDir: string, path: string): Promise<void> {
  const folder = join(workDir, 'rescue');
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((one) => one.startsWith(`${basename(path)}-`) && one.endsWith('.bundle'))) {
    const refs = ['refs/heads/oio/*:refs/heads/oio/*', 'refs/oio/*:refs/oio/*'];
    await git.text(path, ['fetch', '--quiet', '--no-tags', join(folder, name), ...refs]);
  }
}

function toFailure(error: unknown, path: string): WorkspaceFailure {
  if (error instanceof WorkspaceFailure) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new WorkspaceFailure('GIT_FAILED', `${path} stays: ${why}`, { cause: error });
}

/** The bundle's path; null: it had nothing of its own; undefined: it is in use. */
async function removeRescued(store: Store, path: string): Promise<string | null | undefined> {
  const worktrees = await store.git.text(path, ['worktree', 'list', '--porcelain']);
  const isHeld = worktrees
    .split('\n\n')
    .slice(1)
    .some((one) => one.trim() !== '' && !one.includes('\nprunable'));
  if (isHeld || store.isInUse(path)) return undefined;
  const bundle = await rescue(store, path);
  await rm(path, { recursive: true, force: true });
  return bundle;
}

async function rescue({ git, workDir, nowMs }: Store, path: string): Promise<string | null> {
  const known = await knownElsewhere(git, path);
  const isScratch = known === null;
  const what = isScratch ? ['--all'] : [...OURS, ...known];
  const count = await git.text(path, ['rev-list', '--count', ...what]);
  if (count === '0') return null;
  const folder = join(workDir, 'rescue');
  await mkdir(folder, { recursive: true });
  const bundle = join(
    folder,
    `${basename(path)}-${new Date(nowMs).toISOString().replaceAll(/[:.]/g, '')}.bundle`,
  );
  const kept = isScratch ? ['--exclude=refs/oio/owners/*', '--all'] : what;
  await git.text(path, ['bundle', 'create', '--quiet', bundle, ...kept]);
  await git.text(path, ['bundle', 'verify', '--quiet', bundle]);
  const address = await git.try(path, ['config', '--get', 'remote.origin.url']);
  const about = { address: address.stdout.trim() || null, path, at: new Date(nowMs).toISOString() };
  await writeFile(`${bundle}.json`, `${JSON.stringify(about, null, 2)}\n`);
  return bundle;
}

/** What the address has by now need not be kept. Where it can't be asked, all is; null: there is no address. */
async function knownElsewhere(git: Git, path: string): Promise<readonly string[] | null> {
  const address = await git.try(path, ['config', '--get', 'remote.origin.url']);
  if (address.code !== 0) return null;
  const fetched = await git.try(path, ['fetch', '--quiet', '--prune', '--tags', '--force', 'origin']);
  return fetched.code === 0 ? ['--not', '--remotes=origin'] : [];
}

/** The longest unused first. */
async function candidates(workDir: string): Promise<readonly Candidate[]> {
  const found: Candidate[] = [];
  for (const kind of ['copies', 'scratch']) {
    for (const name of await readdir(join(workDir, kind)).catch(() => [])) {
      const path = join(workDir, kind, name);
      const mark = await stat(join(await gitFolder(path), USED)).catch(() => null);
      const used = mark ?? (await stat(path).catch(() => null));
      if (used?.isFile() || used?.isDirectory()) found.push({ path, usedMs: used.mtimeMs });
    }
  }
  return found.sort((one, other) => one.usedMs - other.usedMs);
}

async function gitFolder(path: string): Promise<string> {
  const inside = join(path, '.git');
  return (await stat(inside).catch(() => null))?.isDirectory() ? inside : path;
}

/** By `du`, which counts blocks and each file with several names once; what goes meanwhile makes it complain, not fail. */
async function sizeOf(path: string): Promise<number> {
  const said = await run('du', ['-sk', path], { env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } }).catch(
    (error: { readonly stdout?: string }) => ({ stdout: error.stdout ?? '' }),
  );
  return (Number.parseInt(said.stdout, 10) || 0) * 1_024;
}
