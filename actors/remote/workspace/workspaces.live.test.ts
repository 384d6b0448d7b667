/** With the real git, in temporary folders. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { countChanges } from './capture.ts';
import { WorkspaceFailure } from './failure.ts';
import { Workspaces } from './workspaces.ts';
import type { WorktreeRequest } from './worktree.ts';

const SESSION = '0190a000-0000-7000-8000-000000000001';
const environment = { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: tmpdir() };

let root: string;
let repo: string;
let workspaces: Workspaces;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'oio-workspace-')));
  repo = join(root, 'repo');
  mkdirSync(repo);
  git(repo, 'init', '--quiet', '--initial-branch=main');
  writeFileSync(join(repo, 'a.txt'), 'one\n');
  writeFileSync(join(repo, '.gitignore'), 'ignored/\n');
  git(repo, 'add', '--all');
  git(repo, 'commit', '--quiet', '-m', 'first');
  workspaces = new Workspaces({ workDir: join(root, 'work'), environment });
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

test('what an attempt leaves becomes a commit on its branch in the repository, with its patch', async () => {
  const worktree = await workspaces.prepareWorktree(request('task-1'));
  writeFileSync(join(worktree.path, 'a.txt'), 'one\ntwo\n');
  writeFileSync(join(worktree.path, 'größe.txt'), 'new\n');
  mkdirSync(join(worktree.path, 'ignored'));
  writeFileSync(join(worktree.path, 'ignored', 'x'), 'x');

  const captured = await workspaces.captureResult(worktree, { message: 'Add two' });
  await workspaces.removeWorktree(worktree);

  expect(captured).toMatchObject({ filesChanged: 2, additions: 2, deletions: 0, branch: worktree.branch });
  expect(captured.patch).toContain('+two');
  expect(git(repo, 'rev-parse', worktree.branch)).toBe(captured.commit);
  expect(git(repo, 'log', '-1', '--format=%an: %s', worktree.branch)).toBe(
    'OpenCode Industrial Orchestrator: Add two',
  );
  expect(git(repo, 'ls-tree', '--name-only', '-r', worktree.branch)).not.toContain('ignored/x');
  expect(existsSync(worktree.path)).toBe(false);
  expect(git(repo, 'status', '--porcelain')).toBe('');
});

test('an attempt that changes nothing has an empty patch and no commit of its own', async () => {
  const worktree = await workspaces.prepareWorktree(request('task-1'));

  const captured = await workspaces.captureResult(worktree, { message: 'Nothing' });

  expect(captured).toMatchObject({ commit: worktree.startCommit, patch: '', filesChanged: 0 });
});

test('commits that were made in the worktree count too', async () => {
  const worktree = await workspaces.prepareWorktree(request('task-1'));
  writeFileSync(join(worktree.path, 'b.txt'), 'b\n');
  git(worktree.path, 'add', '--all');
  git(worktree.path, 'commit', '--quiet', '-m', 'by itself');
  writeFileSync(join(worktree.path, 'c.txt'), 'c\n');

  const captured = await workspaces.captureResult(worktree, { message: 'The rest' });

  expect(captured.filesChanged).toBe(2);
  expect(git(repo, 'log', '--format=%s', `main..${worktree.branch}`)).toBe('The rest\nby itself');
});

test('a task begins with the work of those that it depends on, and its patch has only its own', async () => {
  await finish('task-1', 'b.txt');
  await finish('task-2', 'c.txt');

  const worktree = await workspaces.prepareWorktree(
    request('task-3', { merge: [branch('task-1'), branch('task-2')] }),
  );
  expect(existsSync(join(worktree.path, 'b.txt')) && existsSync(join(worktree.path, 'c.txt'))).toBe(true);
  writeFileSync(join(worktree.path, 'd.txt'), 'd\n');
  const captured = await workspaces.captureResult(worktree, { message: 'd' });

  expect(captured.filesChanged).toBe(1);
  expect(captured.patch).not.toContain('b.txt');
});

test('work that does not merge fails for good, names the files and leaves nothing behind', async () => {
  await finish('task-1', 'a.txt', 'mine\n');
  await finish('task-2', 'a.txt', 'yours\n');
  const asked = request('task-3', { merge: [branch('task-1'), branch('task-2')] });

  const failure = await failureOf(workspaces.prepareWorktree(asked));

  expect(failure).toMatchObject({ code: 'MERGE_CONFLICT', retryable: false, paths: ['a.txt'] });
  expect(git(repo, 'worktree', 'list').split('\n')).toHaveLength(3);
});

test('a new attempt starts from the base again, and the commits of the earlier one stay', async () => {
  const first = await finish('task-1', 'b.txt');

  const second = await workspaces.prepareWorktree(request('task-1', { attempt: 2 }));

  expect(existsSync(join(second.path, 'b.txt'))).toBe(false);
  expect(git(repo, 'rev-parse', second.branch)).toBe(git(repo, 'rev-parse', 'main'));
  expect(git(repo, 'rev-parse', `refs/oio/attempts/${SESSION}/task-1/1`)).toBe(first.commit);
});

test('an attempt that was overtaken cannot move the branch, and its work is kept', async () => {
  const old = await workspaces.prepareWorktree(request('task-1'));
  const young = await workspaces.prepareWorktree(request('task-1', { attempt: 2 }));
  writeFileSync(join(old.path, 'late.txt'), 'late\n');
  writeFileSync(join(young.path, 'good.txt'), 'good\n');

  const failure = await failureOf(workspaces.captureResult(old, { message: 'late' }));
  const captured = await workspaces.captureResult(young, { message: 'good' });

  expect(failure).toMatchObject({ code: 'STALE_WORKTREE', retryable: false });
  expect(git(repo, 'rev-parse', branch('task-1'))).toBe(captured.commit);
  expect(git(repo, 'show', `refs/oio/attempts/${SESSION}/task-1/1:late.txt`)).toBe('late');
});

test('removing a worktree never loses work that was not committed', async () => {
  const worktree = await workspaces.prepareWorktree(request('task-1'));
  writeFileSync(join(worktree.path, 'half.txt'), 'half done\n');

  await workspaces.removeWorktree(worktree);

  const kept = git(repo, 'for-each-ref', '--format=%(refname)', 'refs/oio/rescue');
  expect(kept).toContain(`refs/oio/rescue/${SESSION}/task-1/1-`);
  expect(git(repo, 'show', `${kept}:half.txt`)).toBe('half done');
});

test('what a killed process left behind is put away by the next one, and kept', async () => {
  const worktree = await workspaces.prepareWorktree(request('task-1'));
  writeFileSync(join(worktree.path, 'half.txt'), 'half done\n');
  const next = new Workspaces({ workDir: join(root, 'work'), environment });

  const stayed = await next.sweepWorktrees();

  expect(stayed).toEqual([]);
  expect(existsSync(worktree.path)).toBe(false);
  expect(git(repo, 'for-each-ref', 'refs/oio/rescue')).toContain('rescue');
});

test('the same attempt asked for again begins anew, and what was there is kept', async () => {
  const first = await workspaces.prepareWorktree(request('task-1'));
  writeFileSync(join(first.path, 'half.txt'), 'half done\n');

  const again = await workspaces.prepareWorktree(request('task-1'));

  expect(existsSync(join(again.path, 'half.txt'))).toBe(false);
  expect(git(repo, 'for-each-ref', 'refs/oio/rescue')).toContain('rescue');
});

test('eight worktrees of one repository are made, filled and removed at the same time', async () => {
  const names = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `task-${number}`);

  const captured = await Promise.all(names.map((name) => finish(name, `${name}.txt`)));

  expect(new Set(captured.map(({ commit }) => commit)).size).toBe(8);
});

test('two processes that work on one repository wait for each other', async () => {
  const other = new Workspaces({ workDir: join(root, 'other'), environment });
  const names = [1, 2, 3, 4, 5, 6].map((number) => `task-${number}`);

  const made = await Promise.all(
    names.map((name, index) => (index % 2 ? workspaces : other).prepareWorktree(request(name))),
  );

  expect(made).toHaveLength(6);
});

test('an address is copied once, and the branch stays in the copy', async () => {
  const address = `file://${repo}`;
  const worktree = await workspaces.prepareWorktree(request('task-1', { repo: address, baseRef: 'main' }));
  writeFileSync(join(worktree.path, 'b.txt'), 'b\n');
  const captured = await workspaces.captureResult(worktree, { message: 'b' });
  await workspaces.removeWorktree(worktree);

  writeFileSync(join(repo, 'new.txt'), 'new\n');
  git(repo, 'add', '--all');
  git(repo, 'commit', '--quiet', '-m', 'later');
  const next = await workspaces.prepareWorktree(
    request('task-2', { repo: address, baseRef: 'HEAD', merge: [branch('task-1')] }),
  );

  expect(captured.filesChanged).toBe(1);
  expect(existsSync(join(next.path, 'new.txt')) && existsSync(join(next.path, 'b.txt'))).toBe(true);
  expect(git(repo, 'branch', '--list', 'oio/*')).toBe('');
});

test('a branch that a person has checked out is not moved', async () => {
  await finish('task-1', 'b.txt');
  git(repo, 'switch', '--quiet', branch('task-1'));

  const failure = await failureOf(workspaces.prepareWorktree(request('task-1', { attempt: 2 })));

  expect(failure).toMatchObject({ code: 'BRANCH_IN_USE', message: expect.stringContaining(repo) });
});

test('hooks of the repository do not run', async () => {
  const hook = join(repo, '.git', 'hooks', 'pre-commit');
  writeFileSync(hook, '#!/bin/sh\nexit 1\n', { mode: 0o755 });

  const captured = await finish('task-1', 'b.txt');

  expect(captured.filesChanged).toBe(1);
});

test('wrong requests are refused with what is wrong', async () => {
  const empty = join(root, 'empty');
  mkdirSync(empty);
  git(empty, 'init', '--quiet');

  expect(
    await failureOf(workspaces.prepareWorktree(request('task-1', { repo: join(root, 'none') }))),
  ).toMatchObject({
    code: 'REPOSITORY_NOT_FOUND',
  });
  expect(await failureOf(workspaces.prepareWorktree(request('task-1', { repo: root })))).toMatchObject({
    code: 'REPOSITORY_NOT_FOUND',
  });
  expect(await failureOf(workspaces.prepareWorktree(request('task-1', { repo: empty })))).toMatchObject({
    code: 'BASE_NOT_FOUND',
  });
  expect(await failureOf(workspaces.prepareWorktree(request('task-1', { baseRef: '--help' })))).toMatchObject(
    {
      code: 'BASE_NOT_FOUND',
    },
  );
  expect(await failureOf(workspaces.prepareWorktree(request('../out')))).toMatchObject({
    code: 'INVALID_NAME',
  });
  expect(await failureOf(workspaces.prepareWorktree(request('task-1', { branch: 'main' })))).toMatchObject({
    code: 'INVALID_NAME',
  });
  expect(
    await failureOf(workspaces.prepareWorktree(request('task-1', { merge: ['oio/none'] }))),
  ).toMatchObject({
    code: 'BRANCH_NOT_FOUND',
  });
  expect(
    await failureOf(workspaces.prepareWorktree(request('task-1', { repo: `file://${root}/none` }))),
  ).toMatchObject({ code: 'REPOSITORY_UNREACHABLE', retryable: true });
});

test('all tasks of a session start from the same commit, though the branch moves meanwhile', async () => {
  const first = await workspaces.prepareWorktree(request('task-1', { baseRef: 'main' }));
  commitFile(repo, 'later.txt', 'later\n');

  const second = await workspaces.prepareWorktree(request('task-2', { baseRef: 'main' }));
  const other = await workspaces.prepareWorktree(request('task-1', { baseRef: 'main', sessionId: 's-2' }));

  expect(second.baseCommit).toBe(first.baseCommit);
  expect(existsSync(join(second.path, 'later.txt'))).toBe(false);
  expect(existsSync(join(other.path, 'later.txt'))).toBe(true);
});

test('conflicts that are to be resolved stand in the files, and what was resolved is one merge of all branches', async () => {
  const mine = await finish('task-1', 'a.txt', 'mine\n');
  const yours = await finish('task-2', 'a.txt', 'yours\n');
  const apart = await finish('task-4', 'd.txt');
  const merge = [branch('task-1'), branch('task-2'), branch('task-4')];
  const worktree = await workspaces.prepareWorktree(request('task-3', { merge, conflictsAre: 'kept' }));
  const begun = readFileSync(join(worktree.path, 'a.txt'), 'utf8');

  writeFileSync(join(worktree.path, 'a.txt'), 'mine and yours\n');
  const captured = await workspaces.captureResult(worktree, { message: 'Keep both' });
  await workspaces.removeWorktree(worktree);

  expect(worktree.conflicts).toEqual(['a.txt']);
  expect(begun).toMatch(
    /<<<<<<< [\s\S]*mine[\s\S]*\|\|\|\|\|\|\| [\s\S]*one[\s\S]*=======[\s\S]*yours[\s\S]*>>>>>>> /,
  );
  expect(git(repo, 'log', '-1', '--format=%P %s', branch('task-3'))).toBe(
    `${mine.commit} ${yours.commit} ${apart.commit} Keep both`,
  );
  expect(git(repo, 'show', `${branch('task-3')}:a.txt`)).toBe('mine and yours');
  expect(git(repo, 'log', '--format=%s', branch('task-3'))).not.toContain('with conflicts');
  expect(captured.patch).toContain('+mine and yours');
  const next = await workspaces.prepareWorktree(request('task-5', { merge: [branch('task-3')] }));
  expect(existsSync(join(next.path, 'd.txt'))).toBe(true);
});

test('a conflict of which marks are left is not resolved: the branch stays where it was', async () => {
  await finish('task-1', 'a.txt', 'mine\n');
  await finish('task-2', 'a.txt', 'yours\n');
  const merge = [branch('task-1'), branch('task-2')];
  const worktree = await workspaces.prepareWorktree(request('task-3', { merge, conflictsAre: 'kept' }));
  const before = git(repo, 'rev-parse', branch('task-3'));
  writeFileSync(join(worktree.path, 'b.txt'), 'something else\n');

  const failure = await failureOf(workspaces.captureResult(worktree, { message: 'Done' }));

  expect(failure).toMatchObject({ code: 'CONFLICT_UNRESOLVED', retryable: true, paths: ['a.txt'] });
  expect(git(repo, 'rev-parse', branch('task-3'))).toBe(before);
});

test('changes are counted over renames, binary files and odd names', () => {
  const numstat = '3\t1\ta.txt\0-\t-\tpicture.png\x002\t0\t\0old\tname\0new\nname\0';

  expect(countChanges(numstat)).toEqual({ filesChanged: 3, additions: 5, deletions: 1 });
});

function commitFile(directory: string, file: string, content: string): void {
  mkdirSync(dirname(join(directory, file)), { recursive: true });
  writeFileSync(join(directory, file), content);
  git(directory, 'add', '--all');
  git(directory, 'commit', '--quiet', '-m', `Write ${file}`);
}

function branch(taskId: string): string {
  return `oio/${SESSION}/${taskId}`;
}

function request(taskId: string, fields: Partial<WorktreeRequest> = {}): WorktreeRequest {
  const asked = {
    repo,
    baseRef: 'HEAD',
    branch: branch(taskId),
    merge: [],
    sessionId: SESSION,
    taskId,
    attempt: 1,
  };
  return { ...asked, ...fields };
}

async function finish(taskId: string, file: string, content = `${taskId}\n`) {
  const worktree = await workspaces.prepareWorktree(request(taskId));
  writeFileSync(join(worktree.path, file), content);
  return workspaces.captureResult(worktree, { message: `Write ${file}` });
}

async function failureOf(work: Promise<unknown>): Promise<WorkspaceFailure> {
  try {
    await work;
  } catch (error) {
    if (error instanceof WorkspaceFailure) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

function git(cwd: string, ...args: readonly string[]): string {
  const person = ['-c', 'user.name=Person', '-c', 'user.email=person@example.invalid'];
  return execFileSync('git', [...person, ...args], { cwd, encoding: 'utf8', env: environment }).trim();
}
