/** Copies and scratch repositories that go, and what is kept of them, with the real git. */
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { copyDirectory } from './repository.ts';
import { type Bench, failureOf, makeBench } from './testing/bench.ts';

const DAY_MS = 86_400_000;
const TWO_WEEKS = { ageMs: 14 * DAY_MS, bytesMax: 2 ** 40 };
const NO_ROOM = { ageMs: 3_650 * DAY_MS, bytesMax: 1 };

let bench: Bench;
let address: string;
let copy: string;

beforeEach(() => {
  bench = makeBench(process.env.PATH, onTestFinished);
  address = `file://${bench.repo}`;
  copy = copyDirectory(bench.workDir, address);
});

function inDays(days: number): number {
  return Date.now() + days * DAY_MS;
}

test('a copy that was not used for long goes, and its branches are kept in a bundle', async () => {
  const commit = await bench.finish('task-1', { repo: address });

  const early = await bench.workspaces.reap(TWO_WEEKS, inDays(13));
  const { removed, failures } = await bench.workspaces.reap(TWO_WEEKS, inDays(15));

  expect([early.removed, failures]).toEqual([[], []]);
  expect(removed.map(({ path }) => path)).toEqual([copy]);
  expect(existsSync(copy)).toBe(false);
  const heads = bench.git('bundle', 'list-heads', removed[0]?.bundle ?? '');
  expect(heads).toContain(`${commit} refs/heads/oio/${bench.session}/task-1`);
});

test('a copy that is made again has its branches back: the next task goes on from them', async () => {
  await bench.finish('task-1', { repo: address });
  await bench.workspaces.reap(TWO_WEEKS, inDays(15));

  const merge = [`oio/${bench.session}/task-1`];
  const next = await bench.workspaces.prepareWorktree(bench.request('task-2', { repo: address, merge }));

  expect(existsSync(join(next.path, 'task-1.txt'))).toBe(true);
});

test('what was rescued of an attempt is in the bundle too', async () => {
  const half = await bench.workspaces.prepareWorktree(bench.request('task-1', { repo: address }));
  writeFileSync(join(half.path, 'half.txt'), 'half done\n');
  await bench.workspaces.removeWorktree(half);

  const { removed } = await bench.workspaces.reap(TWO_WEEKS, inDays(15));
  bench.git('fetch', '--quiet', removed[0]?.bundle ?? '', 'refs/oio/rescue/*:refs/kept/*');

  const [kept = ''] = bench.git('for-each-ref', '--format=%(refname)', 'refs/kept').split('\n');
  expect(bench.git('show', `${kept}:half.txt`)).toBe('half done');
});

test('a bundle is whole where the address is gone', async () => {
  await bench.finish('task-1', { repo: address });
  rmSync(join(bench.repo, '.git'), { recursive: true });

  const { removed } = await bench.workspaces.reap(TWO_WEEKS, inDays(15));

  bench.git('init', '--quiet');
  bench.git('fetch', '--quiet', removed[0]?.bundle ?? '', 'refs/heads/*:refs/kept/*');
  expect(bench.git('show', `refs/kept/oio/${bench.session}/task-1:a.txt`)).toBe('one');
});

test('a copy that has nothing of its own goes without a bundle', async () => {
  const worktree = await bench.workspaces.prepareWorktree(bench.request('task-1', { repo: address }));
  await bench.workspaces.removeWorktree(worktree);

  const { removed } = await bench.workspaces.reap(TWO_WEEKS, inDays(15));

  expect(removed).toMatchObject([{ path: copy, bundle: null }]);
  expect(existsSync(join(bench.workDir, 'rescue'))).toBe(false);
});

test('a scratch repository is kept whole, and is there again for its session', async () => {
  const repo = await bench.workspaces.makeScratchRepository(bench.session);
  await bench.finish('task-1', { repo, baseRef: 'HEAD' });
  await bench.workspaces.reap(TWO_WEEKS, inDays(15));
  const isGone = !existsSync(repo);

  const again = await bench.workspaces.makeScratchRepository(bench.session);

  expect(isGone).toBe(true);
  expect(bench.git('-C', again, 'show', `oio/${bench.session}/task-1:task-1.txt`)).toBe('task-1');
});

test('where there is no room the longest unused goes, and what was used within a day stays', async () => {
  await bench.finish('task-1', { repo: address });

  const young = await bench.workspaces.reap(NO_ROOM);
  const old = await bench.workspaces.reap(NO_ROOM, inDays(2));

  expect(young.removed).toEqual([]);
  expect(old.removed).toHaveLength(1);
  expect(old.bytes).toBeLessThan(young.bytes);
});

test('a copy with a working copy stays, however old, also one that another process has left', async () => {
  const worktree = await bench.workspaces.prepareWorktree(bench.request('task-1', { repo: address }));
  writeFileSync(join(worktree.path, 'half.txt'), 'half done\n');

  const { removed } = await bench.workspaces.reap(TWO_WEEKS, inDays(400));

  expect(removed).toEqual([]);
  expect(existsSync(join(worktree.path, 'half.txt'))).toBe(true);
});

test('what can’t be kept is not deleted', async () => {
  await bench.finish('task-1', { repo: address });
  writeFileSync(join(bench.workDir, 'rescue'), 'in the way');

  const reaping = bench.workspaces.reap(TWO_WEEKS, inDays(15));

  await expect(reaping.then(({ failures }) => failures.length)).resolves.toBe(1);
  expect(existsSync(copy)).toBe(true);
  expect(readdirSync(join(bench.workDir, 'copies'))).toHaveLength(1);
});

test('a person’s own repository is never a candidate', async () => {
  await bench.finish('task-1');

  const { removed } = await bench.workspaces.reap(NO_ROOM, inDays(400));

  expect(removed).toEqual([]);
  expect(bench.git('branch', '--list', 'oio/*')).toContain('task-1');
  expect(await failureOf(bench.workspaces.prepareWorktree(bench.request('../x')))).toMatchObject({
    code: 'INVALID_NAME',
  });
});
