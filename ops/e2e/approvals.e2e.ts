/**
 * A real opencode on the real stack asks people: what they decide over HTTP reaches the step that waits for it, and no
 * other; what nobody decides is rejected at its time; what they say meanwhile is heard.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { buildCard } from '#actors/remote/opencode/card.ts';
import { parseConfig } from '#actors/remote/opencode/config.ts';
import { OpencodeHost } from '#actors/remote/opencode/host.ts';
import { makeWork } from '#actors/remote/opencode/work.ts';
import type { Agent } from '#actors/remote/sdk/agent.ts';
import { joinAsAgent } from '#actors/remote/sdk/join.ts';
import { SILENT } from '#actors/remote/sdk/logger.ts';
import { Workspaces } from '#actors/remote/workspace/workspaces.ts';
import { type ApiClient, buildClient, Refused } from '#protocols/client/client.ts';
import { buildScriptedProvider, MODEL_NAME } from '../demo/model/provider.ts';
import type { Script } from '../demo/model/script.ts';
import { type ScriptedModel, startScriptedModel } from '../demo/model/server.ts';
import { openDataFolder } from '../dev/data-folder.ts';
import { buildLogStream } from '../dev/log-stream.ts';
import { freePort } from '../dev/ports.ts';
import { type System, startSystem } from '../dev/system.ts';
import { openBrowser } from './browser.ts';

const WAIT_MS = 90_000;
const call = (command: string) => ({ type: 'call', tool: 'bash', arguments: { command } }) as const;
const made = { type: 'answer', text: 'It is made.', needs: 'made-it', otherwise: 'It was refused.' } as const;

const scripts: readonly Script[] = [
  { name: 'make', match: /^make/i, steps: [call('touch made.txt && echo made-it'), made] },
  {
    name: 'wait',
    match: /^wait/i,
    steps: [call('echo one; sleep 4'), call('sleep 60'), { type: 'answer', text: 'Nobody spoke.' }],
  },
  { name: 'word', match: /^use postgres/i, steps: [{ type: 'answer', text: 'Postgres it is.' }] },
];

let folder: string;
let system: System;
let api: ApiClient;
let model: ScriptedModel;
let host: OpencodeHost;
let agent: Agent;
const lines: string[] = [];
let release = (): void => undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-approvals-'));
  const data = await openDataFolder(join(folder, 'data'), 'approvals');
  release = () => data.release();
  model = await startScriptedModel({ scripts, delayMs: 5 });
  system = await startSystem({
    folder: data,
    logs: buildLogStream({ level: 'info', isPretty: false, write: (line) => lines.push(line) }),
    host: '127.0.0.1',
    port: await freePort(),
    nodes: 1,
    hasAgent: false,
    signal: new AbortController().signal,
  });
  api = buildClient({ url: system.url, fetch });
  agent = await joinOpencode();
});

afterEach((context) => {
  if (context.task.result?.state === 'fail') console.error(lines.slice(-40).join(''));
});

afterAll(async () => {
  await agent?.stop();
  await host?.stop();
  await system?.stop();
  await model?.stop();
  release();
  await rm(folder, { recursive: true, force: true });
});

async function joinOpencode(): Promise<Agent> {
  const environment = { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: folder };
  const config = parseConfig({ ...environment, OIO_WORK_DIR: join(folder, 'work'), OIO_MODEL: MODEL_NAME });
  host = new OpencodeHost({
    homeDirectory: join(folder, 'opencode'),
    config: buildScriptedProvider(model.url),
    environment,
    asksPeople: true,
  });
  const { version } = await host.server();
  const workspaces = new Workspaces({ workDir: config.workDir, environment });
  return joinAsAgent({
    servers: system.natsUrl,
    tenant: 'dev',
    card: buildCard(config, version),
    work: makeWork({ host, workspaces, model: MODEL_NAME, logger: SILENT }),
  });
}

async function begin(title: string): Promise<string> {
  const key = () => ({ 'idempotency-key': crypto.randomUUID() });
  const body = { title, initial_prompt: title, template: 'none' };
  const { id } = await api.createSession({ ...key(), body });
  await api.startSession({ ...key(), id });
  return id;
}

/** The one request of a session that waits for a person. */
async function pendingOf(session: string): Promise<string> {
  let found: string | undefined;
  const look = async () => {
    found = (await api.listApprovals({ session, state: ['pending'] })).items[0]?.id;
    return found !== undefined;
  };
  await expect.poll(look, { timeout: WAIT_MS }).toBe(true);
  return found ?? '';
}

async function summaryOf(session: string): Promise<string | undefined> {
  await expect
    .poll(async () => (await api.getSession({ id: session })).state, { timeout: WAIT_MS })
    .toBe('completed');
  const { items } = await api.listSessionTasks({ id: session });
  return items[0]?.result?.summary;
}

const decide = (id: string, option: string, reason: string) =>
  api.decideApproval({ id, 'idempotency-key': crypto.randomUUID(), body: { option, reason } });

test('two that wait at once get each its own answer, in whatever order, and the audit says who and why', async () => {
  const rules = [
    { permission: '*', pattern: '*', action: 'allow' as const },
    { permission: 'bash', pattern: 'touch *', action: 'ask' as const },
  ];
  await api.setApprovalPolicy({ body: { rules, expires_seconds: 600 } });
  const [first, second] = [await begin('Make the first file'), await begin('Make the second file')];
  const [one, other] = [await pendingOf(first), await pendingOf(second)];
  const waiting = await api.getSession({ id: first });

  await decide(other, 'reject', 'not this one');
  const ofOther = await summaryOf(second);
  await decide(one, 'once', 'it is wanted');
  const ofOne = await summaryOf(first);
  const late = await decide(one, 'reject', 'too late').catch((error: unknown) => error);
  const audit = await api.listAudit({ act: ['approval.decided'] });

  expect(waiting.status_detail).toBe('waiting_for_approval');
  expect([ofOne, ofOther]).toEqual(['It is made.', 'It was refused.']);
  expect(late instanceof Refused && late.problem).toMatchObject({ current_state: 'approved' });
  expect(audit.items).toMatchObject([
    { target: one, by: 'user:dev', reason: 'it is wanted' },
    { target: other, by: 'user:dev', reason: 'not this one' },
  ]);
});

test('a person answers in the console by keyboard, with a reason, and the agent goes on', async () => {
  const session = await begin('Make the file in the browser');
  await pendingOf(session);
  const browser = await openBrowser();
  try {
    const page = await browser.context.newPage();
    page.setDefaultTimeout(WAIT_MS);
    await page.goto(`${system.url}/sessions/${session}`);
    await page.locator('[data-approval]').getByText('touch made.txt').first().waitFor();
    await page.keyboard.press('a');
    await page.keyboard.press('y');
    await page.locator('dialog[open] input[name=reason]').waitFor();
    await page.keyboard.type('by hand');
    await page.keyboard.press('Enter');
    await page.locator('[data-approval]').waitFor({ state: 'detached' });
  } finally {
    await browser.close();
  }

  expect(await summaryOf(session)).toBe('It is made.');
  const { items } = await api.listApprovals({ session });
  expect(items).toMatchObject([{ state: 'approved', decision: { by: 'user:dev', reason: 'by hand' } }]);
});

test('what nobody answers is rejected at its time, and the agent goes on', async () => {
  const rules = [{ permission: '*', pattern: '*', action: 'ask' as const }];
  await api.setApprovalPolicy({ body: { rules, expires_seconds: 5 } });
  const session = await begin('Make the third file');
  const id = await pendingOf(session);

  expect(await summaryOf(session)).toBe('It was refused.');
  expect(await api.getApproval({ id })).toMatchObject({ state: 'expired', decision: { by: 'timer' } });
});

test('an agent at work is interrupted by what a person says', async () => {
  const rules = [{ permission: '*', pattern: '*', action: 'ask' as const }];
  await api.setApprovalPolicy({ body: { rules, expires_seconds: 600 } });
  const session = await begin('Wait for a word');
  await decide(await pendingOf(session), 'allow_always', 'let it');

  const body = { prompt: 'Use Postgres', mode: 'interrupt' as const };
  await api.promptSession({ id: session, 'idempotency-key': crypto.randomUUID(), body });

  expect(await summaryOf(session)).toBe('Postgres it is.');
});
