// biome-ignore-all lint/style/noRestrictedImports: opencode is tried with the demo's scripted model.
/** The real opencode against the scripted model: it really edits files and runs commands. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildScriptedProvider, MODEL_NAME } from '#ops/demo/model/provider.ts';
import type { CallStep, Script } from '#ops/demo/model/script.ts';
import { type ScriptedModel, startScriptedModel } from '#ops/demo/model/server.ts';
import { OpencodeHost } from './host.ts';
import type { Progress } from './progress.ts';
import { type RunOptions, type RunOutcome, runTask } from './run.ts';

const done = { type: 'answer', text: 'Done.' } as const;

const scripts: readonly Script[] = [
  {
    name: 'mend',
    match: /^mend/i,
    steps: [
      call('read', { filePath: '{directory}/sum.js' }),
      call('edit', { filePath: '{directory}/sum.js', oldString: 'a - b', newString: 'a + b' }),
      call('bash', { command: 'node --test' }),
      { type: 'answer', text: 'The sum is a sum now.', needs: 'fail 0', otherwise: 'It still fails.' },
    ],
  },
  {
    name: 'stray',
    match: /^stray/i,
    steps: [
      call('write', { filePath: '{directory}/../outside.txt', content: 'x' }),
      call('read', { filePath: '{directory}/.env' }),
      call('question', {
        questions: [
          { question: 'May I?', header: 'May I', options: [{ label: 'Yes', description: 'Go on' }] },
        ],
      }),
      call('bash', { command: 'seq 1 60000' }),
      done,
    ],
  },
  { name: 'hang', match: /^hang/i, steps: [call('bash', { command: 'sleep 287 & sleep 288' }), done] },
  {
    name: 'leave',
    match: /^leave/i,
    steps: [call('bash', { command: 'nohup sleep 289 >/dev/null 2>&1 &' }), done],
  },
  { name: 'locked', match: /^locked/i, steps: [{ type: 'fail', status: 401, message: 'wrong key' }] },
  { name: 'broken', match: /^broken/i, steps: [{ type: 'fail', status: 500, message: 'out of order' }] },
  {
    name: 'delegate',
    match: /^delegate/i,
    steps: [
      call('task', { description: 'mend it', prompt: 'Mend the sum', subagent_type: 'general' }),
      call('todowrite', { todos: [{ content: 'rest', status: 'in_progress', priority: 'high' }] }),
      done,
    ],
  },
];

let model: ScriptedModel;
let host: OpencodeHost;
let root: string;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'oio-opencode-'));
  model = await startScriptedModel({ scripts, delayMs: 5 });
  host = new OpencodeHost({
    homeDirectory: join(root, 'home'),
    config: buildScriptedProvider(model.url),
    environment: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
  });
});

afterAll(async () => {
  await host.stop();
  await model.stop();
  rmSync(root, { recursive: true, force: true });
});

test('opencode reads, edits and runs a command, and the outcome counts what it took', async () => {
  const { directory, outcome, progress } = await runIn('Mend the sum');

  expect(outcome.ending).toEqual({ type: 'answered', text: 'The sum is a sum now.' });
  expect(readFileSync(join(directory, 'sum.js'), 'utf8')).toContain('a + b');
  expect(outcome).toMatchObject({ steps: 4, apiErrors: 0, toolCalls: 3 });
  expect(outcome.tokens.input).toBeGreaterThan(1000);
  expect(outcome.costUsd).toBeGreaterThan(0);
  const tools = progress.filter((one) => one.type === 'tool' && one.status === 'completed');
  expect(tools).toMatchObject([{ tool: 'read' }, { tool: 'edit' }, { tool: 'bash', title: 'node --test' }]);
  const steps = progress.filter((one) => one.type === 'step');
  expect(steps.at(-1)).toMatchObject({ index: 4, total: outcome.tokens, costUsd: outcome.costUsd });
});

test('nothing outside the directory, no secrets and no question: each is refused and the work goes on', async () => {
  const { directory, outcome, progress } = await runIn('Stray about', (place) => {
    writeFileSync(join(place, '.env'), 'SECRET=1');
  });

  expect(outcome.ending).toEqual({ type: 'answered', text: 'Done.' });
  expect(existsSync(join(directory, '..', 'outside.txt'))).toBe(false);
  expect(JSON.stringify(outcome.messages)).not.toContain('SECRET=1');
  const ended = progress.filter((one) => one.type === 'tool' && ['completed', 'failed'].includes(one.status));
  expect(ended).toMatchObject([
    { status: 'failed' },
    { status: 'failed' },
    { status: 'failed' },
    { status: 'completed' },
  ]);
});

test('a cancel ends the session and its commands', async () => {
  const stopping = new AbortController();
  const running = runIn('Hang', undefined, stopping.signal);
  await until(() => commandsRunning('sleep 28[78]') === 3);

  stopping.abort(new Error('changed our mind'));
  const { outcome } = await running;

  expect(outcome.ending).toMatchObject({
    type: 'failed',
    failure: { code: 'CANCELLED', message: 'changed our mind', retryable: false },
  });
  expect(commandsRunning('sleep 28[78]')).toBe(0);
});

test('what a task leaves running in its directory is ended with it', async () => {
  const { outcome } = await runIn('Leave something behind');

  expect(outcome.ending.type).toBe('answered');
  expect(commandsRunning('sleep 289')).toBe(0);
});

test('a wrong key is a failure for good, an unknown model is named before anything is asked', async () => {
  const locked = await runIn('Locked out');
  const unknown = await runIn('Mend the sum', undefined, undefined, 'scripted/other');

  expect(locked.outcome.ending).toMatchObject({ failure: { code: 'MODEL_AUTH_FAILED', retryable: false } });
  expect(unknown.outcome.ending).toMatchObject({ failure: { code: 'MODEL_UNKNOWN', retryable: false } });
  expect(unknown.outcome.ending).toHaveProperty('failure.message', expect.stringContaining(MODEL_NAME));
});

test('a model that is out of order is tried a few times, then the attempt may be repeated later', async () => {
  const { outcome, progress } = await runIn('Broken endpoint');

  expect(outcome.ending).toMatchObject({ failure: { code: 'MODEL_UNAVAILABLE', retryable: true } });
  expect(progress.filter((one) => one.type === 'retry').length).toBeGreaterThan(0);
  expect(outcome.apiErrors).toBe(2);
});

test('the work of a sub-agent counts and shows', async () => {
  const { directory, outcome, progress } = await runIn('Delegate it');

  expect(outcome.ending).toEqual({ type: 'answered', text: 'Done.' });
  expect(readFileSync(join(directory, 'sum.js'), 'utf8')).toContain('a + b');
  expect(outcome).toMatchObject({ steps: 7, toolCalls: 5 });
  expect(progress).toContainEqual({ type: 'todo', items: [{ text: 'rest', status: 'in_progress' }] });
  expect(progress.filter((one) => one.type === 'step').at(-1)).toMatchObject({ total: outcome.tokens });
});

test('four tasks at the same time each change their own directory', async () => {
  const runs = await Promise.all([1, 2, 3, 4].map(() => runIn('Mend the sum')));

  for (const { directory, outcome } of runs) {
    expect(outcome.ending.type).toBe('answered');
    expect(readFileSync(join(directory, 'sum.js'), 'utf8')).toContain('a + b');
  }
});

test('a killed server fails the attempt, takes its commands along, and the next task gets a new one', async () => {
  const running = runIn('Hang');
  await until(() => commandsRunning('sleep 28[78]') === 3);
  const { pid } = await host.server();

  process.kill(pid, 'SIGKILL');
  const { outcome } = await running;
  const next = await runIn('Mend the sum');

  expect(outcome.ending).toMatchObject({ failure: { code: 'OPENCODE_CRASHED', retryable: true } });
  expect(next.outcome.ending).toEqual({ type: 'answered', text: 'The sum is a sum now.' });
  expect((await host.server()).pid).not.toBe(pid);
  await until(() => commandsRunning('sleep 28[78]') === 0);
});

test('a stopped server leaves no process', async () => {
  const running = runIn('Hang');
  await until(() => commandsRunning('sleep 28[78]') === 3);
  const { pid } = await host.server();

  await host.stop();
  const { outcome } = await running;

  expect(outcome.ending).toMatchObject({ failure: { code: 'OPENCODE_CRASHED' } });
  expect(commandsRunning('sleep 28[78]')).toBe(0);
  expect(existsSync(`/proc/${pid}`)).toBe(false);
});

type Ran = {
  readonly directory: string;
  readonly outcome: RunOutcome;
  readonly progress: readonly Progress[];
};

async function runIn(
  title: string,
  prepare: (directory: string) => void = () => undefined,
  ...[signal, model]: [AbortSignal?, string?]
): Promise<Ran> {
  const directory = mkdtempSync(join(root, 'project-'));
  writeFileSync(join(directory, 'sum.js'), 'export const sum = (a, b) => a - b;\n');
  writeFileSync(
    join(directory, 'sum.test.mjs'),
    `import { sum } from './sum.js'; import { test } from 'node:test'; import assert from 'node:assert';
test('sums', () => assert.equal(sum(1, 2), 3));\n`,
  );
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  execFileSync('git', ['init', '-q'], { cwd: directory });
  prepare(directory);
  const progress: Progress[] = [];
  const options: RunOptions = {
    server: await host.server(),
    directory,
    title,
    prompt: `# ${title}\n\nPlease.`,
    model: model ?? MODEL_NAME,
    signal: signal ?? new AbortController().signal,
    // Nobody is there: no work is held up by it.
    tools: [{ name: 'oio', url: 'http://127.0.0.1:1/mcp', headers: { authorization: 'Bearer t' } }],
    onProgress: (one) => progress.push(one),
    limits: { retriesMax: 1 },
  };
  const outcome = await runTask(options);
  return { directory, outcome, progress };
}

function call(tool: string, values: CallStep['arguments']): CallStep {
  return { type: 'call', tool, arguments: values };
}

/** How many processes of this machine have a command line like this. */
function commandsRunning(pattern: string): number {
  const wanted = new RegExp(pattern);
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return wanted.test(readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' '));
    } catch {
      return false;
    }
  }).length;
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < 150; turn += 1) {
    if (isTrue()) return;
    await sleep(100);
  }
  throw new Error('this did not come true in 15 s');
}
