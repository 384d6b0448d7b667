import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import type { Agent } from './agent.ts';
import { type JoinOptions, joinAsAgent } from './join.ts';
import { type Logger, SILENT } from './logger.ts';
import type { AgentTask, Work } from './task.ts';
import { Line } from './testing/line.ts';
import { agreeable, assignment, ScriptedOrchestrator } from './testing/orchestrator.ts';

const card: JoinOptions['card'] = {
  name: 'AGENT-X',
  agent_type: 'implementer',
  capabilities: { primary: ['code_generation'] },
  version: '1.0.0',
};
const timing = {
  askTimeoutMs: 1_000,
  backoffMinMs: 20,
  backoffMaxMs: 200,
  stopGraceMs: 500,
  farewellWithinMs: 500,
};

let line: Line;
let tenants = 0;
const opened: (Agent | ScriptedOrchestrator)[] = [];

beforeEach(async () => {
  line = await Line.open(inject('natsUrl'));
});

afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.stop();
  await line.cut();
});

/** Both sides are on one line, as on one server: when it breaks, both are cut off. */
async function setUp(work: Work, logger: Logger = SILENT) {
  const tenant = `reconnect-${process.pid}-${tenants++}`;
  const orchestrator = await ScriptedOrchestrator.start(line.url, tenant, 'agent-x');
  opened.push(orchestrator);
  const agent = await joinAsAgent({ servers: line.url, tenant, card, timing, work, logger });
  opened.push(agent);
  return { orchestrator, agent };
}

async function crashAndRestart(downMs: number): Promise<void> {
  await line.cut();
  await new Promise((resolve) => setTimeout(resolve, downMs));
  await line.mend();
}

/** Work that goes on until the test lets it end. */
function steered() {
  const { promise, resolve: finish } = Promise.withResolvers<void>();
  const tasks: AgentTask[] = [];
  const work: Work = async (task) => {
    tasks.push(task);
    await promise;
    return { success: true, summary: 'done' };
  };
  return { tasks, work, finish };
}

/** Remembers the names of events. */
function listening() {
  const events: string[] = [];
  const note = (_: object, event: string) => {
    events.push(event);
  };
  return { events, logger: { debug: note, info: note, warn: note, error: note } };
}

test('a task outlives the crash of its server, and nothing said meanwhile is lost', async () => {
  const { tasks, work, finish } = steered();
  const { orchestrator, agent } = await setUp(work);
  await orchestrator.tell(assignment('t1'));
  await expect.poll(() => tasks.length).toBe(1);

  const restarted = crashAndRestart(1_500);
  const calls = ['a', 'b', 'c'];
  for (const callId of calls) {
    await tasks[0]?.tool({ callId, tool: 'edit', title: 'Edit', status: 'completed' });
    await tasks[0]?.progress({ note: `after ${callId}` });
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  finish();
  await restarted;
  await orchestrator.until(() => orchestrator.once('result').length > 0, 15_000);
  await orchestrator.until(() => orchestrator.once('register').length === 2, 15_000);

  expect(orchestrator.once('tool').map((message) => message.callId)).toEqual(calls);
  expect(orchestrator.once('progress').at(-1)?.note).toBe('after c');
  expect(orchestrator.once('result')).toMatchObject([{ result: { success: true } }]);
  const [first, second] = orchestrator.once('register');
  expect(second?.instance).toBe(first?.instance);
  expect(second?.id).not.toBe(first?.id);
  await expect.poll(() => agent.running()).toEqual([]);
});

test('after a reconnect an agent tells what it works on, and ends what it shall drop', async () => {
  const { tasks, work } = steered();
  const { orchestrator, agent } = await setUp(work);
  await orchestrator.tell(assignment('keep', { attempt: 2 }));
  await orchestrator.tell(assignment('drop'));
  await expect.poll(() => tasks.length).toBe(2);
  const drop = [{ taskId: 'drop', attempt: 1 }];
  orchestrator.script = (message, time) =>
    message.kind === 'register'
      ? { ok: true, value: { agentId: 'agent-x', heartbeatSeconds: 1, adopt: [], drop } }
      : agreeable(message, time);

  await crashAndRestart(200);
  await orchestrator.until(() => orchestrator.once('register').length === 2, 15_000);
  await expect.poll(() => agent.running()).toEqual([{ taskId: 'keep', attempt: 2 }]);

  expect(orchestrator.once('register')[1]?.resume).toEqual([{ taskId: 'keep', attempt: 2 }, ...drop]);
  const dropped = tasks.find((task) => task.id === 'drop');
  expect(dropped?.signal.reason).toMatchObject({ reason: 'dropped' });
  expect(await orchestrator.tell(assignment('next'))).toEqual({ accepted: true });
});

test('a server that is paused is noticed within seconds, and joined again when it goes on', async () => {
  const { events, logger } = listening();
  const { orchestrator } = await setUp(steered().work, logger);
  const pausedMs = Date.now();

  line.pause();
  await expect.poll(() => events, { timeout: 10_000 }).toContain('agent disconnected');
  const noticedMs = Date.now() - pausedMs;
  line.resume();

  expect(noticedMs).toBeLessThan(6_000);
  await orchestrator.until(() => orchestrator.once('register').length === 2, 15_000);
});

test('an agent that drains says so again when it comes back', async () => {
  const { tasks, work, finish } = steered();
  const { orchestrator, agent } = await setUp(work);
  await orchestrator.tell(assignment('t1'));
  await expect.poll(() => tasks.length).toBe(1);
  const drained = agent.drain();
  await orchestrator.until(() => orchestrator.once('drain').length === 1);

  await crashAndRestart(100);
  await orchestrator.until(() => orchestrator.once('drain').length === 2, 15_000);
  finish();
  await drained;

  const kinds = orchestrator.heard.map((message) => message.kind);
  expect(kinds.lastIndexOf('drain')).toBeGreaterThan(kinds.lastIndexOf('register'));
  // One that was not answered is said again meanwhile.
  expect(kinds.filter((kind) => kind !== 'drain').slice(-2)).toEqual(['result', 'deregister']);
});

test('an agent that is stopped while its server is away stops all the same', async () => {
  const { tasks, work } = steered();
  const { orchestrator, agent } = await setUp(work);
  await orchestrator.tell(assignment('t1'));
  await expect.poll(() => tasks.length).toBe(1);
  await line.cut();
  const stoppedMs = Date.now();

  await agent.stop();

  expect(Date.now() - stoppedMs).toBeLessThan(3_000);
  expect(tasks[0]?.signal.aborted).toBe(true);
});
