/**
 * The real runtime with agents that misbehave, freeze and die: nothing is lost, nothing is applied twice, and what came
 * too late is kept as evidence.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ACTOR_KINDS } from '#actors/registry.ts';
import { openDataFolder } from '../dev/data-folder.ts';
import { foldAll } from '../dev/fold-all.ts';
import { buildLogStream } from '../dev/log-stream.ts';
import { findNatsCommand } from '../dev/nats-command.ts';
import { freePort } from '../dev/ports.ts';
import { type System, startSystem } from '../dev/system.ts';
import { endAgent, startAgent } from './agent-process.ts';
import { startExampleAgents } from './example-agents.ts';
import { codeOf, RawAgent, type Told } from './raw-agent.ts';

const NATS_AGENT = join(import.meta.dirname, '..', 'docs', 'examples', 'nats-agent.sh');
const WAIT = { timeout: 60_000, interval: 50 };
const FLOOD = 300;

let folder: string;
let system: System;
let nats: NatsConnection;
const lines: string[] = [];
/** Results that came too late, as the events tell them: `<agent>: <summary>`. */
const late: string[] = [];
const agents: (RawAgent | ChildProcess)[] = [];
let release = (): void => undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-agents-'));
  const data = await openDataFolder(join(folder, 'data'), 'agents');
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
  nats = await connect({ servers: system.natsUrl });
  nats.subscribe('evt.dev.task.*.late_result', {
    callback: (_, message) => {
      const { payload } = message.json<{ payload: { agent_id: string; summary: string } }>();
      late.push(`${payload.agent_id}: ${payload.summary}`);
    },
  });
});

afterEach((context) => {
  if (context.task.result?.state === 'fail') console.error(lines.slice(-40).join(''));
});

afterAll(async () => {
  for (const agent of agents) {
    if (agent instanceof RawAgent) await agent.stop();
    else await endAgent(agent);
  }
  await nats?.close();
  await system?.stop();
  release();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function ask(what: string, body?: object) {
  const [method = '', path = ''] = what.split(' ');
  const response = await fetch(`${system.url}/api/v1/${path}`, {
    method,
    headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

/** A session of as many tasks, each of which needs the capability; started. */
async function begin(capability: string, count: number): Promise<string> {
  const tasks = Array.from({ length: count }, (_, at) => ({
    ...{
      key: `t${at}`,
      title: `Implement the part number ${at} of the work`,
      required_capabilities: [capability],
    },
  }));
  return beginPlan(capability.replaceAll('_', '-'), tasks);
}

async function beginPlan(name: string, tasks: readonly object[], workspace?: object): Promise<string> {
  const plan = { name, description: 'For the test.', tasks };
  expect(await ask('POST blueprints', plan)).toMatchObject({ status: 201 });
  const draft = { title: 'Work for agents', initial_prompt: 'Do it.', blueprint: name };
  const { id } = (await ask('POST sessions', { ...draft, ...(workspace && { workspace }) })).body;
  expect(await ask(`POST sessions/${id}/start`, {})).toMatchObject({ status: 202 });
  return id;
}

const stateOf = async (id: string): Promise<string> => (await ask(`GET sessions/${id}`)).body.state;

interface TaskSeen {
  readonly id: string;
  readonly state: string;
  readonly result: { readonly summary: string } | null;
  readonly title: string;
  readonly attempts: readonly AttemptSeen[];
}
interface AttemptSeen {
  readonly agent_id: string;
  readonly outcome: string | null;
  readonly started_at: string;
  readonly ended_at: string;
}

async function tasksOf(id: string): Promise<TaskSeen[]> {
  return (await ask(`GET sessions/${id}/tasks?page_size=100`)).body.items;
}

async function joinAs(name: string, capability: string): Promise<RawAgent> {
  const agent = await RawAgent.join(system.natsUrl, name, capability);
  agents.push(agent);
  return agent;
}

const assignOf = (agent: RawAgent) => agent.told.findLast(({ kind }) => kind === 'assign');

async function assigned(agent: RawAgent): Promise<Told> {
  await expect.poll(() => assignOf(agent), WAIT).toBeDefined();
  const told = assignOf(agent);
  if (!told) throw new Error('an assignment came');
  return told;
}

test('an agent that is silent, late, double, forged and flooding gets nothing applied that is not its own', async () => {
  const rogue = await joinAs('AGENT-ROGUE', 'rogue_work');
  const other = await joinAs('AGENT-OTHER', 'other_work');
  let asked = 0;
  // Silent at first: it is asked again, under the same id.
  rogue.answer = () => (++asked < 2 ? null : { accepted: true });
  const session = await begin('rogue_work', 1);
  const told = await assigned(rogue);
  await expect.poll(() => asked, WAIT).toBeGreaterThanOrEqual(2);
  const inHand = async () => (await tasksOf(session))[0]?.state;
  await expect.poll(inHand, WAIT).toBe('in_progress');

  const forged = await other.say(other.result(told, 'forged'));
  const disguised = await other.say({ kind: 'register', instance: 'i-x', card: rogue.card('x') });
  const foreign = await rogue.say(rogue.result({ ...told, attempt: 7 }, 'of an attempt that never was'));
  const nonsense = await rogue.sayText('{"eap":"2.0",');
  const oversized = await rogue.sayText(JSON.stringify({ kind: 'progress', note: 'x'.repeat(600 * 1024) }));
  const flood = await Promise.all(
    Array.from({ length: FLOOD }, (_, at) =>
      rogue.say({ ...told, id: `flood-${at}-of-it`, kind: 'progress', percent: at % 100 }),
    ),
  );
  const right = rogue.result(told, 'the one');
  const twice = await Promise.all([
    rogue.sayText(JSON.stringify(right)),
    rogue.sayText(JSON.stringify(right)),
  ]);
  const altered = await rogue.sayText(JSON.stringify({ ...right, cancelled: true }));
  const again = await rogue.say(rogue.result(told, 'once more'));

  expect([forged, disguised, foreign, nonsense, oversized].map(codeOf)).toEqual([
    'STALE_EPOCH',
    'FORBIDDEN',
    'STALE_EPOCH',
    'VALIDATION_FAILED',
    'VALIDATION_FAILED',
  ]);
  // Each was answered; what was refused for want of room may be said again.
  expect(flood.filter((one) => !one.ok && !one.error.retryable)).toEqual([]);
  expect(twice.map(codeOf)).toEqual(['OK', 'OK']);
  expect([codeOf(altered), codeOf(again)]).toEqual(['IDEMPOTENCY_KEY_REUSED', 'STALE_EPOCH']);
  await expect.poll(() => stateOf(session), WAIT).toBe('completed');
  const [task] = await tasksOf(session);
  expect(task).toMatchObject({ result: { summary: 'the one' }, attempts: [{ outcome: 'completed' }] });
  const evidence = [
    'agent-other: forged',
    'agent-rogue: of an attempt that never was',
    'agent-rogue: once more',
  ];
  await expect.poll(() => late.toSorted(), WAIT).toEqual(evidence);
});

test('what the quota has no room for is refused, and what a person deletes makes room again', async () => {
  const keeper = await joinAs('AGENT-KEEPER', 'keeping');
  const session = await begin('keeping', 1);
  const told = await assigned(keeper);
  const { used } = (await ask('GET quota')).body;
  expect(await ask('PUT quota', { artifact_bytes: used.artifact_bytes + 10 })).toMatchObject({ status: 200 });
  const leave = (artifactId: string, text: string) => {
    const sha256 = createHash('sha256').update(text).digest('hex');
    const of = { taskId: told.taskId, attempt: told.attempt, name: `${artifactId}.log`, role: 'log' };
    const content = { mediaType: 'text/plain', sizeBytes: text.length, sha256, data: btoa(text) };
    return keeper.say({ kind: 'artifact', ...of, ...content, artifactId, chunk: { index: 0, count: 1 } });
  };

  const stored = async () => (await ask('GET quota')).body.used.artifact_bytes - used.artifact_bytes;
  expect(codeOf(await leave('first', '8 bytes.'))).toBe('OK');
  await expect.poll(stored, WAIT).toBe(8);
  expect(codeOf(await leave('second', '9 bytes..'))).toBe('QUOTA_EXCEEDED');
  const path = `tasks/${told.taskId}/artifacts/first`;
  const deleted = await ask(`DELETE ${path}`);
  await expect.poll(stored, WAIT).toBe(0);
  expect(codeOf(await leave('second', '9 bytes..'))).toBe('OK');

  expect(deleted).toMatchObject({ status: 200, body: { artifact_id: 'first', size_bytes: 8 } });
  expect(deleted.body.deleted_at).toBeTypeOf('string');
  expect(await ask(`GET ${path}`)).toMatchObject({ status: 404, body: { code: 'ARTIFACT_NOT_FOUND' } });
  const { body: listed } = await ask(`GET sessions/${session}/artifacts`);
  expect(listed.items).toMatchObject([{ artifact_id: 'first' }, { artifact_id: 'second' }]);
  await ask('PUT quota', {});
  await keeper.say(keeper.result(told, 'kept'));
  await expect.poll(() => stateOf(session), WAIT).toBe('completed');
});

test('the agents of the docs, in TypeScript and in Python, join, do a task each and take leave', async () => {
  const examples = await startExampleAgents(system.natsUrl, join(folder, 'example'));
  agents.push(...examples);
  const made = [
    {
      id: 'agent-words',
      session: await begin('word_count', 1),
      summary: /^\d+ words$/,
      artifact: 'words.txt',
    },
    {
      id: 'agent-lines',
      session: await begin('line_count', 1),
      summary: /^\d+ lines$/,
      artifact: 'lines.txt',
    },
  ];

  for (const { id, session, summary, artifact } of made) {
    await expect.poll(() => stateOf(session), WAIT).toBe('completed');
    const [task] = await tasksOf(session);
    expect(task).toMatchObject({ attempts: [{ agent_id: id, outcome: 'completed' }] });
    expect(task?.result?.summary).toMatch(summary);
    const { items } = (await ask(`GET sessions/${session}/artifacts`)).body;
    expect(items).toMatchObject([{ name: artifact, role: 'report' }]);
  }
  for (const one of examples) one.kill('SIGTERM');
  for (const { id } of made)
    await expect.poll(async () => (await ask(`GET agents/${id}`)).body.status, WAIT).toBe('offline');
});

test('an agent that falls silent loses its task to another, and its late result is kept and not applied', async () => {
  const silent = await joinAs('AGENT-SILENT', 'silent_work');
  const session = await begin('silent_work', 1);
  const told = await assigned(silent);

  silent.beat(false);
  await expect.poll(async () => (await tasksOf(session))[0]?.attempts[0]?.outcome, WAIT).toBe('agent_lost');
  const good = await joinAs('AGENT-GOOD', 'silent_work');
  const second = await assigned(good);
  const tooLate = await silent.say(silent.result(told, 'too late'));
  const done = await good.say(good.result(second, 'in time'));

  expect([codeOf(tooLate), codeOf(done), second.attempt]).toEqual(['STALE_EPOCH', 'OK', told.attempt + 1]);
  await expect.poll(() => stateOf(session), WAIT).toBe('completed');
  expect((await tasksOf(session))[0]?.result?.summary).toBe('in time');
  expect(late).toContain('agent-silent: too late');
});

async function startShell(name: string, seconds: number, env: Record<string, string>): Promise<ChildProcess> {
  return start('shell', name, {
    ...{ OIO_CAPABILITIES: 'shell_work', OIO_CAPACITY: '2', OIO_HEARTBEAT_SECONDS: '1' },
    ...{ OIO_COMMAND: `sleep ${seconds}; echo ${name}`, ...env },
  });
}

async function start(program: 'shell' | 'opencode', name: string, env: Record<string, string>) {
  const place = { HOME: folder, OIO_AGENT_NAME: name, OIO_WORK_DIR: join(folder, name) };
  const agent = await startAgent(program, { ...place, ...env });
  agents.push(agent);
  return agent;
}

test('an agent that is killed and one that is frozen lose their tasks, and the session completes over HTTP', async () => {
  const frozen = await startShell('AGENT-FROZEN', 20, { NATS_URL: system.natsUrl });
  const killed = await startShell('AGENT-KILLED', 20, { OIO_GATEWAY_URL: system.url });
  const session = await begin('shell_work', 4);
  const held = async () =>
    (await tasksOf(session))
      .filter(({ state }) => state === 'in_progress')
      .map(({ attempts }) => attempts[0]?.agent_id);
  const both = ['agent-frozen', 'agent-frozen', 'agent-killed', 'agent-killed'];
  await expect.poll(async () => (await held()).toSorted(), WAIT).toEqual(both);

  frozen.kill('SIGSTOP');
  await endAgent(killed);
  await startShell('AGENT-HEIR', 0, { OIO_GATEWAY_URL: system.url });
  await expect.poll(() => stateOf(session), WAIT).toBe('completed');
  frozen.kill('SIGCONT');

  for (const { attempts, result } of await tasksOf(session)) {
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['agent_lost', 'completed']);
    expect([attempts[1]?.agent_id, result?.summary]).toEqual(['agent-heir', 'AGENT-HEIR']);
  }
  expect((await foldAll(system, ACTOR_KINDS)).faults).toEqual([]);
});

test('an agent of nothing but the nats command and a shell joins, does a task and takes leave', async (context) => {
  const tools = await findNatsCommand();
  if (tools === null) return context.skip('there is no nats command and no Go to build it');
  const script = spawn('sh', [NATS_AGENT], {
    env: {
      ...{ PATH: `${tools}:/usr/local/bin:/usr/bin:/bin`, HOME: folder, NATS_URL: system.natsUrl },
      ...{ NAME: 'AGENT-NATS', CAPABILITY: 'nats_work', WORK: 'grep -c Implement' },
    },
    stdio: 'ignore',
  });
  const exited = new Promise((resolve) => script.once('exit', resolve));
  const statusOf = async () => (await ask('GET agents/agent-nats')).body.status;
  try {
    await expect.poll(statusOf, WAIT).toBe('online');
    const session = await begin('nats_work', 1);
    await expect.poll(() => stateOf(session), WAIT).toBe('completed');
    const [task] = await tasksOf(session);
    expect(task).toMatchObject({ result: { summary: '1' }, attempts: [{ agent_id: 'agent-nats' }] });
  } finally {
    // It ends its own children when it is told to end, not when it is killed.
    script.kill('SIGTERM');
    await exited;
  }
  expect(await statusOf()).toBe('offline');
});
