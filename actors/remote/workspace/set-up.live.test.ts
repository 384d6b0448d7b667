/** A repository's own script, with the real git and shell. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { type Bench, failureOf, makeBench } from './testing/bench.ts';

let bench: Bench;

beforeEach(() => {
  bench = makeBench(process.env.PATH, onTestFinished);
});

function withScript(lines: readonly string[]): void {
  mkdirSync(join(bench.repo, '.oio'));
  writeFileSync(join(bench.repo, '.oio', 'setup.sh'), `${lines.join('\n')}\n`);
  bench.commit('Set up');
}

test('each working copy is set up by the repository’s script before the work begins', async () => {
  withScript([
    'mkdir ignored',
    'echo "$OIO_SESSION_ID $OIO_TASK_ID" > ignored/ids',
    'echo once >> "$HOME/cache"',
  ]);

  const worktree = await bench.workspaces.prepareWorktree(bench.request('task-1'));
  await bench.workspaces.prepareWorktree(bench.request('task-2'));

  expect(readFileSync(join(worktree.path, 'ignored', 'ids'), 'utf8')).toBe(`${bench.session} task-1\n`);
  expect(readFileSync(join(bench.workDir, 'home', 'cache'), 'utf8')).toBe('once\nonce\n');
});

test('the script sees no keys and nothing of the person’s home', async () => {
  withScript(['mkdir ignored', 'env > ignored/env']);

  const worktree = await bench.workspaces.prepareWorktree(bench.request('task-1'));

  const seen = readFileSync(join(worktree.path, 'ignored', 'env'), 'utf8');
  expect(seen).not.toMatch(/SSH_AUTH_SOCK|API_KEY/);
  expect(seen).toContain(`HOME=${join(bench.workDir, 'home')}\n`);
});

test('a script that fails says how, after how long, and with which words, and leaves no working copy', async () => {
  withScript(['echo installing', 'echo "no such package: left-pad" >&2', 'exit 3']);

  const failure = await failureOf(bench.workspaces.prepareWorktree(bench.request('task-1')));

  expect(failure).toMatchObject({ code: 'SET_UP_FAILED', retryable: true });
  expect(failure.message).toMatch(/^\.oio\/setup\.sh ended with code 3 after \d+ s\. Its last words: /);
  expect(failure.message).toContain('no such package: left-pad');
  expect(bench.git('worktree', 'list').split('\n')).toHaveLength(1);
});

test('a script that takes too long is ended, with all that it started', async () => {
  withScript(['sleep 300 & echo $! > "$HOME/pid"', 'sleep 300']);

  const failure = await failureOf(bench.workspaces.prepareWorktree(bench.request('task-1')));

  expect(failure.message).toContain('took longer than 2 s');
  const pid = Number(readFileSync(join(bench.workDir, 'home', 'pid'), 'utf8'));
  expect(isAlive(pid)).toBe(false);
});

test('a script that writes without end is ended', async () => {
  withScript(['yes']);

  const failure = await failureOf(bench.workspaces.prepareWorktree(bench.request('task-1')));

  expect(failure.message).toContain('wrote more than 100000 bytes');
  expect(failure.message.length).toBeLessThan(2_500);
});

test('what a script leaves in the background does not outlive it, nor hold the work up', async () => {
  withScript(['sleep 300 & echo $! > "$HOME/pid"']);

  await bench.workspaces.prepareWorktree(bench.request('task-1'));

  expect(isAlive(Number(readFileSync(join(bench.workDir, 'home', 'pid'), 'utf8')))).toBe(false);
});

test('what a script leaves that git does not ignore is named: it would be taken for the task’s work', async () => {
  withScript(['echo x > left.txt', 'echo y >> a.txt']);

  const failure = await failureOf(bench.workspaces.prepareWorktree(bench.request('task-1')));

  expect(failure).toMatchObject({ code: 'SET_UP_LEFT_FILES', retryable: false });
  expect(failure.message).toContain('M a.txt, ?? left.txt');
});

test('a task that is cancelled does not wait for the script', async () => {
  withScript(['sleep 300']);
  const cancelled = AbortSignal.timeout(200);

  const failure = await failureOf(bench.workspaces.prepareWorktree(bench.request('task-1'), cancelled));

  expect(failure.message).toContain('was ended, for its task was');
  expect(existsSync(join(bench.workDir, 'worktrees', bench.session, 'task-1', '1'))).toBe(false);
});

function isAlive(pid: number): boolean {
  try {
    // A process that has ended and was not waited for yet counts as ended.
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}
