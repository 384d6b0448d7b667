/**
 * Working copies for attempts: each attempt works in a git worktree of its own, cut from a base and from the branches
 * of what it depends on, and its work ends up as a commit on the task's branch.
 *
 * W1. Only refs below `refs/heads/oio/` and `refs/oio/` are ever moved. What a person has checked out never is.
 * W2. A branch is moved only by the attempt that began last, from where it began: one that was overtaken changes nothing.
 * W3. Nothing that was not committed is deleted: it is committed below `refs/oio/rescue/` first, or it stays.
 * W4. Operations on one repository follow each other; a set-up script, which may take long, holds nobody up.
 * W5. All tasks of a session start from the same commit (base.ts).
 */
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { pinBase } from './base.ts';
import { type Captured, captureWork } from './capture.ts';
import { WorkspaceFailure } from './failure.ts';
import { Git } from './git.ts';
import { mergeBranches } from './merge.ts';
import { markUsed, type Reaped, type ReapLimits, reapStores, restoreRescued, wasUsed } from './reaper.ts';
import { RepoLock } from './repo-lock.ts';
import { copyDirectory, isAddress, openFolder, type Repository, refreshCopy } from './repository.ts';
import { SET_UP_LIMITS, type SetUpLimits, setUp } from './set-up.ts';
import { ownerRef, type Worktree, type WorktreeRequest } from './worktree.ts';

export type WorkspacesOptions = {
  /** Where worktrees and copies are put. One process at a time may use it. */
  readonly workDir: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Of a repository's own script. */
  readonly setUpLimits?: SetUpLimits;
};

const ID = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/;
/** What git takes for a ref that is not there. */
const ABSENT = '';

export class Workspaces {
  readonly #workDir: string;
  readonly #git: Git;
  readonly #environment: WorkspacesOptions['environment'];
  readonly #setUpLimits: SetUpLimits;
  /** Working copies that are in use, each with its repository. */
  readonly #live = new Map<string, string>();
  readonly #lock = new RepoLock();

  constructor({ workDir, environment, setUpLimits = SET_UP_LIMITS }: WorkspacesOptions) {
    this.#environment = environment;
    this.#setUpLimits = setUpLimits;
    this.#workDir = workDir;
    this.#git = new Git(environment);
  }

  /** A fresh working copy, set up; what an earlier attempt left is put away first. */
  async prepareWorktree(request: WorktreeRequest, signal?: AbortSignal): Promise<Worktree> {
    checkNames(request);
    const worktree = await this.#makeWorktree(request);
    this.#live.set(worktree.path, worktree.key);
    try {
      await setUp(this.#git, worktree, {
        home: join(this.#workDir, 'home'),
        environment: this.#environment,
        limits: this.#setUpLimits,
        signal: signal ?? new AbortController().signal,
      });
      return worktree;
    } catch (error) {
      await this.removeWorktree(worktree);
      throw error;
    }
  }

  async #makeWorktree(request: WorktreeRequest): Promise<Worktree> {
    const { repo, sessionId, taskId, attempt } = request;
    const key = isAddress(repo) ? copyDirectory(this.#workDir, repo) : repo;
    return this.#lock.run(key, async () => {
      const repository = isAddress(repo)
        ? await this.#openCopy(key, repo)
        : await openFolder(this.#git, repo);
      if (key.startsWith(this.#workDir)) await markUsed(key);
      const base = await pinBase(this.#git, repository, request);
      await this.#refuseIfCheckedOut(repository, request.branch);
      const path = join(this.#workDir, 'worktrees', sessionId, taskId, String(attempt));
      const nothing = { merged: [], conflicts: [] };
      const place = { ...request, ...nothing, path, key, repository, baseCommit: base, startCommit: base };
      await this.#discard(place);
      const branchTip = await this.#keepEarlierAttempt(place);
      const ownerMark = await this.#markOwner(place);
      await mkdir(join(path, '..'), { recursive: true });
      await this.#git.text(repository.gitDirectory, ['worktree', 'add', '--quiet', '--detach', path, base]);
      return this.#start({ ...place, branchTip, ownerMark });
    });
  }

  /** An empty repository for a session that names none. Returns its path. */
  async makeScratchRepository(sessionId: string): Promise<string> {
    if (!ID.test(sessionId))
      throw new WorkspaceFailure('INVALID_NAME', `"${sessionId}" cannot be part of a path`);
    const path = join(this.#workDir, 'scratch', sessionId);
    await this.#lock.run(path, async () => {
      await mkdir(path, { recursive: true });
      await this.#git.text(path, ['init', '--quiet', '--initial-branch=main']);
      const begun = await this.#git.try(path, ['rev-parse', '--verify', '--quiet', 'HEAD']);
      if (begun.code === 0) return;
      await restoreRescued(this.#git, this.#workDir, path);
      await this.#git.text(path, ['commit', '--quiet', '--allow-empty', '--no-verify', '-m', 'Begin']);
    });
    return path;
  }

  /** Commits everything that is left in the worktree and moves the task's branch there. */
  async captureResult(worktree: Worktree, about: { readonly message: string }): Promise<Captured> {
    return this.#lock.run(worktree.key, () => captureWork(this.#git, worktree, about.message));
  }

  /** Removes the worktree. What was not committed is kept below `refs/oio/rescue/`. */
  async removeWorktree(worktree: Worktree): Promise<void> {
    this.#live.delete(worktree.path);
    await this.#lock.run(worktree.key, () => this.#discard(worktree));
  }

  /** Frees room: see `reaper.ts`. */
  async reap(limits: ReapLimits, nowMs = Date.now()): Promise<Reaped> {
    const isInUse = (path: string) => [...this.#live.values()].includes(path);
    const store = { git: this.#git, workDir: this.#workDir, lock: this.#lock, isInUse, nowMs };
    return reapStores(store, limits);
  }

  /** A working copy that a process of before has made, as it stands; null where it is gone or belongs to another. */
  async reopenWorktree(worktree: Worktree): Promise<Worktree | null> {
    const { path, key, repository, ownerMark } = worktree;
    return this.#lock.run(key, async () => {
      const place = await stat(path).catch(() => null);
      if (place === null) return null;
      const top = await this.#git.try(path, ['rev-parse', '--show-toplevel']);
      if (top.code !== 0 || !isSamePlace(top.stdout.trim(), path)) return null;
      if ((await this.#refTarget(repository, ownerRef(worktree))) !== ownerMark) return null;
      if (key.startsWith(this.#workDir)) await markUsed(key);
      this.#live.set(path, key);
      return worktree;
    });
  }

  /** Puts away what an earlier process left behind, but for `kept`. Returns what had to stay, with the reason. */
  async sweepWorktrees(kept: ReadonlySet<string> = new Set()): Promise<readonly WorkspaceFailure[]> {
    const root = join(this.#workDir, 'worktrees');
    const failures: WorkspaceFailure[] = [];
    for (const [sessionId, taskId, attempt] of await listAttempts(root)) {
      const path = join(root, sessionId, taskId, attempt);
      if (kept.has(path)) continue;
      try {
        const repository = await openFolder(this.#git, path);
        await this.#discard({ path, repository, sessionId, taskId, attempt: Number(attempt) });
      } catch (error) {
        if (!(error instanceof WorkspaceFailure)) throw error;
        failures.push(error);
      }
    }
    return failures;
  }

  /** The copy of an address, up to date. One that was reaped gets its branches back. */
  async #openCopy(directory: string, address: string): Promise<Repository> {
    const isNew = !(await wasUsed(directory));
    const repository = await refreshCopy(this.#git, directory, address);
    if (isNew) await restoreRescued(this.#git, this.#workDir, directory);
    return repository;
  }

  async #refuseIfCheckedOut(repository: Repository, branch: string): Promise<void> {
    const list = await this.#git.text(repository.gitDirectory, ['worktree', 'list', '--porcelain']);
    const blocks = list.split('\n\n');
    const holder = blocks.find((block) => block.split('\n').includes(`branch refs/heads/${branch}`));
    if (holder === undefined || holder.includes('\nprunable')) return;
    const place = /^worktree (.*)$/m.exec(holder)?.[1] ?? 'another place';
    throw new WorkspaceFailure(
      'BRANCH_IN_USE',
      `${branch} is checked out at ${place}: switch to another branch there`,
    );
  }

  /** Another attempt may have moved the branch. Its commits stay reachable. Returns where the branch is. */
  async #keepEarlierAttempt(place: Omit<Worktree, 'branchTip' | 'ownerMark'>): Promise<string> {
    const { repository, branch, sessionId, taskId, attempt } = place;
    const tip = await this.#refTarget(repository, `refs/heads/${branch}`);
    if (tip === null) return ABSENT;
    const task = `${sessionId}/${taskId}`;
    const kept = `refs/oio/attempts/${task}/${Math.max(0, attempt - 1)}`;
    const known = await this.#refTarget(repository, kept);
    const ref = known === null || known === tip ? kept : `refs/oio/rescue/${task}/${tip.slice(0, 12)}`;
    await this.#git.text(repository.gitDirectory, ['update-ref', ref, tip]);
    return tip;
  }

  async #markOwner(
    place: Pick<Worktree, 'repository' | 'sessionId' | 'taskId' | 'attempt'>,
  ): Promise<string> {
    const { gitDirectory } = place.repository;
    const input = `attempt ${place.attempt}\n`;
    const mark = await this.#git.text(gitDirectory, ['hash-object', '-w', '--stdin'], { input });
    await this.#git.text(gitDirectory, ['update-ref', ownerRef(place), mark]);
    return mark;
  }

  /** Merges what the task depends on, and lets the branch begin there. */
  async #start(worktree: Worktree): Promise<Worktree> {
    const { path, repository, branch, branchTip } = worktree;
    try {
      const merges = await mergeBranches(this.#git, worktree);
      const startCommit = await this.#git.text(path, ['rev-parse', 'HEAD']);
      await this.#git.text(repository.gitDirectory, [
        'update-ref',
        `refs/heads/${branch}`,
        startCommit,
        branchTip,
      ]);
      return { ...worktree, ...merges, startCommit, branchTip: startCommit };
    } catch (error) {
      await this.#git.try(repository.gitDirectory, ['worktree', 'remove', '--force', path]);
      throw error;
    }
  }

  async #discard(worktree: Place): Promise<void> {
    const { path, repository } = worktree;
    const git = this.#git;
    const place = await stat(path).catch(() => null);
    if (place === null) {
      await git.text(repository.gitDirectory, ['worktree', 'prune']);
      return;
    }
    await this.#rescue(worktree);
    await git.text(repository.gitDirectory, ['worktree', 'remove', '--force', '--force', path]);
    // What git ignores is left if it came while git was removing.
    await rm(path, { recursive: true, force: true });
  }

  /** Keeps what only the worktree has: changes that are not committed, commits that no ref reaches. */
  async #rescue({ path, repository, sessionId, taskId, attempt }: Place): Promise<void> {
    const top = await this.#git.try(path, ['rev-parse', '--show-toplevel']);
    if (top.code !== 0 || !isSamePlace(top.stdout.trim(), path)) {
      throw new WorkspaceFailure('GIT_FAILED', `${path} is no worktree that git knows: it stays as it is`);
    }
    const changed = await this.#git.text(path, ['status', '--porcelain']);
    if (changed !== '') {
      await this.#git.text(path, ['add', '--all']);
      const message = `Kept from attempt ${attempt} of task ${taskId}`;
      const args = ['commit', '--quiet', '--no-verify', '--allow-empty', '-m', message];
      await this.#git.text(path, args);
    }
    const head = await this.#git.text(path, ['rev-parse', 'HEAD']);
    const holders = await this.#git.text(path, ['for-each-ref', '--count=1', '--contains', head]);
    if (holders !== '') return;
    const ref = `refs/oio/rescue/${sessionId}/${taskId}/${attempt}-${head.slice(0, 12)}`;
    await this.#git.text(repository.gitDirectory, ['update-ref', ref, head]);
  }

  async #refTarget(repository: Repository, ref: string): Promise<string | null> {
    const found = await this.#git.try(repository.gitDirectory, ['rev-parse', '--verify', '--quiet', ref]);
    return found.code === 0 ? found.stdout.trim() : null;
  }
}

type Place = Pick<Worktree, 'path' | 'repository' | 'sessionId' | 'taskId' | 'attempt'>;

function checkNames({ branch, sessionId, taskId, attempt }: WorktreeRequest): void {
  for (const id of [sessionId, taskId]) {
    if (!ID.test(id)) throw new WorkspaceFailure('INVALID_NAME', `"${id}" cannot be part of a path`);
  }
  if (!Number.isSafeInteger(attempt) || attempt < 0) {
    throw new WorkspaceFailure('INVALID_NAME', `${attempt} is no number of an attempt`);
  }
  if (!/^oio(?:\/[A-Za-z0-9][\w-]*)+$/.test(branch)) {
    throw new WorkspaceFailure('INVALID_NAME', `"${branch}" is no branch of ours: those begin with oio/`);
  }
}

/** Session, task and attempt of each worktree folder. */
async function listAttempts(root: string): Promise<readonly (readonly [string, string, string])[]> {
  const entries = await readdir(root, { recursive: false }).catch(() => []);
  const found: (readonly [string, string, string])[] = [];
  for (const session of entries) {
    for (const task of await readdir(join(root, session)).catch(() => [])) {
      for (const attempt of await readdir(join(root, session, task)).catch(() => [])) {
        if (ID.test(session) && ID.test(task) && /^\d+$/.test(attempt)) found.push([session, task, attempt]);
      }
    }
  }
  return found;
}

/** git resolves symbolic links (on macOS the temporary folder is one). */
function isSamePlace(found: string, path: string): boolean {
  return found === path || found.endsWith(sep + path.split(sep).slice(-4).join(sep));
}
