/** Whole runs with the example agent: a real process that speaks ACP by the SDK's own agent side. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PermissionAnswer, PermissionQuestion } from '#actors/remote/sdk/requests.ts';
import type { RunOptions } from './run.ts';
import { commandsRunning, NO, runAgent, until, type Wish, YES } from './testing/running.ts';

const EXAMPLE = `${JSON.stringify(process.execPath)} ${JSON.stringify(join(import.meta.dirname, 'testing', 'example-agent.ts'))}`;

let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'oio-acp-')));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

async function run(
  prompt: string,
  {
    flags = '',
    command,
    loginMethod = null,
    ...wish
  }: Wish & {
    readonly flags?: string;
    readonly command?: string;
    readonly loginMethod?: string | null;
  } = {},
) {
  const directory = join(root, 'work');
  mkdirSync(directory, { recursive: true });
  const environment = { PATH: process.env.PATH ?? '/usr/bin:/bin' };
  const program = {
    command: command ?? `${EXAMPLE} ${flags}`,
    environment,
    loginMethod,
    loginHint: 'Ask Anna',
  };
  return { directory, ...(await runAgent({ program, directory }, prompt, wish)) };
}

test('an agent thinks, plans, edits and runs a command, and what it took is counted', async () => {
  const prompt = `# Mend it
think: Hm, hm
plan: look, mend
edit: sum.js = a + b
run: cat sum.js
use: 10 0.5
say: All is done.`;

  const { directory, outcome, reports, tools, asked } = await run(prompt);

  expect(outcome.ending).toEqual({ type: 'answered', text: 'All is done.' });
  expect(readFileSync(join(directory, 'sum.js'), 'utf8')).toBe('a + b\n');
  expect(outcome.usage).toEqual({ tokens_in: 10, tokens_out: 3, cost_usd: 0.5 });
  expect(reports).toContainEqual({ percent: 50, note: 'mend' });
  expect(reports).toContainEqual({ note: 'All is done.' });
  expect(tools).toMatchObject([
    { tool: 'edit', title: 'sum.js', status: 'pending' },
    { tool: 'edit', title: 'sum.js', status: 'completed' },
    { tool: 'execute', title: 'cat sum.js', status: 'in_progress' },
    { tool: 'execute', title: 'cat sum.js', status: 'completed' },
  ]);
  // The edit was asked for by the agent, the command by us: each once.
  expect(asked).toMatchObject([
    { permission: 'edit', patterns: ['sum.js'] },
    { permission: 'bash', patterns: ['cat sum.js'] },
  ]);
  const transcript = outcome.conversation.toMarkdown('Mend it');
  expect(transcript).toContain('> Hm, hm');
  expect(transcript).toContain('+a + b');
});

test('a no is told to the agent, and what it does without asking is not done', async () => {
  const { directory, outcome, asked } = await run('edit: a = 1\nwrite: b = 1\nrun: touch c', {
    permit: () => NO,
  });

  expect(readdirSync(directory)).toEqual([]);
  expect(asked).toHaveLength(3);
  expect(outcome.ending).toMatchObject({ type: 'answered', text: expect.stringContaining('not permitted') });
});

test('two permissions at once are answered apart, whatever order the answers come in', async () => {
  const answers = new Map<string, (answer: PermissionAnswer) => void>();
  const permit = ({ patterns: [name = ''] }: PermissionQuestion) =>
    new Promise<PermissionAnswer>((resolve) => {
      answers.set(name, resolve);
      if (answers.size < 2) return;
      answers.get('right')?.(YES);
      answers.get('left')?.(NO);
    });

  const { outcome } = await run('ask: left, right', { permit });

  expect(outcome.ending).toEqual({ type: 'answered', text: 'right' });
});

test('files outside are neither read nor written, however the agent asks', async () => {
  writeFileSync(join(root, 'secret'), 'the secret');
  const prompt = `read: ../secret\nwrite: ../made = x\nrun: ln -s .. up\nread: up/secret\nwrite: up/made = x\nread: here`;

  const { outcome } = await run(prompt);

  expect(existsSync(join(root, 'made'))).toBe(false);
  const transcript = outcome.conversation.toMarkdown('Stray');
  expect(transcript).not.toContain('the secret');
  expect(transcript).toContain('outside the working copy');
});

test('a cancel ends the turn, its commands and its process', async () => {
  const stopping = new AbortController();
  const running = run('run: sleep 271 & sleep 272', { signal: stopping.signal });
  await until(() => commandsRunning(/sleep 27[12]/) >= 2);

  stopping.abort(new Error('changed our mind'));
  const { outcome } = await running;

  const failure = { code: 'CANCELLED', message: 'changed our mind', retryable: false };
  expect(outcome.ending).toMatchObject({ type: 'failed', failure });
  expect(commandsRunning(/sleep 27[12]/)).toBe(0);
  expect(commandsRunning(/example-agent/)).toBe(0);
});

test('a command has its time, and of its output the end is kept', async () => {
  const terminals = { outputBytesMax: 16, runMs: 700 };

  const long = await run('run: yes €', { limits: { terminals } });
  const short = await run('run: seq 1 100', { limits: { terminals } });

  expect(long.outcome.ending).toMatchObject({
    type: 'answered',
    text: expect.stringMatching(/^null: (€\n)+€$/),
  });
  expect(short.outcome.ending).toMatchObject({ type: 'answered', text: '0: 96\n97\n98\n99\n100' });
});

test('an agent that dies fails the attempt with its last words, and its commands go with it', async () => {
  const { outcome } = await run(`run: setsid sleep 273 >/dev/null 2>&1 &
start: sleep 274
spawn: exec sleep 275
die: out of ink`);

  expect(outcome.ending).toMatchObject({
    type: 'failed',
    failure: { code: 'AGENT_CRASHED', retryable: true },
  });
  expect(outcome.ending).toHaveProperty('failure.message', expect.stringContaining('code 3: out of ink'));
  expect(commandsRunning(/sleep 27[345]/)).toBe(0);
});

test('a word is said in the next turn, and an interruption ends the turn that runs', async () => {
  const say =
    (message: string, delivery: 'steer' | 'interrupt', afterMs: number): RunOptions['onSteer'] =>
    (steer) =>
      void pause(afterMs).then(() => steer({ message, delivery, by: 'user:anna' }));

  const queued = await run('sleep: 200\nsay: first', { onSteer: say('show:', 'steer', 50) });
  const hurried = await run('wait:', { onSteer: say('say: broken off', 'interrupt', 300) });
  // The agent has hardly read its prompt.
  const atOnce = await run('wait:', { onSteer: say('say: at once', 'interrupt', 0) });

  expect(queued.outcome.ending).toMatchObject({ text: expect.stringContaining('"told":2') });
  expect(queued.outcome.conversation.toMarkdown('x')).toContain('first');
  expect(hurried.outcome.ending).toEqual({ type: 'answered', text: 'broken off' });
  expect(atOnce.outcome.ending).toEqual({ type: 'answered', text: 'at once' });
});

test('a model is chosen before the prompt; one that the agent does not have is named with those it has', async () => {
  const mcp = [{ name: 'oio', url: 'http://127.0.0.1:1/mcp', headers: {} }];

  const chosen = await run('show:', { model: 'fancy', mcp });
  const unknown = await run('show:', { model: 'other' });

  expect(chosen.outcome.ending).toMatchObject({
    text: expect.stringContaining('"model":"fancy","tools":["oio"]'),
  });
  expect(unknown.outcome.ending).toMatchObject({ failure: { code: 'MODEL_UNKNOWN' } });
  expect(unknown.outcome.ending).toHaveProperty('failure.message', expect.stringContaining('plain, fancy'));
});

test('an agent that wants a login says how, and works once it is told which', async () => {
  const refused = await run('say: hello', { flags: '--login' });
  const loggedIn = await run('say: hello', { flags: '--login', loginMethod: 'token' });

  expect(refused.outcome.ending).toMatchObject({ failure: { code: 'AUTH_REQUIRED', retryable: false } });
  expect(refused.outcome.ending).toHaveProperty(
    'failure.message',
    expect.stringMatching(/run `example login`.*Ask Anna$/),
  );
  expect(loggedIn.outcome.ending).toEqual({ type: 'answered', text: 'hello' });
});

test('no agent, another version, no answer: each fails with its reason', async () => {
  const missing = await run('say: x', { command: 'no-such-agent --acp' });
  const newer = await run('say: x', { flags: '--acp-2' });
  const mute = await run('say: x', { flags: '--mute', limits: { greetMs: 800 } });

  expect(missing.outcome.ending).toMatchObject({ failure: { code: 'AGENT_UNAVAILABLE' } });
  expect(missing.outcome.ending).toHaveProperty('failure.message', expect.stringContaining('no-such-agent'));
  expect(newer.outcome.ending).toMatchObject({ failure: { code: 'VERSION_UNKNOWN', retryable: false } });
  expect(mute.outcome.ending).toMatchObject({ failure: { code: 'AGENT_UNAVAILABLE', retryable: true } });
});

test('every end of a turn has its outcome', async () => {
  const endings = [];
  for (const line of [
    'stop: refusal',
    'stop: max_tokens',
    'stop: max_turn_requests',
    'stop: cancelled',
    'fail: no ink',
  ]) {
    endings.push((await run(line)).outcome.ending);
  }
  const stalled = await run('wait:', { limits: { silenceMs: 500 } });

  expect(endings).toMatchObject([
    { failure: { code: 'MODEL_REFUSED' } },
    { failure: { code: 'OUTPUT_TOO_LONG' } },
    { failure: { code: 'TURN_LIMIT' } },
    { failure: { code: 'ABORTED' } },
    { failure: { code: 'AGENT_FAILED', message: expect.stringContaining('no ink') } },
  ]);
  expect(stalled.outcome.ending).toMatchObject({ failure: { code: 'STALLED', retryable: true } });
});

test('a session of an earlier process goes on where the agent has it, and begins anew where not', async () => {
  const flags = `--store ${join(root, 'sessions')}`;
  const seen: { readonly sessionId: string; readonly isEarlier: boolean }[] = [];
  const onSession = async (opened: (typeof seen)[number]) => void seen.push(opened);
  const first = await run('die: killed', { flags, onSession });
  const sessionId = seen[0]?.sessionId ?? null;

  const again = await run('show:', { flags, onSession, earlier: { sessionId } });
  const lost = await run('show:', { flags, onSession, earlier: { sessionId: 'gone' } });
  const unable = await run('show:', { onSession, earlier: { sessionId } });

  expect(first.outcome.ending).toMatchObject({ failure: { code: 'AGENT_CRASHED' } });
  expect(seen.map(({ isEarlier }) => isEarlier)).toEqual([false, true, false, false]);
  expect(seen[1]?.sessionId).toBe(sessionId);
  // What was said before is not said again, here or there.
  expect(again.outcome.conversation.toMarkdown('x')).not.toContain('of before');
  expect(again.outcome.conversation.toMarkdown('x')).toContain('Do not do again what is done');
  expect(lost.outcome.ending).toMatchObject({ text: expect.stringContaining('"told":1') });
  expect(unable.outcome.ending).toMatchObject({ type: 'answered' });
});
