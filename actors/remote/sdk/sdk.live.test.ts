import { createHash, randomBytes } from 'node:crypto';
import { afterEach, expect, inject, test } from 'vitest';
import { LEASE_REPLACED, type OutAnswer } from '#protocols/eap/message.ts';
import type { Agent } from './agent.ts';
import { newHead } from './head.ts';
import { type JoinOptions, joinAsAgent } from './join.ts';
import type { AgentTask, Work } from './task.ts';
import { agreeable, assignment, cancellation, OK, ScriptedOrchestrator } from './testing/orchestrator.ts';

const card: JoinOptions['card'] = {
  name: 'AGENT-X',
  agent_type: 'implementer',
  capabilities: { primary: ['code_generation'], secondary: [] },
  max_concurrent_capacity: 2,
  version: '1.0.0',
};
const timing = { askTimeoutMs: 1_000, backoffMinMs: 20, backoffMaxMs: 200, stopGraceMs: 500 };

const opened: (Agent | ScriptedOrchestrator)[] = [];
let tenants = 0;

afterEach(async () => {
  // Agents first: they take leave of their orchestrator.
  for (const one of opened.splice(0).reverse()) await one.stop();
});

async function setUp(work: Work, options: Partial<JoinOptions> = {}) {
  const servers = inject('natsUrl');
  const tenant = `sdk-${process.pid}-${tenants++}`;
  const orchestrator = await ScriptedOrchestrator.start(servers, tenant, 'agent-x');
  opened.push(orchestrator);
  const agent = await joinAsAgent({ servers, tenant, card, timing, work, ...options });
  opened.push(agent);
  return { orchestrator, agent, tenant, servers };
}

const done: Work = async () => ({ success: true, summary: 'done' });

/** Work that goes on until it is told to end; its tasks can be looked at. */
function endless() {
  const tasks: AgentTask[] = [];
  const work: Work = (task) => {
    tasks.push(task);
    return new Promise((_, reject) =>
      task.signal.addEventListener('abort', () => reject(task.signal.reason)),
    );
  };
  return { tasks, work };
}

test('an agent joins, beats, and tells what it works on', async () => {
  const { work } = endless();
  const { orchestrator, agent } = await setUp(work);

  expect(orchestrator.once('register')).toMatchObject([
    { card: { name: 'AGENT-X', protocol: 'eap/2.0' }, instance: agent.instance, resume: [] },
  ]);
  expect(agent.instance).toMatch(/^[a-z0-9][a-z0-9-]{0,62}$/);
  await orchestrator.tell(assignment('t1', { attempt: 2 }));
  const isWorking = () => orchestrator.beats.at(-1)?.running.length === 1;
  await orchestrator.until(isWorking, 3_000);
  expect(orchestrator.beats.at(-1)).toMatchObject({
    instance: agent.instance,
    running: [{ taskId: 't1', attempt: 2 }],
  });
});

test('an assignment that arrives three times is done once', async () => {
  const seen: string[] = [];
  const { orchestrator } = await setUp(async (task) => {
    seen.push(task.payload.prompt);
    return { success: true, summary: 'done', commit: { branch: 'b', sha: 'abc' } };
  });
  const assign = assignment('t1');

  const answers = [
    await orchestrator.tell(assign),
    await orchestrator.tell(assign),
    await orchestrator.tell({ ...assignment('t1') }),
  ];
  await orchestrator.until(() => orchestrator.once('result').length > 0);

  expect(answers).toEqual([{ accepted: true }, { accepted: true }, { accepted: true }]);
  expect(seen).toEqual(['Do it.']);
  expect(orchestrator.once('result')).toMatchObject([
    {
      taskId: 't1',
      attempt: 1,
      cancelled: false,
      result: { success: true, commit: { branch: 'b', sha: 'abc' } },
    },
  ]);
});

test('what a task says arrives in order, one request at a time', async () => {
  const { orchestrator } = await setUp(async (task) => {
    for (let call = 0; call < 20; call++) {
      await task.tool({ callId: `${call}`, tool: 'edit', title: 'Edit', status: 'completed' });
    }
    return { success: true, summary: 'done' };
  });
  let open = 0;
  let openMost = 0;
  orchestrator.script = async (message, time) => {
    if (message.kind === 'register') return agreeable(message, time);
    openMost = Math.max(openMost, ++open);
    await new Promise((resolve) => setTimeout(resolve, 5));
    open--;
    return OK;
  };

  await orchestrator.tell(assignment('t1'));
  await orchestrator.until(() => orchestrator.once('result').length > 0);

  expect(orchestrator.once('tool').map((message) => Number(message.callId))).toEqual([...Array(20).keys()]);
  expect(orchestrator.heard.at(-1)?.kind).toBe('result');
  expect(openMost).toBe(1);
});

test('a message is repeated with its id until it is answered', async () => {
  const { orchestrator } = await setUp(done);
  const busy: OutAnswer = {
    ok: false,
    error: { code: 'MAILBOX_FULL', message: 'later', retryable: true },
  };
  orchestrator.script = (message, time) => {
    if (message.kind === 'register' || time === 3) return agreeable(message, time);
    return time === 1 ? null : busy;
  };

  await orchestrator.tell(assignment('t1'));
  await orchestrator.until(() => orchestrator.heard.filter(({ kind }) => kind === 'result').length === 3);

  const results = orchestrator.heard.filter(({ kind }) => kind === 'result');
  expect(new Set(results.map((message) => JSON.stringify(message))).size).toBe(1);
});

test('a cancelled task that ends says so', async () => {
  const { tasks, work } = endless();
  const { orchestrator } = await setUp(work);
  await orchestrator.tell(assignment('t1'));

  expect(await orchestrator.tell(cancellation('t1', 5))).toEqual({ accepted: true });
  await orchestrator.until(() => orchestrator.once('result').length > 0, 2_000);

  expect(tasks[0]?.signal.reason).toMatchObject({ reason: 'cancelled', message: 'not needed' });
  expect(orchestrator.once('result')).toMatchObject([{ cancelled: true, result: { success: false } }]);
  expect(await orchestrator.tell(cancellation('nobody', 5))).toEqual({ accepted: true });
});

test('a cancelled task that does not end is ended for it after its grace', async () => {
  const kept: AgentTask[] = [];
  const { orchestrator, agent } = await setUp((task) => {
    kept.push(task);
    return new Promise(() => undefined);
  });
  await orchestrator.tell(assignment('t1'));

  const startedMs = Date.now();
  await orchestrator.tell(cancellation('t1', 0.5));
  await orchestrator.until(() => orchestrator.once('result').length > 0, 3_000);

  expect(Date.now() - startedMs).toBeGreaterThanOrEqual(490);
  expect(orchestrator.once('result')).toMatchObject([{ cancelled: true }]);
  await kept[0]?.progress({ percent: 99 });
  await orchestrator.tell(assignment('t2'));
  expect(orchestrator.once('progress')).toEqual([]);
  expect(agent.running()).toEqual([{ taskId: 't2', attempt: 1 }]);
});

test('a stale attempt is ended and says nothing more', async () => {
  const { tasks, work } = endless();
  const { orchestrator, agent } = await setUp((task) => {
    void task.progress({ percent: 1 });
    return work(task);
  });
  orchestrator.script = (message, time) =>
    message.kind === 'progress'
      ? { ok: false, error: { code: 'STALE_EPOCH', message: 'attempt 2 runs', retryable: false } }
      : agreeable(message, time);

  await orchestrator.tell(assignment('t1'));
  await orchestrator.until(() => tasks[0]?.signal.aborted === true || agent.running().length === 0);
  await expect.poll(() => agent.running()).toEqual([]);

  expect(tasks[0]?.signal.reason).toMatchObject({ reason: 'stale' });
  expect(orchestrator.once('result')).toEqual([]);
});

test('a newer attempt of a task ends the older one', async () => {
  const { tasks, work } = endless();
  const { orchestrator, agent } = await setUp(work);
  await orchestrator.tell(assignment('t1', { attempt: 1 }));
  await expect.poll(() => tasks.length).toBe(1);

  await orchestrator.tell(assignment('t1', { attempt: 2 }));

  expect(tasks[0]?.signal.reason).toMatchObject({ reason: 'superseded' });
  expect(agent.running()).toEqual([{ taskId: 't1', attempt: 2 }]);
  expect(await orchestrator.tell(assignment('t1', { attempt: 1 }))).toMatchObject({ accepted: false });
});

test('an artifact of 300 KiB arrives whole', async () => {
  const bytes = randomBytes(300 * 1024);
  const { orchestrator } = await setUp(async (task) => {
    const id = await task.artifact({ name: 'out.bin', role: 'result', mediaType: 'a/b', bytes });
    return { success: true, summary: id };
  });

  await orchestrator.tell(assignment('t1'));
  await orchestrator.until(() => orchestrator.once('result').length > 0);

  const pieces = orchestrator.once('artifact');
  const arrived = Buffer.concat(pieces.map((piece) => Buffer.from(piece.data, 'base64')));
  expect(pieces.map((piece) => piece.chunk.index)).toEqual([0, 1, 2]);
  expect(arrived.equals(bytes)).toBe(true);
  expect(pieces[0]?.sha256).toBe(createHash('sha256').update(arrived).digest('hex'));
  expect(orchestrator.once('result')[0]?.result.summary).toBe(pieces[0]?.artifactId);
});

test('a flood of progress is thinned out, and its last report arrives', async () => {
  const { orchestrator } = await setUp(async (task) => {
    for (let n = 1; n <= 10_000; n++) await task.progress({ percent: n / 100, note: `step ${n}` });
    return { success: true, summary: 'done' };
  });

  await orchestrator.tell(assignment('t1'));
  await orchestrator.until(() => orchestrator.once('result').length > 0);

  const reports = orchestrator.once('progress');
  expect(reports.length).toBeLessThan(100);
  expect(reports.at(-1)).toMatchObject({ percent: 100, note: 'step 10000' });
});

test('what cannot be read is answered so, and the agent goes on', async () => {
  const { orchestrator } = await setUp(done);

  expect(await orchestrator.tell(new Uint8Array([0xff, 0x00]))).toEqual({
    accepted: false,
    reason: 'invalid',
  });
  expect(await orchestrator.tell(new Uint8Array())).toEqual({ accepted: false, reason: 'invalid' });
  expect(await orchestrator.tell({ ...assignment('t1'), payload: 7 })).toEqual({
    accepted: false,
    reason: 'invalid',
  });
  expect(await orchestrator.tell({ ...newHead(), kind: 'sing' })).toEqual({
    accepted: false,
    reason: 'unknown',
  });
  expect(await orchestrator.tell(assignment('t1'))).toEqual({ accepted: true });
  await orchestrator.until(() => orchestrator.once('result').length > 0);
});

test('past its capacity an agent refuses', async () => {
  const { work } = endless();
  const { orchestrator } = await setUp(work);

  await orchestrator.tell(assignment('t1'));
  await orchestrator.tell(assignment('t2'));

  expect(await orchestrator.tell(assignment('t3'))).toEqual({ accepted: false, reason: 'capacity' });
});

test('a draining agent takes nothing new, finishes what it has, and takes leave', async () => {
  const { promise: isEnough, resolve: finish } = Promise.withResolvers<void>();
  const { orchestrator, agent } = await setUp(async () => {
    await isEnough;
    return { success: true, summary: 'finished' };
  });
  await orchestrator.tell(assignment('t1'));

  const drained = agent.drain();
  await orchestrator.until(() => orchestrator.once('drain').length > 0);
  expect(await orchestrator.tell(assignment('t2'))).toEqual({ accepted: false, reason: 'draining' });
  finish();
  await drained;

  const last = orchestrator.heard.map((message) => message.kind).slice(-2);
  expect(last).toEqual(['result', 'deregister']);
  await agent.stop();
  expect(orchestrator.once('deregister')).toHaveLength(1);
});

test('a stopped agent ends its work, takes leave and says nothing of its tasks', async () => {
  const { tasks, work } = endless();
  const { orchestrator, agent } = await setUp(work);
  await orchestrator.tell(assignment('t1'));
  await expect.poll(() => tasks.length).toBe(1);

  await agent.stop();
  await agent.closed;

  expect(tasks[0]?.signal.reason).toMatchObject({ reason: 'stopped' });
  expect(orchestrator.heard.map((message) => message.kind)).toEqual(['register', 'deregister']);
});

test('an agent that lost its lease ends its work and registers again', async () => {
  const { tasks, work } = endless();
  const { orchestrator } = await setUp(work);
  await orchestrator.tell(assignment('t1'));
  await expect.poll(() => tasks.length).toBe(1);

  await orchestrator.tell({ ...newHead(), kind: 'lease_lost', reason: 'silent' });
  await orchestrator.until(() => orchestrator.once('register').length === 2);

  expect(tasks[0]?.signal.reason).toMatchObject({ reason: 'lease_lost' });
  expect(orchestrator.once('register')[1]?.resume).toEqual([]);
  expect(orchestrator.once('result')).toEqual([]);
});

test('an agent that was replaced by another process of its name closes', async () => {
  const { orchestrator, agent } = await setUp(done);

  const answer = await orchestrator.tell({ ...newHead(), kind: 'lease_lost', reason: LEASE_REPLACED });
  await agent.closed;

  expect(answer).toEqual({ accepted: true });
  expect(orchestrator.heard.map((message) => message.kind)).toEqual(['register']);
});

test('joining waits for an orchestrator, not for ever, and ends at a refusal', async () => {
  const servers = inject('natsUrl');
  const tenant = `sdk-${process.pid}-nobody`;
  const join = (joinWithinMs: number) =>
    joinAsAgent({ servers, tenant, card, work: done, timing: { ...timing, joinWithinMs } });

  await expect(join(300)).rejects.toThrow('did not answer in time');
  const joining = join(10_000);
  const orchestrator = await ScriptedOrchestrator.start(servers, tenant, 'agent-x');
  opened.push(orchestrator);
  opened.push(await joining);
  orchestrator.script = () => ({
    ok: false,
    error: { code: 'FORBIDDEN', message: 'who?', retryable: false },
  });
  await expect(join(10_000)).rejects.toThrow('FORBIDDEN: who?');
});
