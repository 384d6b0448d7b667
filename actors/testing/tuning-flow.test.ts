/** Data sets, trainings and models over the real tasks, agents and registries. */
import { expect, test } from 'vitest';
import type { Address } from '#protocols/address.ts';
import { BuildOrder, Dataset, DatasetRules } from '#protocols/dataset.ts';
import { RegisteredModel } from '#protocols/model.ts';
import { NO_USAGE, Task, type TaskResult } from '#protocols/task.ts';
import { sampleAgent, sampleSession, sampleTask } from '#protocols/testing/samples.ts';
import { TrainingJob, TrainingOrder } from '#protocols/training-job.ts';
import { agentKind } from '../agent/agent.ts';
import { ACTOR_KINDS } from '../registry.ts';
import { sessionKind } from '../session/session.ts';
import { taskKind } from '../task/task.ts';
import { answerBy, FakeAgent, type Job, TENANT } from './fake-agent.ts';
import { World } from './world.ts';

const at = (type: string, id: string): Address => ({ type, tenant: TENANT, id });
const DATASET = at('dataset', 'fixes');
const JOB = at('training', 'job-1');
const MODEL = at('model', 'fixer');
const SESSION = at('session', 's-1');
const SHA = 'a'.repeat(64);
const ORIGIN = { source: 'openai/ft:small:1', base_model: 'small' };

function start(capabilities: readonly string[], card: object = {}): { world: World; agent: FakeAgent } {
  const agent = new FakeAgent('AGENT-ONE');
  const world = new World({ kinds: ACTOR_KINDS, onDeliver: answerBy([agent]) });
  agent.register(world, { capabilities: { primary: [...capabilities], secondary: [] }, ...card });
  return { world, agent };
}

function take(agent: FakeAgent): Job {
  const [job] = agent.jobs;
  if (!job) throw new Error('the agent was given something');
  return job;
}

const done = (output: Record<string, unknown>): TaskResult => ({
  ...{ success: true, summary: 'done', commit: null, changes: null, error: null },
  output,
});

function build(world: World) {
  return world.ask(DATASET, { type: 'build', rules: DatasetRules.parse({ seed: 7 }), reason: 'our own' });
}

function finishDataset(world: World, agent: FakeAgent): void {
  const job = take(agent);
  const name = 'train.openai_chat.jsonl';
  const sizes = {
    size_bytes: 9,
    sha256: SHA,
    attempt: 1,
    role: 'result',
    media_type: 'application/jsonl',
    chunks: 1,
  };
  for (const [artifact_id, file] of [
    ['f-1', name],
    ['f-2', 'manifest.json'],
  ]) {
    agent.say(world, job, { type: 'artifact', artifact: { ...sizes, artifact_id, name: file } });
  }
  const files = [{ name, format: 'openai_chat', split: 'train', lines: 1, bytes: 9, sha256: SHA }];
  const counts = {
    sessions: { considered: 1, used: 1 },
    samples: { considered: 1, train: 1, validation: 0 },
  };
  agent.report(world, job, done({ ...counts, dropped: {}, redactions: {}, files }));
}

test('a data set is built by an agent, a training takes it up, and what comes of it is a version of a model', () => {
  const { world, agent } = start(['dataset_building', 'model_training']);
  build(world);
  expect(BuildOrder.parse(JSON.parse(take(agent).prompt))).toMatchObject({
    name: 'fixes',
    number: 1,
    rules: { seed: 7 },
  });
  finishDataset(world, agent);
  expect(Dataset.parse(world.state(DATASET)).versions[0]).toMatchObject({ state: 'ready' });

  world.ask(JOB, {
    type: 'create',
    title: 'A fixer',
    dataset: 'fixes',
    base_model: 'small',
    model_name: 'fixer',
  });
  const job = take(agent);
  expect(TrainingOrder.parse(JSON.parse(job.prompt))).toMatchObject({
    base_model: 'small',
    dataset: { reference: 'fixes@1', task_id: 'dataset-fixes-1', files: [{ artifact_id: 'f-1' }] },
  });
  const training = { phase: 'training', external_id: 'ft-1', points: [{ step: 1, loss: 2 }] };
  agent.say(world, job, { type: 'progress', percent: 50, training });
  expect(TrainingJob.parse(world.state(JOB))).toMatchObject({
    state: 'running',
    percent: 50,
    external_id: 'ft-1',
    curve: [{ step: 1 }],
  });
  agent.report(world, job, done({ model: ORIGIN.source, metrics: { validation_loss: 0.4 } }));

  expect(TrainingJob.parse(world.state(JOB))).toMatchObject({
    state: 'completed',
    registered: { name: 'fixer', number: '1.0.0' },
  });
  expect(RegisteredModel.parse(world.state(MODEL)).versions).toMatchObject([
    { number: '1.0.0', stage: 'candidate', source: ORIGIN.source, dataset: 'fixes@1', job_id: 'job-1' },
  ]);
});

test('without a trainer a training stays queued, and begins when one comes', () => {
  const { world, agent } = start(['dataset_building']);
  build(world);
  finishDataset(world, agent);

  world.ask(JOB, { type: 'create', title: 'A fixer', dataset: 'fixes@1', base_model: 'small' });
  world.advance(3_600_000);
  expect(TrainingJob.parse(world.state(JOB))).toMatchObject({
    state: 'queued',
    status_detail: 'waits for an agent with model_training',
  });
  agent.register(world, { capabilities: { primary: ['model_training'], secondary: [] } });

  expect(TrainingJob.parse(world.state(JOB)).state).toBe('running');
  expect(take(agent).title).toContain('fixes@1');
});

test('a builder that fails is asked again, and a version that is cancelled takes its task along', () => {
  const { world, agent } = start(['dataset_building']);
  build(world);
  agent.fail(world, take(agent));
  world.advance(120_000);
  const again = take(agent);
  expect(again.attempt).toBe(2);

  world.ask(DATASET, { type: 'cancel', number: 1 });

  expect(agent.cancelled).toEqual([again.taskId]);
  expect(Task.parse(world.state(at('task', again.taskId))).state).toBe('cancelled');
  expect(Dataset.parse(world.state(DATASET)).versions[0]?.state).toBe('cancelled');
});

test('a session that names a model of the registry is done with the version that is in production then', () => {
  const { world, agent } = start([
    'code_generation',
    'documentation',
    'debugging',
    'test_generation',
    'refactoring',
  ]);
  for (const number of ['1.0.0', '1.1.0']) {
    world.ask(MODEL, { type: 'add_version', ...ORIGIN, source: `openai/ft:${number}`, number });
  }
  world.ask(MODEL, { type: 'promote', number: '1.0.0', stage: 'production', reason: 'first' });
  const draft = {
    title: 'Notes for everyone',
    initial_prompt: 'Keep notes.',
    template: 'none',
    unmatched: 'one_task',
  };
  world.ask(SESSION, { type: 'create', ...draft, model: 'registry:fixer@production' });
  world.ask(MODEL, { type: 'promote', number: '1.1.0', stage: 'production', reason: 'better' });

  world.ask(SESSION, { type: 'start' });

  const job = take(agent);
  expect(job.model).toBe('openai/ft:1.1.0');
  world.ask(MODEL, { type: 'rollback', reason: 'worse' });
  expect(Task.parse(world.state(at('task', job.taskId))).attempts).toMatchObject([
    {
      model: {
        reference: 'registry:fixer@production',
        name: 'fixer',
        version: '1.1.0',
        source: 'openai/ft:1.1.0',
      },
    },
  ]);
  expect(world.events.filter(({ name }) => name === 'model_chosen')).toHaveLength(1);
});

test('an agent may name a model of the registry too, and what the session names goes before it', () => {
  const card = { model: 'registry:fixer@1.0.0' };
  const { world, agent } = start(['documentation', 'code_generation'], card);
  world.ask(MODEL, { type: 'add_version', ...ORIGIN, number: '1.0.0' });
  const draft = { type: 'create', title: 'Document it', initial_prompt: 'Keep notes.', template: 'none' };

  world.ask(SESSION, draft);
  world.ask(SESSION, { type: 'start' });
  world.ask(at('session', 's-2'), { ...draft, model: 'openai/other' });
  world.ask(at('session', 's-2'), { type: 'start' });

  expect(agent.taken.map(({ model }) => model)).toEqual([ORIGIN.source, 'openai/other']);
});

test('a model that nobody knows is never told to an agent: the assignment is refused and says why', () => {
  const { world, agent } = start(['documentation', 'code_generation']);
  const draft = { type: 'create', title: 'Document it', initial_prompt: 'Keep notes.', template: 'none' };
  world.ask(SESSION, { ...draft, model: 'registry:nobody@production' });

  world.ask(SESSION, { type: 'start' });

  expect(agent.taken).toEqual([]);
  const reasons = world.events.flatMap(({ name, payload }) =>
    name === 'transitioned' ? [String(payload.reason)] : [],
  );
  expect(reasons.join('\n')).toContain('refused: model: There is no model nobody.');
});

test('tasks, agents and sessions of before this are written without what they did not know', () => {
  const model = {
    reference: 'registry:fixer@production',
    name: 'fixer',
    version: '1.0.0',
    source: 'openai/ft',
  };
  const owned = { ...sampleTask({}).brief, owner: 'dataset' as const };
  const result = done({ files: [] });
  const attempt = {
    number: 1,
    agent_id: 'a',
    assigned_at: '',
    started_at: null,
    ended_at: null,
    outcome: null,
  };
  const attempts = [{ ...attempt, percent: null, note: null, usage: NO_USAGE, result, model }];
  const task = taskKind.writeState(sampleTask({ brief: owned, attempts, result }), 5);
  const unresolved = { task_id: 't', attempt: 1, accepted: false, since: '', unresolved: { prompt: 'p' } };
  const agent = agentKind.writeState({ ...sampleAgent(), assignments: [unresolved] }, 4);
  const review = { verdict: 'accepted', by: 'user:anna', at: '', reason: null };
  const session = sessionKind.writeState({ ...sampleSession(), review }, 6);

  expect(JSON.stringify([task, agent, session])).not.toMatch(/"(?:owner|model|output|unresolved|review)":/);
  expect(taskKind.readState(task, 5)).toMatchObject({ brief: { session_id: owned.session_id } });
  expect(agentKind.readState(agent, 4)).toMatchObject({ assignments: [{ task_id: 't' }] });
  expect(sessionKind.readState(session, 6)).toMatchObject({ id: sampleSession().id });
});
