/** With the real /bin/sh and git, in temporary folders. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SILENT } from '#actors/remote/sdk/logger.ts';
import type { AgentTask, ProgressReport } from '#actors/remote/sdk/task.ts';
import { Workspaces } from '#actors/remote/workspace/workspaces.ts';
import type { AssignPayload } from '#protocols/eap/message.ts';
import { type CommandOptions, runCommand } from './command.ts';
import { makeWork } from './work.ts';

const MIB = 1_024 * 1_024;
const limits = { memoryBytesMax: 512 * MIB, outputBytesMax: 1 * MIB, graceMs: 300 };
const environment = { PATH: process.env.PATH ?? '/usr/bin:/bin' };

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'oio-shell-')));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string, options: Partial<CommandOptions> = {}) {
  const { signal } = new AbortController();
  const given = {
    command,
    directory: folder,
    environment,
    input: '',
    limits,
    signal,
    onLine: () => undefined,
  };
  return runCommand({ ...given, ...options });
}

async function isAlive(pid: number): Promise<boolean> {
  const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ') Z';
  return !stat.includes(') Z');
}

test('a command reads its input, says its lines, and its exit code is kept', async () => {
  const lines: string[] = [];

  const { ending, output } = await run('cat; echo; echo "to err" >&2; printf end; exit 3', {
    input: 'the task',
    onLine: (line) => lines.push(line),
  });

  expect(ending).toEqual({ type: 'exited', code: 3 });
  expect(output.toString()).toContain('end');
  expect(lines.toSorted()).toEqual(['the task', 'to err']);
});

test('what a command left behind is ended with it, also what left its process group', async () => {
  const left = 'sleep 60 & echo $! > inside; setsid sh -c "echo \\$\\$ > outside; exec sleep 60" & sleep 0.3';

  await run(left);

  const inside = Number(readFileSync(join(folder, 'inside'), 'utf8'));
  const outside = Number(readFileSync(join(folder, 'outside'), 'utf8'));
  expect([inside, outside].every((pid) => pid > 1)).toBe(true);
  expect([await isAlive(inside), await isAlive(outside)]).toEqual([false, false]);
});

test('a command that is told to end and does not is ended after its grace', async () => {
  const controller = new AbortController();
  const command = 'trap "" TERM; echo ready; while :; do sleep 0.1; done';
  const running = run(command, { signal: controller.signal, onLine: () => controller.abort() });

  expect((await running).ending).toEqual({ type: 'aborted' });
});

test('a command that writes or takes too much is ended, and the beginning of its output is kept', async () => {
  const written = await run('while :; do echo 0123456789012345678901234567890123456789; done');
  const grown = await run(
    `"${process.execPath}" -e 'const all=[]; setInterval(() => all.push(Buffer.alloc(40e6, 1)), 20)'`,
  );

  expect(written.ending).toEqual({ type: 'output' });
  expect(written.output).toHaveLength(limits.outputBytesMax);
  expect(grown.ending).toEqual({ type: 'memory' });
});

function task(repo: string, signal = new AbortController().signal) {
  const reports: ProgressReport[] = [];
  const artifacts: string[] = [];
  const payload: AssignPayload = {
    ...{ sessionId: 's1', sessionTitle: 'S', title: 'Add b', description: '', taskType: 'execution' },
    ...{ prompt: 'Add b.txt', timeoutSeconds: 60 },
    workspace: { repo, baseRef: 'main', branch: 'oio/s1/t1', merge: [] },
  };
  const given: AgentTask = {
    ...{ id: 't1', attempt: 1, payload, signal, resumed: null },
    keep: async () => undefined,
    withdraw: async () => undefined,
    progress: async (report) => void reports.push(report),
    tool: async () => undefined,
    artifact: async ({ role }) => `${artifacts.push(role)}`,
    lock: () => Promise.reject(new Error('none here')),
    askPermission: () => Promise.reject(new Error('nobody here')),
    askInput: () => Promise.reject(new Error('nobody here')),
    onSteer: () => undefined,
    tools: async () => [],
  };
  return { given, reports, artifacts };
}

function setUp(command: string, timeoutMs = 30_000) {
  const repo = join(folder, 'repo');
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      cwd: repo,
      encoding: 'utf8',
    });
  execFileSync('git', ['init', '--quiet', '--initial-branch=main', repo]);
  git('commit', '--quiet', '--allow-empty', '-m', 'first');
  const workspaces = new Workspaces({
    workDir: join(folder, 'work'),
    environment: { ...environment, HOME: folder },
  });
  const work = makeWork({ command, workspaces, environment, limits, timeoutMs, logger: SILENT });
  return { repo, git, work };
}

test('the files that a command leaves become the commit of its task; git says what changed', async () => {
  const { repo, git, work } = setUp(
    `sed 's/.*"prompt":"\\([^"]*\\)".*/\\1/' > b.txt; echo "50% half"; echo "I changed 9 files"`,
  );
  const { given, reports, artifacts } = task(repo);

  const result = await work(given);

  expect(result).toMatchObject({
    success: true,
    summary: '50% half\nI changed 9 files',
    changes: { files: 1, additions: 1, deletions: 0 },
    commit: { branch: 'oio/s1/t1' },
  });
  expect(git('show', 'oio/s1/t1:b.txt')).toBe('Add b.txt\n');
  expect(reports.slice(1)).toEqual([{ percent: 50, note: 'half' }, { note: 'I changed 9 files' }]);
  expect(artifacts).toEqual(['log', 'patch']);
});

test('a command that trains tells its curve, and which model it made', async () => {
  const { repo, work } = setUp(
    `echo '::oio {"training":{"points":[{"step":1,"loss":2}]}}'; echo '::oio {"output":{"model":"acme/fixer"}}'`,
  );
  const { given, reports } = task(repo);

  expect(await work(given)).toMatchObject({ success: true, output: { model: 'acme/fixer' } });
  expect(reports.find(({ training }) => training)).toEqual({
    training: { phase: 'training', points: [{ step: 1, loss: 2 }] },
  });
});

test('a command that fails fails its task with its last words, and one that takes too long too', async () => {
  const failing = setUp('echo "no such thing" >&2; exit 2');
  const failed = await failing.work(task(failing.repo).given);
  rmSync(failing.repo, { recursive: true });
  const slow = setUp('sleep 60', 200);
  const late = await slow.work(task(slow.repo).given);

  expect(failed).toMatchObject({
    success: false,
    summary: 'no such thing',
    error: { code: 'COMMAND_FAILED' },
  });
  expect(late).toMatchObject({ success: false, error: { code: 'TIMED_OUT' } });
});
