/**
 * From accepted work to a model that does work, on the whole system: sessions leave what was said and done, it becomes a data
 * set, a model is trained on it at an endpoint that speaks as OpenAI's does, promoted, and named by a session.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Agent } from '#actors/remote/sdk/agent.ts';
import { joinAsAgent } from '#actors/remote/sdk/join.ts';
import { SILENT } from '#actors/remote/sdk/logger.ts';
import type { AgentTask, Work } from '#actors/remote/sdk/task.ts';
import { ScriptedEndpoint } from '#actors/remote/tuning/testing/endpoint.ts';
import { capabilitiesOf, makeWork } from '#actors/remote/tuning/work.ts';
import { type ApiClient, buildClient } from '#protocols/client/client.ts';
import type { DatasetVersion } from '#protocols/client/operations.generated.ts';
import { TRAJECTORY_MEDIA_TYPE, TRAJECTORY_NAME, type Trajectory } from '#protocols/trajectory.ts';
import { openDataFolder } from '../dev/data-folder.ts';
import { buildLogStream } from '../dev/log-stream.ts';
import { freePort } from '../dev/ports.ts';
import { type System, startSystem } from '../dev/system.ts';

const WAIT = { timeout: 60_000, interval: 50 };
const SECRET = `ghp_${'aB3'.repeat(12)}`;
const SESSIONS = 4;

let folder: string;
let system: System;
let api: ApiClient;
let endpoint: ScriptedEndpoint;
const lines: string[] = [];
const agents: Agent[] = [];
/** Models that tasks were to be done with. */
const models: (string | undefined)[] = [];
let release = (): void => undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-tuning-'));
  const data = await openDataFolder(join(folder, 'data'), 'tuning');
  release = () => data.release();
  system = await startSystem({
    folder: data,
    logs: buildLogStream({ level: 'info', isPretty: false, write: (line) => lines.push(line) }),
    host: '127.0.0.1',
    port: await freePort(),
    nodes: 1,
    hasAgent: false,
    signal: new AbortController().signal,
  });
  const patience = { ms: 30_000, newKey: () => crypto.randomUUID() };
  api = buildClient({ url: system.url, fetch, patience });
  endpoint = await ScriptedEndpoint.start();
});

afterEach((context) => {
  if (context.task.result?.state === 'fail') console.error(lines.slice(-40).join(''));
});

afterAll(async () => {
  for (const agent of agents) await agent.stop();
  await endpoint?.stop();
  await system?.stop();
  release();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function joinWith(name: string, capabilities: readonly string[], work: Work): Promise<Agent> {
  const agent = await joinAsAgent({
    servers: system.natsUrl,
    tenant: 'dev',
    card: {
      ...{ name, agent_type: 'implementer', version: '1', heartbeat_seconds: 1, max_concurrent_capacity: 4 },
      capabilities: { primary: [...capabilities] },
    },
    work,
  });
  agents.push(agent);
  return agent;
}

/** Says what it was asked and did, with a secret in what a tool answered. */
const writer: Work = async (task: AgentTask) => {
  models.push(task.payload.model);
  const words = task.payload.prompt;
  const trajectory: Trajectory = {
    format: 1,
    model: 'scripted/demo',
    messages: [
      { role: 'user', content: words },
      {
        role: 'assistant',
        content: 'I look.',
        tool_calls: [{ id: `call-${task.id}`, name: 'bash', arguments: { command: `grep ${task.id}` } }],
      },
      {
        role: 'tool',
        tool_call_id: `call-${task.id}`,
        content: `token ${SECRET} of anna@example.org`,
        is_error: false,
      },
      { role: 'assistant', content: `Done with ${words}`, tool_calls: [] },
    ],
  };
  const bytes = JSON.stringify(trajectory);
  await task.artifact({ name: TRAJECTORY_NAME, role: 'transcript', mediaType: TRAJECTORY_MEDIA_TYPE, bytes });
  return { success: true, summary: 'done' };
};

async function runSession(prompt: string, model?: string): Promise<string> {
  const draft = { title: `Document ${prompt.slice(0, 40)}`, initial_prompt: prompt, template: 'none' };
  const { id } = await api.createSession({ body: { ...draft, ...(model === undefined ? {} : { model }) } });
  await api.startSession({ id });
  await expect.poll(async () => (await api.getSession({ id })).state, WAIT).toBe('completed');
  return id;
}

const promptOf = (n: number) =>
  Array.from({ length: 12 }, (_, at) => `${['parser', 'printer', 'router', 'cache'][n]}${n}${at}`).join(' ');

/** Sessions that are done, of which all but the last one are accepted. */
async function runAccepted(): Promise<string[]> {
  const sessions: string[] = [];
  for (let n = 0; n < SESSIONS; n++) sessions.push(await runSession(promptOf(n)));
  const accepted = sessions.slice(0, -1);
  for (const id of accepted) {
    await api.reviewSession({ id, body: { verdict: 'accepted', reason: 'merged' } });
  }
  return accepted.sort();
}

/** Builds a version; the first builder dies at work, and the second one, which trains too, takes it up. */
async function build(): Promise<DatasetVersion> {
  let held: AgentTask | null = null;
  const stuck = await joinWith('AGENT-STUCK', capabilitiesOf({ trainer: null }), (task) => {
    held = task;
    return new Promise((_, reject) =>
      task.signal.addEventListener('abort', () => reject(task.signal.reason)),
    );
  });
  const rules = { samples_min: 1, validation_share: 0 };
  await api.createDataset({ body: { name: 'fixes', consent: true, reason: 'our own code', ...rules } });
  await expect.poll(() => held?.payload.taskType, WAIT).toBe('dataset_building');
  await stuck.stop();
  const gateway = { url: system.url, key: null };
  const trainer = { endpoint: { url: endpoint.url, key: null }, provider: 'openai', pollMs: 50 };
  const work = makeWork({ gateway, trainer, logger: SILENT });
  await joinWith('AGENT-TUNING', capabilitiesOf({ trainer }), work);
  const versionOf = () => api.getDatasetVersion({ name: 'fixes', number: 1 });
  await expect.poll(async () => (await versionOf()).state, WAIT).toBe('ready');
  return versionOf();
}

async function read(href: string | undefined): Promise<string> {
  return (await fetch(`${system.url}${href}`)).text();
}

/** Trains on the data set as the endpoint goes on, until the version is registered. */
async function train(dataset: string): Promise<void> {
  const draft = { title: 'A fixer', dataset, base_model: 'small', model_name: 'fixer' };
  const { id } = await api.createTrainingJob({ body: { ...draft, validation_loss_max: 1 } });
  const jobOf = () => api.getTrainingJob({ id });
  await expect.poll(async () => (await jobOf()).external_id, WAIT).toBe('ftjob-1');
  expect(await jobOf()).toMatchObject({
    state: 'running',
    dataset_version: dataset,
    agent_id: 'agent-tuning',
  });
  endpoint.go('running', [{ step: 1, train_loss: 2 }]);
  await expect.poll(async () => (await jobOf()).curve, WAIT).toEqual([{ step: 1, loss: 2 }]);
  endpoint.go('succeeded', [{ step: 4, train_loss: 0.5, valid_loss: 0.6 }]);
  await expect.poll(async () => (await jobOf()).registered, WAIT).toEqual({ name: 'fixer', number: '1.0.0' });
  expect(await jobOf()).toMatchObject({ state: 'completed', metrics: { validation_loss: 0.6 } });
}

test('accepted work becomes a data set, a trained model, a version in production, and the model of a session', async () => {
  await joinWith('AGENT-WRITER', ['documentation', 'code_generation'], writer);
  const accepted = await runAccepted();

  const { manifest, reference } = await build();

  expect(manifest).toMatchObject({
    sessions: { considered: 3, used: 3 },
    samples: { train: 3, validation: 0 },
    redactions: { github_token: 3, email: 3 },
  });
  const content = await read(manifest?.files[0]?.href);
  expect(content.trimEnd().split('\n')).toHaveLength(3);
  expect(content).not.toContain(SECRET);
  const whole: { manifest_of: { session_id: string }[] } = JSON.parse(await read(manifest?.manifest_href));
  expect(whole.manifest_of.map(({ session_id }) => session_id).sort()).toEqual(accepted);

  await train(reference);

  expect([...endpoint.files.values()].join('')).toContain(content.trim());
  await api.promoteModel({
    name: 'fixer',
    body: { version: '1.0.0', stage: 'production', reason: 'better' },
  });
  const last = await runSession('Write it down with what was learned', 'registry:fixer@production');
  expect(models.at(-1)).toBe('openai/ft:small:oio');
  const { items } = await api.listSessionTasks({ id: last });
  expect(items[0]?.attempts.at(-1)?.model).toMatchObject({ name: 'fixer', version: '1.0.0' });
  const audited = await api.listAudit();
  expect(audited.items.map(({ act }) => act).sort()).toEqual(['dataset.consented', 'model.promoted']);
});
