// biome-ignore-all lint/style/noRestrictedImports: opencode is tried with the demo's scripted model.
/** The real `opencode acp` against the scripted model: it really edits files and runs commands. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { prepareHome } from '#actors/remote/opencode/home.ts';
import { findOpencode } from '#actors/remote/opencode/server.ts';
import { buildScriptedProvider, MODEL_NAME } from '#ops/demo/model/provider.ts';
import type { CallStep, Script } from '#ops/demo/model/script.ts';
import { type ScriptedModel, startScriptedModel } from '#ops/demo/model/server.ts';
import type { AgentProgram } from './run.ts';
import { commandsRunning, NO, processesLike, runAgent, until, type Wish, YES } from './testing/running.ts';

const call = (tool: string, values: CallStep['arguments']): CallStep => ({
  type: 'call',
  tool,
  arguments: values,
});
const done = { type: 'answer', text: 'Done.' } as const;
const scripts: readonly Script[] = [
  {
    name: 'mend',
    match: /mend/i,
    steps: [
      call('read', { filePath: '{directory}/sum.js' }),
      call('edit', { filePath: '{directory}/sum.js', oldString: 'a - b', newString: 'a + b' }),
      call('bash', { command: 'cat sum.js', description: 'Show it' }),
      call('write', { filePath: '{directory}/../outside.txt', content: 'x' }),
      { type: 'answer', text: 'The sum is a sum now.' },
    ],
  },
  {
    name: 'hang',
    match: /hang/i,
    steps: [call('bash', { command: 'sleep 277', description: 'Wait' }), done],
  },
  { name: 'word', match: /^use postgres/i, steps: [{ type: 'answer', text: 'Postgres it is.' }] },
];

let model: ScriptedModel;
let program: AgentProgram;
let root: string;

beforeAll(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'oio-opencode-acp-')));
  model = await startScriptedModel({ scripts, delayMs: 5 });
  const { environment } = await prepareHome(join(root, 'home'));
  const config = {
    permission: { '*': 'ask', read: 'allow' },
    autoupdate: false,
    ...buildScriptedProvider(model.url),
  };
  program = {
    command: `${findOpencode()} acp --pure`,
    environment: {
      PATH: process.env.PATH ?? '/usr/bin:/bin',
      ...environment,
      OPENCODE_CONFIG_CONTENT: JSON.stringify(config),
      OPENCODE_DISABLE_MODELS_FETCH: '1',
      OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
    },
    ...{ loginMethod: null, loginHint: null },
  };
});

afterAll(async () => {
  await model.stop();
  rmSync(root, { recursive: true, force: true });
});

async function run(title: string, wish: Wish = {}) {
  const directory = mkdtempSync(join(root, 'project-'));
  execFileSync('git', ['init', '-q'], { cwd: directory });
  writeFileSync(join(directory, 'sum.js'), 'export const sum = (a, b) => a - b;\n');
  return { directory, ...(await runAgent({ program, directory }, `# ${title}\n\nPlease.`, wish)) };
}

test('opencode edits and runs commands over ACP, each as it was permitted, and says what it took', async () => {
  const permit: Wish['permit'] = ({ permission }) => (permission === 'external_directory' ? NO : YES);

  const { directory, outcome, tools, asked } = await run('Mend the sum', { permit, model: MODEL_NAME });

  expect(outcome.ending).toEqual({ type: 'answered', text: expect.any(String) });
  expect(readFileSync(join(directory, 'sum.js'), 'utf8')).toContain('a + b');
  expect(existsSync(join(root, 'outside.txt'))).toBe(false);
  expect(asked).toMatchObject([
    {
      permission: 'edit',
      patterns: ['sum.js'],
      subject: { detail: expect.stringContaining('+export const sum') },
    },
    { permission: 'bash', patterns: ['cat sum.js'] },
    { permission: 'external_directory', risk: 'high' },
  ]);
  expect(tools).toContainEqual(
    expect.objectContaining({ tool: 'edit', title: 'sum.js', status: 'completed' }),
  );
  expect(outcome.usage.tokens_in).toBeGreaterThan(1_000);
  expect(outcome.usage.cost_usd).toBeGreaterThan(0);
  expect(outcome.conversation.toMarkdown('Mend')).toContain('a + b');
});

test('a model that opencode does not have is named with those it has', async () => {
  const { outcome } = await run('Mend the sum', { model: 'scripted/other' });

  expect(outcome.ending).toMatchObject({ failure: { code: 'MODEL_UNKNOWN', retryable: false } });
  expect(outcome.ending).toHaveProperty('failure.message', expect.stringContaining(MODEL_NAME));
});

test('an interruption ends the turn of opencode, and it hears the word in the next', async () => {
  const { outcome } = await run('Hang', {
    onSteer: (steer) => {
      void until(() => commandsRunning(/^sleep 277/) > 0).then(() =>
        steer({ message: 'Use Postgres', delivery: 'interrupt', by: 'user:anna' }),
      );
    },
  });

  expect(outcome.conversation.toMarkdown('Hang')).toContain('Use Postgres');
  expect(outcome.ending.type).toBe('answered');
  expect(commandsRunning(/^sleep 277/)).toBe(0);
});

test('a cancel and a crash of opencode leave neither commands nor processes', async () => {
  const stopping = new AbortController();
  const [cancelled, crashed] = [run('Hang', { signal: stopping.signal }), run('Hang')];
  await until(() => commandsRunning(/^sleep 277/) === 2);

  stopping.abort(new Error('changed our mind'));
  const { outcome: first } = await cancelled;
  const left = processesLike(/opencode.* acp --pure/).filter((pid) =>
    readlinkSync(`/proc/${pid}/cwd`).startsWith(root),
  );
  for (const pid of left) process.kill(pid, 'SIGKILL');
  const { outcome: second } = await crashed;

  expect(first.ending).toMatchObject({ failure: { code: 'CANCELLED', message: 'changed our mind' } });
  expect(second.ending).toMatchObject({ failure: { code: 'AGENT_CRASHED', retryable: true } });
  expect(commandsRunning(/^sleep 277/)).toBe(0);
  expect(commandsRunning(/opencode.* acp --pure/)).toBe(0);
});
