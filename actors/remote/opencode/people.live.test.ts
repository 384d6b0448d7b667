// biome-ignore-all lint/style/noRestrictedImports: opencode is tried with the demo's scripted model.
/** What the real opencode asks of people, and what people say to it while it works. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type {
  InputAnswer,
  InputQuestion,
  PermissionAnswer,
  PermissionQuestion,
  SteerHandler,
} from '#actors/remote/sdk/requests.ts';
import { buildScriptedProvider, MODEL_NAME } from '#ops/demo/model/provider.ts';
import type { CallStep, Script } from '#ops/demo/model/script.ts';
import { type ScriptedModel, startScriptedModel } from '#ops/demo/model/server.ts';
import { OpencodeHost } from './host.ts';
import type { Progress } from './progress.ts';
import { type RunOutcome, runTask } from './run.ts';

const call = (tool: string, values: CallStep['arguments']): CallStep => ({
  type: 'call',
  tool,
  arguments: values,
});
const done = { type: 'answer', text: 'Done.' } as const;
const write = call('write', { filePath: '{directory}/made.txt', content: 'x' });

const scripts: readonly Script[] = [
  { name: 'touch', match: /^touch/i, steps: [call('bash', { command: 'touch a && touch b' }), write, done] },
  {
    name: 'both',
    match: /^both/i,
    steps: [
      {
        ...call('bash', { command: 'touch a', description: 'x' }),
        also: [{ tool: 'bash', arguments: { command: 'touch b', description: 'x' } }],
      },
      done,
    ],
  },
  {
    name: 'delegate',
    match: /^delegate/i,
    steps: [call('task', { description: 'x', prompt: 'Touch it', subagent_type: 'general' }), done],
  },
  {
    name: 'wonder',
    match: /^wonder/i,
    steps: [
      call('question', {
        questions: [
          { question: 'Which one?', header: 'Which', options: [{ label: 'Left', description: 'that one' }] },
        ],
      }),
      done,
    ],
  },
  {
    name: 'wait',
    match: /^wait/i,
    steps: [call('bash', { command: 'sleep 1.5' }), call('bash', { command: 'sleep 1.5' }), done],
  },
  { name: 'hang', match: /^hang/i, steps: [call('bash', { command: 'sleep 286' }), done] },
  { name: 'word', match: /^use postgres/i, steps: [{ type: 'answer', text: 'Postgres it is.' }] },
];

let model: ScriptedModel;
let host: OpencodeHost;
let root: string;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'oio-people-'));
  model = await startScriptedModel({ scripts, delayMs: 5 });
  host = new OpencodeHost({
    homeDirectory: join(root, 'home'),
    config: buildScriptedProvider(model.url),
    environment: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
    asksPeople: true,
  });
});

afterAll(async () => {
  await host.stop();
  await model.stop();
  rmSync(root, { recursive: true, force: true });
});

const YES: PermissionAnswer = {
  isAllowed: true,
  outcome: 'selected',
  optionId: 'once',
  optionKind: 'allow_once',
  by: 'user:anna',
  note: null,
};
const NO: PermissionAnswer = { ...YES, isAllowed: false, optionId: 'reject', optionKind: 'reject_once' };
const NONE: InputAnswer = { outcome: 'expired', answers: null, by: 'timer', note: null };

interface Said {
  readonly permit?: (question: PermissionQuestion) => PermissionAnswer | Promise<PermissionAnswer>;
  readonly answer?: (question: InputQuestion) => InputAnswer;
  readonly onProgress?: (progress: Progress, steer: SteerHandler) => void;
}

async function runIn(title: string, { permit = () => YES, answer = () => NONE, onProgress }: Said = {}) {
  const directory = mkdtempSync(join(root, 'project-'));
  execFileSync('git', ['init', '-q'], { cwd: directory });
  const asked: PermissionQuestion[] = [];
  const questions: InputQuestion[] = [];
  let steer: SteerHandler = () => undefined;
  const outcome = await runTask({
    server: await host.server(),
    directory,
    title,
    prompt: `# ${title}\n\nPlease.`,
    model: MODEL_NAME,
    signal: new AbortController().signal,
    onProgress: (progress) => onProgress?.(progress, steer),
    people: {
      askPermission: async (question) => {
        asked.push(question);
        return permit(question);
      },
      askInput: async (question) => {
        questions.push(question);
        return answer(question);
      },
    },
    onSteer: (handler) => {
      steer = handler;
    },
  });
  return { directory, outcome, asked, questions };
}

function toolErrors(outcome: RunOutcome): string {
  const parts = outcome.messages.flatMap((message) => message.parts);
  return parts
    .map((part) => (part.type === 'tool' && part.state.status === 'error' ? part.state.error : ''))
    .join(' ');
}

test('each command and each change is asked for once, and what is allowed is done', async () => {
  const { directory, outcome, asked } = await runIn('Touch two files');

  expect(outcome.ending).toEqual({ type: 'answered', text: 'Done.' });
  expect(asked).toMatchObject([
    {
      permission: 'bash',
      patterns: ['touch a', 'touch b'],
      always: ['touch *'],
      subject: { type: 'command', title: 'touch a && touch b' },
    },
    { permission: 'edit', patterns: ['made.txt'], subject: { type: 'file', title: 'edit: made.txt' } },
  ]);
  expect(new Set(asked.map(({ requestId }) => requestId)).size).toBe(2);
  expect(asked[0]).not.toHaveProperty('originTaskId');
  expect(['a', 'b', 'made.txt'].map((name) => existsSync(join(directory, name)))).toEqual([true, true, true]);
});

test('what is rejected, or nobody answers, is not done; the model hears why and goes on', async () => {
  const { directory, outcome } = await runIn('Touch two files', {
    permit: ({ permission }) =>
      permission === 'bash'
        ? { ...NO, note: 'not today' }
        : {
            ...NO,
            outcome: 'expired',
            optionId: null,
            optionKind: null,
            note: 'nobody answered within 5 seconds',
          },
  });

  expect(outcome.ending).toEqual({ type: 'answered', text: 'Done.' });
  expect(['a', 'made.txt'].map((name) => existsSync(join(directory, name)))).toEqual([false, false]);
  expect(toolErrors(outcome)).toContain('not today');
  expect(toolErrors(outcome)).toContain('nobody answered within 5 seconds');
});

test('what a sub-agent wants to do is asked for as well, and says whose it is', async () => {
  const { asked, outcome } = await runIn('Delegate it');

  expect(outcome.ending).toEqual({ type: 'answered', text: 'Done.' });
  expect(asked.map(({ permission }) => permission)).toEqual(['bash', 'edit']);
  expect(asked[0]?.originTaskId).toMatch(/^ses_/);
});

test('a question gets the answer of a person, and is refused where there is none', async () => {
  const answers = [['Left']];
  const answered = await runIn('Wonder', { answer: () => ({ ...NONE, outcome: 'answered', answers }) });
  const alone = await runIn('Wonder');

  expect(answered.questions).toMatchObject([
    { prompt: 'Which one?', questions: [{ question: 'Which one?', options: [{ label: 'Left' }] }] },
  ]);
  expect(JSON.stringify(answered.outcome.messages)).toContain('\\"Which one?\\"=\\"Left\\"');
  expect(alone.questions).toHaveLength(1);
});

test('two that wait at once get their own answers, in whatever order these come', async () => {
  const second = Promise.withResolvers<PermissionAnswer>();
  const first = Promise.withResolvers<PermissionAnswer>();
  const isBash = ({ permission }: PermissionQuestion) => permission === 'bash';
  let waiting = 0;
  const settle = () => {
    waiting += 1;
    if (waiting < 2) return;
    second.resolve(NO);
    // Only after the other's answer was given back.
    setTimeout(() => first.resolve(YES), 300);
  };
  const hold = (answer: Promise<PermissionAnswer>) => (question: PermissionQuestion) => {
    if (!isBash(question)) return YES;
    settle();
    return answer;
  };

  const [one, other] = await Promise.all([
    runIn('Touch the first', { permit: hold(first.promise) }),
    runIn('Touch the second', { permit: hold(second.promise) }),
  ]);

  expect(existsSync(join(one.directory, 'a'))).toBe(true);
  expect(existsSync(join(other.directory, 'a'))).toBe(false);
});

test('a word is heard with the next step of the work', async () => {
  let isSaid = false;
  const { outcome } = await runIn('Wait a while', {
    onProgress: (progress, steer) => {
      if (isSaid || progress.type !== 'tool' || progress.status !== 'in_progress') return;
      isSaid = true;
      void steer({ message: 'Use Postgres', delivery: 'steer', by: 'user:anna' });
    },
  });

  expect(outcome.ending).toEqual({ type: 'answered', text: 'Postgres it is.' });
  expect(outcome.toolCalls).toBe(1);
  expect(JSON.stringify(outcome.messages)).toContain('"completed"');
});

test('an interruption breaks off what is under way', async () => {
  const startedMs = performance.now();
  let isSaid = false;
  const { outcome } = await runIn('Hang', {
    onProgress: (progress, steer) => {
      if (isSaid || progress.type !== 'tool' || progress.status !== 'in_progress') return;
      isSaid = true;
      void steer({ message: 'Use Postgres', delivery: 'interrupt', by: 'user:anna' });
    },
  });

  expect(outcome.ending).toEqual({ type: 'answered', text: 'Postgres it is.' });
  expect(performance.now() - startedMs).toBeLessThan(60_000);
});

test('one of two that a session asks at once is rejected first, and the other is done once it is allowed', async () => {
  const first = Promise.withResolvers<PermissionAnswer>();
  const { directory, outcome, asked } = await runIn('Both at once', {
    permit: async ({ subject }) => {
      if (subject.title === 'touch a') return { ...NO, note: 'not this one' };
      setTimeout(() => first.resolve(YES), 300);
      return first.promise;
    },
  });

  expect(asked.map(({ subject }) => subject.title).toSorted()).toEqual(['touch a', 'touch b']);
  expect(outcome.ending).toEqual({ type: 'answered', text: 'Done.' });
  expect(['a', 'b'].map((name) => existsSync(join(directory, name)))).toEqual([false, true]);
  expect(toolErrors(outcome)).toContain('not this one');
});

test('two that a session asks at once are both rejected, and the work goes on', async () => {
  const { directory, outcome } = await runIn('Both at once', { permit: () => NO });

  expect(outcome.ending).toEqual({ type: 'answered', text: 'Done.' });
  expect(['a', 'b'].map((name) => existsSync(join(directory, name)))).toEqual([false, false]);
});
