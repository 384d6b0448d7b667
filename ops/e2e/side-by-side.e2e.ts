/**
 * One session with agents of every kind: two opencode, one that speaks ACP, one in Python and one that runs a command, each
 * with the tasks that it fits. Where the graph allows they work at once, and what they did ends in one branch. The server
 * between them all may die meanwhile.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { prepareHome } from '#actors/remote/opencode/home.ts';
import { findOpencode } from '#actors/remote/opencode/server.ts';
import { type ApiClient, buildClient } from '#protocols/client/client.ts';
import { CRUD_SCRIPTS } from '../demo/model/crud-scripts.ts';
import { buildScriptedProvider, MODEL_NAME } from '../demo/model/provider.ts';
import type { Script } from '../demo/model/script.ts';
import { type ScriptedModel, startScriptedModel } from '../demo/model/server.ts';
import { git, makeRepository, runTests } from '../demo/repository.ts';
import { openDataFolder } from '../dev/data-folder.ts';
import { buildLogStream } from '../dev/log-stream.ts';
import { findNatsServer } from '../dev/nats-binary.ts';
import { type NatsServer, startNatsServer } from '../dev/nats-server.ts';
import { freePort } from '../dev/ports.ts';
import { preparePython } from '../dev/python-tools.ts';
import { type System, startSystem } from '../dev/system.ts';
import { endAgent, startAgent } from './agent-process.ts';

const AGENTS = ['agent-first', 'agent-second', 'agent-third', 'agent-fourth', 'agent-fifth'];
const DONE = { timeout: 180_000, interval: 200 };
/** Whoever makes the update tells the others by a tool of ours before it begins. */
const SCRIPTS = CRUD_SCRIPTS.map((script): Script => {
  if (script.name !== 'update') return script;
  const about = { name: 'Decided', data: { body: 'only a missing one counts as not given' } };
  return {
    ...script,
    steps: [{ type: 'call', tool: 'oio_create_context', arguments: about }, ...script.steps],
  };
});

let folder: string;
let system: System;
let api: ApiClient;
let model: ScriptedModel;
let nats: NatsServer;
let startServer: () => Promise<NatsServer>;
let release = (): void => undefined;
const lines: string[] = [];
const agents: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-side-by-side-'));
  const data = await openDataFolder(join(folder, 'data'), 'agents');
  release = () => data.release();
  model = await startScriptedModel({ delayMs: 25, scripts: SCRIPTS });
  const binary = await findNatsServer({ env: process.env });
  const port = await freePort();
  startServer = () => startNatsServer({ binary, dataDir: join(folder, 'nats'), port });
  nats = await startServer();
  system = await startSystem({
    natsUrl: nats.url,
    folder: data,
    logs: buildLogStream({ level: 'info', isPretty: false, write: (line) => lines.push(line) }),
    host: '127.0.0.1',
    port: await freePort(),
    nodes: 1,
    hasAgent: false,
    signal: new AbortController().signal,
  });
  api = buildClient({ url: system.url, fetch });
});

afterEach((context) => {
  if (context.task.result?.state === 'fail') console.error(lines.slice(-40).join(''));
});

afterAll(async () => {
  for (const agent of agents) await endAgent(agent);
  await model?.stop();
  await system?.stop();
  await nats?.stop();
  release();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

type Program = Parameters<typeof startAgent>[0];

async function start(program: Program, name: string, env: Record<string, string>): Promise<void> {
  const place = { HOME: folder, OIO_AGENT_NAME: name, OIO_WORK_DIR: join(folder, name) };
  const common = { OIO_CAPACITY: '1', NATS_URL: system.natsUrl };
  agents.push(await startAgent(program, { ...place, ...common, ...env }));
}

async function startPython(): Promise<void> {
  const { python, environment } = await preparePython(process.env);
  const agent = spawn(python, [join(import.meta.dirname, 'documenting-agent.py')], {
    env: { PATH: process.env.PATH, HOME: folder, NATS_URL: system.natsUrl, ...environment },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  agents.push(agent);
  await expect
    .poll(async () => (await api.listAgents({})).items.map(({ id }) => id), DONE)
    .toContain('agent-fifth');
}

/** What is asked of `opencode acp` is asked as of any agent behind the protocol: it has a home of its own. */
async function startOverAcp(provider: object): Promise<void> {
  const home = await prepareHome(join(folder, 'acp-home'));
  const config = { permission: { '*': 'allow' }, autoupdate: false, ...provider };
  await start('acp', 'AGENT-THIRD', {
    ...home.environment,
    OIO_CAPABILITIES: 'updating',
    OIO_ACP_COMMAND: `${findOpencode()} acp --pure`,
    OIO_ACP_ENV: 'OPENCODE_CONFIG_CONTENT,OPENCODE_DISABLE_MODELS_FETCH,OPENCODE_DISABLE_LSP_DOWNLOAD',
    OPENCODE_CONFIG_CONTENT: JSON.stringify(config),
    OPENCODE_DISABLE_MODELS_FETCH: '1',
    OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
  });
}

/** What deletes a note: the shell agent's part, as the scripted model would write it. */
function deleting(): string {
  const step = CRUD_SCRIPTS.find(({ name }) => name === 'delete')?.steps.find(
    (one) => one.type === 'call' && one.tool === 'write',
  );
  return step?.type === 'call' ? String(step.arguments.content) : '';
}

interface AttemptSeen {
  readonly agent_id: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
}

const isAtOnce = (one: AttemptSeen, other: AttemptSeen): boolean =>
  (one.started_at ?? '') < (other.ended_at ?? '') && (other.started_at ?? '') < (one.ended_at ?? '');

test('agents of every kind work side by side, and end in one branch whose tests pass', async () => {
  const repo = await makeRepository(folder);
  await writeFile(join(folder, 'delete.js'), deleting());
  const command = `sleep 2; cp ${join(folder, 'delete.js')} src/delete.js && node --test test/delete.test.js`;
  const provider = buildScriptedProvider(model.url);
  const opencode = { OIO_MODEL: MODEL_NAME, OIO_OPENCODE_CONFIG: JSON.stringify(provider) };
  await Promise.all([
    start('opencode', 'AGENT-FIRST', opencode),
    start('opencode', 'AGENT-SECOND', opencode),
    startOverAcp(provider),
    start('shell', 'AGENT-FOURTH', { OIO_CAPABILITIES: 'deleting', OIO_COMMAND: command }),
    startPython(),
  ]);
  const part = (name: string, capability: string) => ({
    ...{ key: name, title: `Implement ${name}`, required_capabilities: [capability] },
  });
  const parts = [
    part('create', 'code_generation'),
    part('read', 'code_generation'),
    part('update', 'updating'),
    part('delete', 'deleting'),
    { ...part('notes', 'documenting'), title: 'Write down what the store does' },
  ];
  const last = {
    ...{ key: 'test', title: 'Test the create, read, update and delete operations' },
    ...{ required_capabilities: ['code_generation'], after: parts.map(({ key }) => ({ key })) },
  };
  const tasks = [...parts, last];
  await api.createBlueprint({ body: { name: 'note-store', description: 'For the test.', tasks } });
  const draft = { title: 'Work for agents', initial_prompt: 'Do it.', blueprint: 'note-store' };
  const { id } = await api.createSession({ body: { ...draft, workspace: { repo, base_ref: 'main' } } });

  await api.startSession({ id });
  await expect.poll(async () => (await api.getSession({ id })).state, DONE).toBe('completed');

  const done = (await api.listSessionTasks({ id, page_size: 100 })).items;
  const attempts = new Map(done.map((task) => [task.title, task.attempts]));
  const all = [...attempts.values()]
    .flat()
    .toSorted((a, b) => `${a.started_at}`.localeCompare(`${b.started_at}`));
  const begun = AGENTS.flatMap((agent) => all.find(({ agent_id }) => agent_id === agent) ?? []);
  expect(begun).toHaveLength(AGENTS.length);
  const byName = ['agent-first', 'agent-second', 'agent-fourth'].flatMap((agent) =>
    begun.filter(({ agent_id }) => agent_id === agent),
  );
  expect(byName.every((attempt) => byName.every((other) => isAtOnce(attempt, other)))).toBe(true);
  const doneBy = (title: string) => attempts.get(title)?.map(({ agent_id }) => agent_id);
  expect(doneBy('Implement update')).toEqual(['agent-third']);
  const contexts = await fetch(`${system.url}/api/v1/contexts/session/${id}`);
  const told = { name: 'Decided', label: 'agent', created_by: 'agent:agent-third' };
  expect(await contexts.json()).toMatchObject({ items: [told] });
  expect(doneBy('Implement delete')).toEqual(['agent-fourth']);
  expect(doneBy('Write down what the store does')).toEqual(['agent-fifth']);
  const [tested] = attempts.get(last.title) ?? [];
  const ends = parts.flatMap(({ title }) => attempts.get(title) ?? []).map(({ ended_at }) => `${ended_at}`);
  expect(ends).toHaveLength(parts.length);
  expect(ends.every((end) => end <= (tested?.started_at ?? ''))).toBe(true);
  const { result } = await api.getSession({ id });
  expect(result?.branches).toHaveLength(1);
  const [branch = ''] = result?.branches ?? [];
  expect(await git(repo, ['show', `${branch}:NOTES.md`])).toContain('Write down what the store does');
  expect(await runTests(repo, 'main')).toMatchObject({ passed: false });
  expect(await runTests(repo, branch)).toMatchObject({ passed: true });
});

test('the server is killed in the middle of tasks: the session completes, and each was done once', async () => {
  const repo = await makeRepository(join(folder, 'again'));
  const tasks = ['one', 'two'].map((key) => ({
    ...{ key, title: `Delete ${key} of them`, required_capabilities: ['deleting'] },
  }));
  await api.createBlueprint({ body: { name: 'deletions', description: 'For the test.', tasks } });
  const draft = { title: 'Work for agents', initial_prompt: 'Do it.', blueprint: 'deletions' };
  const { id } = await api.createSession({ body: { ...draft, workspace: { repo, base_ref: 'main' } } });
  await api.startSession({ id });
  const tasksOf = async () => (await api.listSessionTasks({ id, page_size: 100 })).items;
  await expect.poll(async () => (await tasksOf()).map(({ state }) => state), DONE).toContain('in_progress');

  nats.kill('SIGKILL');
  await nats.exited;
  nats = await startServer();

  const stateOf = () => api.getSession({ id }).then(({ state }) => state, String);
  await expect.poll(stateOf, DONE).toBe('completed');
  for (const { attempts } of await tasksOf()) {
    expect(attempts.filter(({ outcome }) => outcome === 'completed')).toHaveLength(1);
  }
  const { result } = await api.getSession({ id });
  const [branch = ''] = result?.branches ?? [];
  const done = await git(repo, ['log', '--format=%s', `main..${branch}`]);
  for (const { title } of tasks) {
    expect(done.split('\n').filter((line) => line === title)).toHaveLength(1);
  }
});
