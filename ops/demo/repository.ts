/** The demo's repository: a copy of the small project with failing tests, and what became of it. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PROJECT = fileURLToPath(new URL('./project', import.meta.url));
const AUTHOR = ['-c', 'user.name=Demo', '-c', 'user.email=demo@localhost'];
const TEST_TIMEOUT_MS = 120_000;

export interface TestRun {
  readonly passed: boolean;
  /** The lines that the test runner ends with. */
  readonly summary: string;
}

/** Makes a repository of its own under `folder`, with one commit on `main`. */
export async function makeRepository(folder: string): Promise<string> {
  const repository = join(folder, 'note-store');
  await mkdir(folder, { recursive: true });
  await cp(PROJECT, repository, { recursive: true });
  await git(repository, ['init', '--quiet', '--initial-branch=main']);
  await git(repository, ['add', '--all']);
  await git(repository, [...AUTHOR, 'commit', '--quiet', '--message', 'A note store with failing tests']);
  return repository;
}

/** Runs the project's own tests at `ref`, in a checkout that goes afterwards. */
export async function runTests(repository: string, ref: string): Promise<TestRun> {
  const parent = await mkdtemp(join(repository, '..', 'check-'));
  const checkout = join(parent, 'tree');
  await git(repository, ['worktree', 'add', '--quiet', '--detach', checkout, ref]);
  try {
    const { stdout } = await run(process.execPath, ['--test', '--test-reporter=spec'], {
      cwd: checkout,
      timeout: TEST_TIMEOUT_MS,
      // The variable of a test runner that runs us would make this one report to it.
      env: { ...process.env, NODE_TEST_CONTEXT: undefined, FORCE_COLOR: '0' },
    });
    return { passed: true, summary: summarise(stdout) };
  } catch (error) {
    const output = error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error);
    return { passed: false, summary: summarise(output) };
  } finally {
    await git(repository, ['worktree', 'remove', '--force', checkout]);
    await rm(parent, { recursive: true, force: true });
  }
}

/** The difference between `main` and `branch`, as git sees it. */
export async function diffOf(repository: string, branch: string): Promise<{ stat: string; patch: string }> {
  const stat = await git(repository, ['diff', '--stat', `main...${branch}`]);
  const patch = await git(repository, ['diff', `main...${branch}`]);
  return { stat, patch };
}

export async function git(repository: string, parameters: readonly string[]): Promise<string> {
  const { stdout } = await run('git', ['-C', repository, ...parameters], { maxBuffer: 16 * 1024 * 1024 });
  return stdout;
}

function summarise(output: string): string {
  const lines = output.split('\n').filter((line) => /^ℹ (tests|pass|fail) /.test(line));
  return lines.length > 0 ? lines.map((line) => line.slice(2)).join(', ') : output.slice(-500);
}
