/** A gateway with some of everything behind it, under ids that say how it stands: `running`, `task-ready`, … */
import { createHash } from 'node:crypto';
import { checkpointId } from '#protocols/checkpoint.ts';
import { artifactObject } from '#protocols/eap/intake.ts';
import { SessionState } from '#protocols/session.ts';
import { encodeEdge } from '#protocols/session-graph.ts';
import { SupervisionStatus } from '#protocols/supervision.ts';
import { NO_USAGE, TaskState } from '#protocols/task.ts';
import { TENANT_KEYS_ID } from '#protocols/tenant.ts';
import { sampleApproval, sampleRequest } from '#protocols/testing/sample-approval.ts';
import { sampleKey } from '#protocols/testing/sample-key.ts';
import { sampleDataset, sampleTraining } from '#protocols/testing/sample-tuning.ts';
import { sampleAgent, sampleSession, sampleTask, sampleTaskSummary } from '#protocols/testing/samples.ts';
import { TrainingState } from '#protocols/training-job.ts';
import type { Answer, MemoryClient } from '#runtime/testing/client.ts';
import { answerAsCluster, answerPastWith } from './cluster.ts';
import { buildTestGateway, NOW_MS, type TestGateway } from './gateway.ts';
import { putLetter } from './letters.ts';
import type { Document } from './random-requests.ts';

export interface RouteWorld extends TestGateway {
  /** Ids that are made anew each time, by what they are of. */
  readonly ids: Readonly<Record<'context' | 'noted' | 'letter' | 'dropped' | 'audit', string>>;
  /** How many commands were handled, repeats not among them. */
  handled(): number;
}

const AT = new Date(NOW_MS).toISOString();
const NO_PAST = { code: 'NOT_FOUND', detail: 'never there' } as const;
const at = (type: string, id: string) => ({ type, tenant: 'dev', id });

export async function buildRouteWorld(document: Document): Promise<RouteWorld> {
  let handled = 0;
  const act = answerAsCluster();
  const answer: Answer = (command, client) => {
    handled += 1;
    return command.supervise ? obey(command, client) : act(command, client);
  };
  const gateway = buildTestGateway(answer);
  const { client } = gateway;
  const answerPast = answerPastWith(document);
  client.answerPast = (request) =>
    client.find(request.address) ? answerPast(request) : { ok: false, failure: NO_PAST };
  putSessions(client);
  putAgents(client);
  putArtifact(client);
  client.messages.add('data', {
    ...{ id: 'c.sample', to: 'session/dev/running', message: { type: 'start' }, root: 'c.sample' },
    source: { kind: 'system' },
  });
  putApprovals(client);
  putKeys(client);
  const [letter, dropped] = [putLetter(client, 1), putLetter(client, 2)];
  const made = await makeByRoutes(gateway, dropped);
  return { ...gateway, ids: { ...made, letter, dropped }, handled: () => handled };
}

/** Obeys orders as the runtime does. */
function obey({ supervise, to, by }: Parameters<Answer>[0], client: MemoryClient) {
  const status = supervise?.act === 'suspend' ? 'suspended' : 'active';
  client.held = client.held.filter(({ address }) => address.id !== to.id);
  client.held.push(heldOf(to, { status: SupervisionStatus.parse(status), by }));
  return { ok: true, value: null } as const;
}

function heldOf(address: ReturnType<typeof at>, { status, by }: { status: SupervisionStatus; by: string }) {
  return { address, status, by, reason: 'why', sinceMs: NOW_MS, kept: 0, resumes: 0 };
}

/** One session of each state; the running one has a task of each state, the paused one a checkpoint. */
function putSessions(client: MemoryClient): void {
  // Not required: what became of one of them decides nothing about the session.
  const summaries = TaskState.options.map((state) =>
    sampleTaskSummary({ id: `task-${state}`, state, required: false }),
  );
  const onFirst = [
    encodeEdge({ at: TaskState.options.indexOf('in_progress'), kind: 'finish_to_start', required: true }),
  ];
  for (const state of SessionState.options) {
    const tasks = state === 'running' ? summaries : [];
    const edges = tasks.map(({ state: one }) => (one === 'pending' ? onFirst : []));
    const session = sampleSession({ id: state, state, run: 1, tasks, edges, checkpoint_count: 1 });
    client.put(at('session', state), session, { status: state, title: session.title });
    putCheckpoint(client, state);
  }
  for (const state of TaskState.options) {
    const brief = { session_id: 'running', run: 1, session_title: 'Make the tests pass', prompt: 'Fix it.' };
    const attempts = state === 'in_progress' || state === 'assigned' ? [attempt('person')] : [];
    const task = sampleTask({ id: `task-${state}`, state, brief, attempts });
    client.put(at('task', task.id), task, { status: state, parent: 'running' });
  }
  const ended = { session_id: 'completed', run: 1, session_title: 'Make the tests pass', prompt: 'Fix it.' };
  client.put(at('task', 'task-over'), sampleTask({ id: 'task-over', state: 'completed', brief: ended }));
  client.held.push(heldOf(at('session', 'timeout'), { status: 'suspended', by: 'runtime' }));
}

function attempt(agent_id: string) {
  const open = { started_at: AT, ended_at: null, outcome: null, percent: null, note: null, result: null };
  return { number: 1, agent_id, assigned_at: AT, usage: NO_USAGE, ...open };
}

function putCheckpoint(client: MemoryClient, session_id: string): void {
  const data = { run: 1, state: 'running', tasks_total: 0, tasks_completed: 0, tasks: [] };
  const checkpoint = { session_id, sequence: 1, at: AT, reason: 'on request', data };
  client.put(at('checkpoint', checkpointId(session_id, 1)), checkpoint, { parent: session_id });
}

function putAgents(client: MemoryClient): void {
  const agent = sampleAgent({ id: 'agent-one' });
  client.put(at('agent', 'agent-one'), agent, { status: 'online' });
  const offline = sampleAgent({ id: 'agent-off', name: 'AGENT-OFF', status: 'offline', instance: null });
  client.put(at('agent', 'agent-off'), offline, { status: 'offline' });
}

function putArtifact(client: MemoryClient): void {
  const bytes = Buffer.from('what was made');
  const artifact = {
    ...{ artifact_id: 'patch-1', attempt: 1, name: 'a.patch', role: 'patch' as const, chunks: 1 },
    ...{ media_type: 'text/x-diff', size_bytes: bytes.length },
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
  const task = sampleTask({ id: 'task-made', attempts: [attempt('agent-one')], artifacts: [artifact] });
  client.put(at('task', task.id), task);
  const place = { tenant: 'dev', agent: 'agent-one', taskId: task.id, attempt: 1 };
  client.objects.set(artifactObject({ ...place, artifactId: 'patch-1', index: 0 }), bytes);
}

/** One that waits and one that was decided, each in its task and in its row. */
function putApprovals(client: MemoryClient): void {
  const open = [attempt('agent-one')];
  const requests = [sampleRequest('pending'), sampleRequest('approved')];
  const brief = { session_id: 'running', run: 1, session_title: 'Make the tests pass', prompt: 'Fix it.' };
  const task = sampleTask({ id: 'task-asking', state: 'in_progress', brief, attempts: open, requests });
  client.put(at('task', task.id), task);
  for (const { id, state } of requests) {
    const approval = sampleApproval({ id, state: state === 'judging' ? 'pending' : state });
    client.put(at('approval', id), approval, { status: approval.state, parent: 'running' });
  }
}

function putKeys(client: MemoryClient): void {
  const key = sampleKey({ id: 'keylive00001' });
  const revoked = { ...key, id: 'keyrevoked01', revoked_at: AT, revoked_by: 'user:anna' };
  client.put(at('tenant', TENANT_KEYS_ID), { keys: [key, revoked], logins: [] });
}

/** One data set in the making and one that is ready, one training of each state. */
function putTuning(client: MemoryClient): void {
  for (const state of ['building', 'ready'] as const) {
    const dataset = sampleDataset({ id: state, state });
    client.put(at('dataset', state), dataset, { status: state, title: state });
  }
  for (const state of TrainingState.options) {
    const job = sampleTraining({ id: `training-${state}`, state });
    client.put(at('training', job.id), job, { status: state, title: job.title });
  }
}

type AskRoute = (method: 'POST', path: string, payload: object) => Promise<unknown>;

/** One with a version in production, and one whose second version took the place of the first. */
async function makeModels(ask: AskRoute): Promise<void> {
  const origin = { source: 'openai/ft:small', base_model: 'openai/small' };
  for (const [name, versions] of [
    ['fixer', ['1.0.0']],
    ['replaced', ['1.0.0', '1.0.1']],
  ] as const) {
    for (const version of versions) {
      await ask('POST', `models/${name}/versions`, { ...origin, version });
      const promoted = { version, stage: 'production', reason: 'better' };
      await ask('POST', `models/${name}/promote`, promoted);
    }
  }
}

/** What is made through the routes themselves. */
async function makeByRoutes({ app, client }: TestGateway, letter: string) {
  const ask = async (method: 'POST' | 'DELETE', path: string, payload?: object) => {
    const answer = await app.inject({ method, url: `/api/v1/${path}`, ...(payload ? { payload } : {}) });
    if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.statusCode} ${answer.body}`);
    return answer.json();
  };
  const lock = { holder: 'ci', request_id: 'r-1', ttl_ms: 60_000 };
  const { token } = await ask('POST', 'locks/broken/acquire', { ...lock, request_id: 'r-0' });
  await ask('POST', 'locks/broken/break', { token, reason: 'its machine is gone' });
  await ask('POST', 'locks/held/acquire', lock);
  const data = { a: { b: [1] } };
  const { id: context } = await ask('POST', 'contexts', { scope: 'global', name: 'One', data });
  const noted = { scope: 'session', session_id: 'running', name: 'Two', data };
  const { id: second } = await ask('POST', 'contexts', noted);
  const plan = { description: 'Why.', tasks: [{ key: 'a', title: 'Design it' }] };
  await ask('POST', 'blueprints', { name: 'known', ...plan });
  await ask('POST', 'blueprints', { name: 'retired', ...plan });
  await ask('DELETE', 'blueprints/retired');
  const capabilities = { primary: ['code_generation'] };
  await ask('POST', 'agents/register', {
    name: 'AGENT-REAL',
    agent_type: 'implementer',
    capabilities,
    version: '1',
  });
  putTuning(client);
  await makeModels(ask);
  await ask('POST', `dead-letters/${letter}/drop`, { reason: 'not wanted' });
  const job = { tenant_id: 'dev', created_at: AT, updated_at: AT, ended_at: null, created_by: 'user:dev' };
  for (const state of ['running', 'completed']) {
    const items = [{ session_id: 'pending', state: 'asked' }];
    const doing = { id: `job-${state}`, action: 'stop', reason: null, start: false, state, items };
    client.put(at('bulk', doing.id), { ...job, ...doing }, { status: state });
  }
  const { items } = (await app.inject({ url: '/api/v1/audit' })).json();
  return { context, noted: second, audit: items[0].id };
}
