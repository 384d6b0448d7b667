/** With a scripted endpoint on the loopback address, real git, and no orchestrator: what is asked, repeated, and told. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { NewArtifact } from '#actors/remote/sdk/artifacts.ts';
import { SILENT } from '#actors/remote/sdk/logger.ts';
import type { AgentTask, ProgressReport } from '#actors/remote/sdk/task.ts';
import { Workspaces } from '#actors/remote/workspace/workspaces.ts';
import type { AssignPayload } from '#protocols/eap/message.ts';
import { type ModelOptions, openModel } from './model.ts';
import { makeWork } from './work.ts';

const KEY = 'sk-very-secret-key-0123456789';
const { signal } = new AbortController();
const FORM = { name: 'f', schema: { type: 'object' } };
const environment = { PATH: process.env.PATH ?? '/usr/bin:/bin' };

type Answer = { readonly status?: number; readonly headers?: Record<string, string>; readonly body: unknown };
type Asked = {
  readonly body: Record<string, unknown>;
  readonly headers: IncomingHttpHeaders;
  readonly atMs: number;
};

const say = (content: string, more: object = {}): Answer => ({
  body: {
    ...{ id: 'c', object: 'chat.completion', created: 1, model: 'm' },
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content } }],
    usage: { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100, ...more },
  },
});

async function startEndpoint(...answers: (Answer | 'silence')[]) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const answer =
      answers[asked.push({ body: JSON.parse(text), headers: request.headers, atMs: performance.now() }) - 1];
    if (answer === undefined) return void response.writeHead(500).end('{}');
    if (answer === 'silence') return;
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers });
    response.end(JSON.stringify(answer.body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/v1`;
  return { url, asked };
}

function optionsFor(url: string, changes: Partial<ModelOptions> = {}): ModelOptions {
  const prices = { usdPerMillion: { in: 3, out: 15 } };
  const bounds = { timeoutMs: 5_000, retriesMax: 2, tokensMax: 1_000 };
  return { url, model: 'm', key: KEY, ...prices, ...bounds, ...changes };
}

const QUESTION = { messages: [{ role: 'user' as const, content: 'hello' }], form: FORM, signal };

test('a question has its form and its key, and the answer its price', async () => {
  const { url, asked } = await startEndpoint(say('{}'), say('{}', { cost: 0.5 }));
  const model = openModel(optionsFor(url));

  const text = await model.ask({ ...QUESTION, onLimited: () => undefined });
  const first = model.usage();
  await model.ask({ ...QUESTION, onLimited: () => undefined });

  expect(text).toBe('{}');
  expect(asked[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
  expect(asked[0]?.body).toMatchObject({ model: 'm', response_format: { type: 'json_schema' } });
  const one = { tokens_in: 1_000, tokens_out: 100, cost_usd: 0.0045, api_calls: 1, api_errors: 0 };
  expect(first).toEqual(one);
  expect(model.usage()).toMatchObject({ tokens_in: 2_000, cost_usd: 0.5045, api_calls: 2 });
});

test('a busy endpoint is asked again when it says, and it is told meanwhile', async () => {
  const busy = {
    status: 429,
    headers: { 'retry-after-ms': '300' },
    body: { error: { message: 'slow down' } },
  };
  const { url, asked } = await startEndpoint(
    busy,
    { status: 503, headers: { 'retry-after-ms': '1' }, body: {} },
    say('yes'),
  );
  const model = openModel(optionsFor(url));
  const limited: boolean[] = [];

  const text = await model.ask({ ...QUESTION, onLimited: (now) => limited.push(now) });

  expect(text).toBe('yes');
  expect(limited).toEqual([true, false, false]);
  expect((asked[1]?.atMs ?? 0) - (asked[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(290);
  expect(model.usage()).toMatchObject({ api_calls: 3, api_errors: 2 });
});

test('an endpoint that stays busy is a failure that may pass, a wrong key one that will not, and the key is in neither', async () => {
  const key = 'word-of-the-house';
  const busy = { status: 503, headers: { 'retry-after-ms': '1' }, body: { error: { message: `no ${key}` } } };
  const wrong = { status: 401, body: { error: { message: `Incorrect API key provided: ${key} or ${KEY}` } } };
  const away = await startEndpoint(busy, busy, busy);
  const refusing = await startEndpoint(wrong);

  const failures = await Promise.all(
    [away, refusing].map(({ url }) =>
      openModel(optionsFor(url, { key }))
        .ask({ ...QUESTION, onLimited: () => undefined })
        .catch((error: unknown) => error),
    ),
  );

  expect(failures).toMatchObject([
    { code: 'MODEL_UNAVAILABLE', retryable: true },
    { code: 'MODEL_REFUSED', retryable: false },
  ]);
  expect(failures.map((one) => `${one} ${JSON.stringify(one)}`).join()).not.toMatch(/very-secret|word-of/);
  expect([away.asked.length, refusing.asked.length]).toEqual([3, 1]);
});

test('an endpoint that knows no forms is asked without; one that never answers is given up in time', async () => {
  const plain = await startEndpoint(
    { status: 400, body: { error: { message: 'response_format?' } } },
    say('yes'),
  );
  const silent = await startEndpoint('silence');

  const text = await openModel(optionsFor(plain.url)).ask({ ...QUESTION, onLimited: () => undefined });
  const given = { timeoutMs: 200, retriesMax: 0 };
  const late = openModel(optionsFor(silent.url, given)).ask({ ...QUESTION, onLimited: () => undefined });

  expect(text).toBe('yes');
  expect(plain.asked[1]?.body).not.toHaveProperty('response_format');
  await expect(late).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE', retryable: true });
});

function taskOf(payload: Partial<AssignPayload>) {
  const reports: ProgressReport[] = [];
  const artifacts: NewArtifact[] = [];
  const nobody = () => Promise.reject(new Error('nobody here'));
  const given: AgentTask = {
    ...{ id: 't1', attempt: 1, signal, resumed: null, keep: async () => undefined, withdraw: nobody },
    payload: {
      ...{ sessionId: 's1', sessionTitle: 'Search', title: 'Review it', description: '', taskType: 'review' },
      ...{ prompt: 'Add a search.', timeoutSeconds: 60 },
      ...payload,
    },
    progress: async (report) => void reports.push(report),
    tool: async () => undefined,
    artifact: async (artifact) => `${artifacts.push(artifact)}`,
    ...{
      lock: nobody,
      askPermission: nobody,
      askInput: nobody,
      onSteer: () => undefined,
      tools: async () => [],
    },
  };
  return { given, reports, artifacts };
}

function setUp(url: string, diffBytesMax: number) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'oio-model-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const repo = join(folder, 'repo');
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      cwd: repo,
      encoding: 'utf8',
    });
  execFileSync('git', ['init', '--quiet', '--initial-branch=main', repo]);
  git('commit', '--quiet', '--allow-empty', '-m', 'first');
  git('checkout', '--quiet', '-b', 'oio/s1/t0');
  writeFileSync(join(repo, 'a.txt'), 'small\n');
  writeFileSync(join(repo, 'b.txt'), `${'large '.repeat(1_000)}\n`);
  git('add', '.');
  git('commit', '--quiet', '-m', 'work');
  git('checkout', '--quiet', 'main');
  const workspaces = new Workspaces({
    workDir: join(folder, 'work'),
    environment: { ...environment, HOME: folder },
  });
  const work = makeWork({
    openModel: () => openModel(optionsFor(url)),
    workspaces,
    environment,
    diffBytesMax,
    logger: SILENT,
  });
  const workspace = { repo, baseRef: 'main', branch: 'oio/s1/t1', merge: ['oio/s1/t0'] };
  return { work, workspace, git };
}

test('a review sees the change as far as it fits, is kept whole, and what was reviewed goes on', async () => {
  const found = { verdict: 'changes_requested', summary: 'Not yet.', findings: [] };
  const { url, asked } = await startEndpoint(say(JSON.stringify(found)));
  const { work, workspace, git } = setUp(url, 1_024);
  const { given, artifacts } = taskOf({ workspace });

  const result = await work(given);

  expect(result).toMatchObject({
    success: true,
    summary: 'Changes requested: Not yet.\n\nNot reviewed, being too large to be shown: b.txt',
    usage: { tokens_in: 1_000, tokens_out: 100, cost_usd: 0.0045, api_calls: 1 },
    commit: { branch: 'oio/s1/t1' },
  });
  const shown = JSON.stringify(asked[0]?.body.messages);
  expect([shown.includes('+small'), shown.includes('large large')]).toEqual([true, false]);
  expect(artifacts).toMatchObject([{ name: 'review.json', role: 'report' }]);
  expect(git('show', 'oio/s1/t1:a.txt')).toBe('small\n');
});

test('a plan that stays wrong is refused with its fault; without a change there is nothing to review', async () => {
  const bad = say('{"tasks":[{"key":"a","title":"Build it","after":[{"key":"a"}]}]}');
  const { url, asked } = await startEndpoint(bad, bad);
  const { work, workspace } = setUp(url, 1_024);

  const planned = await work(taskOf({ taskType: 'planning_by_agent' }).given);
  const reviewed = await work(taskOf({ workspace: { ...workspace, merge: [] } }).given);

  expect(planned).toMatchObject({
    success: false,
    error: { code: 'ANSWER_REFUSED', retryable: false, message: expect.stringContaining('wait for itself') },
    usage: { api_calls: 2, tokens_in: 2_000 },
  });
  expect(reviewed).toMatchObject({ success: false, error: { code: 'NOTHING_TO_REVIEW', retryable: false } });
  expect(asked).toHaveLength(2);
});
