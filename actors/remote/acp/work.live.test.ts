/** From an assignment to a result with the example agent, in real working copies; and what is found out before joining. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { NewArtifact } from '#actors/remote/sdk/artifacts.ts';
import { SILENT } from '#actors/remote/sdk/logger.ts';
import type { AgentTask } from '#actors/remote/sdk/task.ts';
import { Workspaces } from '#actors/remote/workspace/workspaces.ts';
import { buildCard } from './card.ts';
import { parseConfig } from './config.ts';
import { probeAgent } from './probe.ts';
import { YES } from './testing/running.ts';
import { makeWork } from './work.ts';

const NODE = JSON.stringify(process.execPath);
const EXAMPLE = `${NODE} ${JSON.stringify(join(import.meta.dirname, 'testing', 'example-agent.ts'))}`;
const environment = { PATH: process.env.PATH ?? '/usr/bin:/bin' };
const program = (flags = '') => ({
  command: `${EXAMPLE} ${flags}`,
  environment,
  loginMethod: null,
  loginHint: null,
});

let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'oio-acp-work-')));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function taskOf(description: string, repo: string) {
  const artifacts: NewArtifact[] = [];
  const task: AgentTask = {
    ...{ id: 't1', attempt: 1, signal: new AbortController().signal, resumed: null },
    payload: {
      ...{ sessionId: 's1', sessionTitle: 'S', title: 'Add b', description, taskType: 'execution' },
      ...{ prompt: '', timeoutSeconds: 60 },
      workspace: { repo, baseRef: 'main', branch: 'oio/s1/t1', merge: [] },
    },
    progress: async () => undefined,
    tool: async () => undefined,
    artifact: async (artifact) => `${artifacts.push(artifact)}`,
    lock: () => Promise.reject(new Error('none here')),
    askPermission: async () => YES,
    askInput: () => Promise.reject(new Error('nobody here')),
    onSteer: () => undefined,
    keep: async () => undefined,
    withdraw: async () => undefined,
    tools: async () => [],
  };
  return { task, artifacts };
}

test('what the agent leaves becomes the commit of its task, a patch and a transcript; a failure keeps its transcript', async () => {
  const repo = join(root, 'repo');
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      cwd: repo,
      encoding: 'utf8',
    });
  execFileSync('git', ['init', '--quiet', '--initial-branch=main', repo]);
  git('commit', '--quiet', '--allow-empty', '-m', 'first');
  const workspaces = new Workspaces({
    workDir: join(root, 'work'),
    environment: { ...environment, HOME: root },
  });
  const work = makeWork({ program: program(), workspaces, model: null, limits: {}, logger: SILENT });
  const good = taskOf('edit: b.txt = hello\nsay: Added b. I changed 9 files.', repo);

  const result = await work(good.task);
  const made = git('show', 'oio/s1/t1:b.txt');
  const bad = taskOf('say: so far\nfail: no ink', repo);
  const failed = await work({ ...bad.task, id: 't2' });

  expect(result).toMatchObject({
    success: true,
    summary: 'Added b. I changed 9 files.',
    changes: { files: 1, additions: 1, deletions: 0 },
    commit: { branch: 'oio/s1/t1' },
    usage: { tokens_in: 10, tokens_out: 3 },
  });
  expect(made).toBe('hello\n');
  expect(good.artifacts.map(({ role }) => role)).toEqual(['patch', 'transcript']);
  expect(failed).toMatchObject({ success: false, error: { code: 'AGENT_FAILED', retryable: true } });
  expect(bad.artifacts.map(({ role }) => role)).toEqual(['transcript']);
});

test('before it joins, an agent is tried: its name and version go into the card, and what is wrong is said', async () => {
  const directory = join(root, 'probe');

  const about = await probeAgent({ program: program(), directory, model: 'fancy' });
  const config = parseConfig({ OIO_ACP_COMMAND: 'x', OIO_MODEL: 'fancy' });
  const wrong = (flags: string, model: string | null = null) =>
    probeAgent({ program: program(flags), directory, model }).then(
      () => 'fine',
      (error: { readonly code: string }) => error.code,
    );

  expect(buildCard(config, about)).toMatchObject({
    ...{ name: 'AGENT-ACP-1', version: '1.2.3', model: 'fancy' },
    labels: { runtime: 'acp', program: 'example-agent' },
  });
  expect(await Promise.all([wrong('--login'), wrong('--acp-2'), wrong('', 'other')])).toEqual([
    ...['AUTH_REQUIRED', 'VERSION_UNKNOWN', 'MODEL_UNKNOWN'],
  ]);
  await expect(
    probeAgent({ program: { ...program(), command: 'no-such-agent' }, directory, model: null }),
  ).rejects.toThrow(/no-such-agent/);
});
