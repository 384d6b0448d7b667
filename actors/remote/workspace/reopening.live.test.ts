/** Working copies that a killed process has made, with the real git. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Bench, makeBench } from './testing/bench.ts';
import { Workspaces } from './workspaces.ts';

function setUp(): { readonly bench: Bench; readonly successor: () => Workspaces } {
  const bench = makeBench(process.env.PATH, onTestFinished);
  const environment = { PATH: process.env.PATH ?? '/usr/bin:/bin' };
  return { bench, successor: () => new Workspaces({ workDir: bench.workDir, environment }) };
}

test('what a killed process worked in is gone on with as it stands, and becomes one commit', async () => {
  const { bench, successor } = setUp();
  const worktree = await bench.workspaces.prepareWorktree(bench.request('t1'));
  writeFileSync(join(worktree.path, 'b.txt'), 'begun\n');
  const next = successor();

  const failures = await next.sweepWorktrees(new Set([worktree.path]));
  const reopened = await next.reopenWorktree(JSON.parse(JSON.stringify(worktree)));
  if (!reopened) throw new Error('it is there');
  expect(readFileSync(join(reopened.path, 'b.txt'), 'utf8')).toBe('begun\n');
  const { commit } = await next.captureResult(reopened, { message: 'Add b' });

  expect(failures).toEqual([]);
  expect(bench.git('log', '--format=%s', worktree.branch)).toBe('Add b\nfirst');
  expect(bench.git('rev-parse', worktree.branch)).toBe(commit);
});

test('a result that was committed before its process was killed is found, not made twice', async () => {
  const { bench, successor } = setUp();
  const worktree = await bench.workspaces.prepareWorktree(bench.request('t1'));
  writeFileSync(join(worktree.path, 'b.txt'), 'done\n');
  const first = await bench.workspaces.captureResult(worktree, { message: 'Add b' });
  const next = successor();
  const reopened = await next.reopenWorktree(worktree);
  if (!reopened) throw new Error('it is there');

  const again = await next.captureResult(reopened, { message: 'Add b' });

  expect(again).toEqual(first);
  expect(bench.git('log', '--format=%s', worktree.branch)).toBe('Add b\nfirst');
});

test('a working copy that is gone, or whose task another attempt has begun, is not gone on with', async () => {
  const { bench, successor } = setUp();
  const gone = await bench.workspaces.prepareWorktree(bench.request('t1'));
  await bench.workspaces.removeWorktree(gone);
  const overtaken = await bench.workspaces.prepareWorktree(bench.request('t2'));
  await bench.workspaces.prepareWorktree(bench.request('t2', { attempt: 2 }));
  const next = successor();

  const reopened = await Promise.all([next.reopenWorktree(gone), next.reopenWorktree(overtaken)]);

  expect(reopened).toEqual([null, null]);
  expect(existsSync(overtaken.path)).toBe(true);
});
