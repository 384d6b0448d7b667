import { expect, test } from 'vitest';
import { OneActor } from '#protocols/testing/one-actor.ts';
import {
  TRAINING_LIMITS,
  type TrainingJob,
  TrainingParameters,
  TrainingState,
} from '#protocols/training-job.ts';
import { beginWith } from '../turn.ts';
import { extendCurve, move } from './change.ts';
import { trainingJobKind } from './training.ts';
import { canMove, TRAINING_TRANSITIONS } from './transitions.ts';

const DRAFT = { title: 'A fixer for our code', dataset: 'fixes', base_model: 'small-2026' };
const FILE = { name: 'train.openai_chat.jsonl', format: 'openai_chat', split: 'train', lines: 9, bytes: 90 };
const FOUND = {
  reference: 'fixes@2',
  task_id: 'dataset-fixes-2',
  files: [{ ...FILE, sha256: 'a'.repeat(64), artifact_id: 'f-1' }],
};
const OUTPUT = { model: 'openai/ft:small:1', metrics: { training_loss: 0.2, validation_loss: 0.4 } };

/** A job that has its data set and waits for a trainer. */
function makeQueued(draft: object = {}): OneActor<TrainingJob> {
  const job = new OneActor<TrainingJob>(trainingJobKind, 'job-1').handle({
    type: 'create',
    ...DRAFT,
    ...draft,
  });
  return job.handle({ type: 'answered', key: 'dataset/1', reply: { ok: true, value: FOUND } });
}

function hear(job: OneActor<TrainingJob>, state: string, more: object = {}): OneActor<TrainingJob> {
  const { run, task_id } = job.state;
  const none = { reason: null, error: null, agent_id: 'agent-t' };
  return job.handle({ type: 'task_changed', run, task_id, state, ...none, ...more }, 'task/dev/t');
}

function progress(job: OneActor<TrainingJob>, training: object, more: object = {}): OneActor<TrainingJob> {
  const { run, task_id } = job.state;
  return job.handle({ type: 'task_progressed', run, task_id, training, ...more }, 'task/dev/t');
}

test('of all 49 pairs of training states exactly those of the table are allowed, each as one event', () => {
  const wanted = {
    pending: ['queued', 'failed', 'cancelled'],
    queued: ['running', 'failed', 'cancelled'],
    running: ['evaluating', 'queued', 'failed', 'cancelled'],
    evaluating: ['completed', 'queued', 'failed', 'cancelled'],
    completed: [],
    failed: ['pending'],
    cancelled: ['pending'],
  };
  expect(TRAINING_TRANSITIONS).toEqual(wanted);
  const { state: job } = makeQueued();
  const context = {
    self: { type: 'training', tenant: 'dev', id: 'job-1' },
    now: 0,
    messageId: 'm',
    by: 'user:a',
  };
  for (const from of TrainingState.options) {
    for (const to of TrainingState.options) {
      const change = () =>
        move(beginWith({ ...job, state: from }), { to, reason: 'why' }, { ...context, id: () => 'id' });

      if (!canMove(from, to)) expect(change, `${from} to ${to}`).toThrow();
      else
        expect(change().effects).toMatchObject([
          { type: 'emit', name: 'transitioned', payload: { from, to } },
        ]);
    }
  }
});

test('cancel and retry work in the states that the table says; elsewhere the refusal says what is allowed', () => {
  for (const state of TrainingState.options) {
    for (const [act, to] of [
      ['cancel', 'cancelled'],
      ['retry', 'pending'],
    ] as const) {
      const job = makeQueued();
      job.state = { ...job.state, state };

      job.handle({ type: act });

      if (canMove(state, to)) expect(job.state.state, `${act} from ${state}`).toBe(to);
      else {
        expect(job.failure).toMatchObject({ code: 'INVALID_TRANSITION', current_state: state });
        expect(job.failure?.allowed).toEqual(TRAINING_TRANSITIONS[state]);
      }
    }
  }
});

test('a new training looks up its data set, and then waits for a trainer and says so', () => {
  const job = new OneActor<TrainingJob>(trainingJobKind, 'job-1').handle({ type: 'create', ...DRAFT });
  expect(job.state).toMatchObject({ state: 'pending', status_detail: 'looks up its data set' });
  expect(job.of('ask')).toMatchObject([
    { to: { type: 'dataset', id: 'fixes' }, message: { type: 'find', number: null } },
  ]);

  job.handle({ type: 'answered', key: 'dataset/1', reply: { ok: true, value: FOUND } });

  expect(job.state).toMatchObject({
    state: 'queued',
    dataset_version: 'fixes@2',
    status_detail: 'waits for an agent with model_training',
  });
  const [create, ready] = job.sentTo('task');
  expect(create).toMatchObject({
    type: 'create',
    spec: { required_capabilities: ['model_training'] },
    brief: { owner: 'training', session_id: 'job-1' },
  });
  expect(ready).toMatchObject({ type: 'make_ready' });
});

test('without a data set that is ready a training has failed, and says why', () => {
  const job = new OneActor<TrainingJob>(trainingJobKind, 'job-1').handle({ type: 'create', ...DRAFT });
  const failure = { code: 'DATASET_NOT_FOUND', detail: 'There is no data set fixes.' };

  job.handle({ type: 'answered', key: 'dataset/1', reply: { ok: false, failure } });

  expect(job.state).toMatchObject({ state: 'failed', error: failure.detail });
});

test('what nobody said of a training is lora, three epochs, 5e-5, four at a time, rank 8 and alpha 16', () => {
  expect(makeQueued().state.parameters).toEqual({
    method: 'lora',
    epochs: 3,
    learning_rate: 5e-5,
    batch_size: 4,
    lora_rank: 8,
    lora_alpha: 16,
    target_modules: ['all-linear'],
  });
});

test('parameters have bounds: 1 to 50 epochs, a rate of 1e-7 to 1e-2, a rank of 1 to 512', () => {
  const good = [
    ...[{ epochs: 1 }, { epochs: 50 }, { learning_rate: 1e-7 }, { learning_rate: 1e-2 }],
    ...[{ lora_rank: 1 }, { lora_rank: 512 }, { method: 'lora' }, { method: 'qlora' }, { method: 'full' }],
  ];
  const bad = [
    ...[{ epochs: 0 }, { epochs: 51 }, { epochs: 1.5 }, { learning_rate: 9e-8 }, { learning_rate: 0.011 }],
    ...[{ lora_rank: 0 }, { lora_rank: 513 }, { method: 'dpo' }, { target_modules: [] }],
  ];
  for (const one of good) expect(TrainingParameters.safeParse(one).success, JSON.stringify(one)).toBe(true);
  for (const one of bad) expect(TrainingParameters.safeParse(one).success, JSON.stringify(one)).toBe(false);
});

test('a training runs with its task, is evaluated when its trainer says so, and is completed with its figures', () => {
  const job = makeQueued();
  const seen: string[] = [];
  const note = () =>
    seen.push(
      ...job.of('emit').flatMap(({ name, payload }) => (name === 'transitioned' ? [String(payload.to)] : [])),
    );

  hear(job, 'assigned');
  note();
  hear(job, 'in_progress');
  note();
  progress(
    job,
    { phase: 'training', external_id: 'ftjob-1', points: [{ step: 1, loss: 2 }] },
    { percent: 10 },
  );
  note();
  progress(job, { phase: 'evaluating', points: [{ step: 2, loss: 1, validation_loss: 1.1 }] });
  note();
  hear(job, 'completed', { output: OUTPUT });
  note();

  expect(seen).toEqual(['running', 'evaluating', 'completed']);
  expect(job.state).toMatchObject({
    ...{
      state: 'completed',
      model: OUTPUT.model,
      metrics: OUTPUT.metrics,
      percent: 100,
      external_id: 'ftjob-1',
    },
    curve: [
      { step: 1, loss: 2 },
      { step: 2, loss: 1, validation_loss: 1.1 },
    ],
  });
  expect(hear(job, 'failed').state.state).toBe('completed');
});

test('a training that was heard of only at its end goes through running and evaluating all the same', () => {
  const job = hear(makeQueued(), 'completed', { output: OUTPUT });

  expect(job.of('emit').map(({ payload }) => payload.to)).toEqual(['running', 'evaluating', 'completed']);
});

test('a model that is not good enough, or that nobody names, is a failed training', () => {
  const worse = hear(makeQueued({ validation_loss_max: 0.3 }), 'completed', { output: OUTPUT });
  const blind = hear(makeQueued({ validation_loss_max: 0.3 }), 'completed', { output: { model: 'a/b' } });
  const nameless = hear(makeQueued(), 'completed', { output: {} });

  expect(worse.state).toMatchObject({
    state: 'failed',
    error: expect.stringContaining('0.4, more than 0.3'),
  });
  expect(blind.state).toMatchObject({ state: 'failed', error: expect.stringContaining('no loss') });
  expect(nameless.state).toMatchObject({ state: 'failed', model: null });
  expect(hear(makeQueued({ validation_loss_max: 0.4 }), 'completed', { output: OUTPUT }).state.state).toBe(
    'completed',
  );
});

test('a trainer that is lost or has failed sends the training back to the queue, until there is no other attempt', () => {
  const job = hear(makeQueued(), 'in_progress');

  hear(job, 'ready', { reason: 'agent_lost', error: 'its agent was lost' });
  expect(job.state).toMatchObject({
    state: 'queued',
    status_detail: expect.stringContaining('its agent was lost'),
  });
  hear(job, 'in_progress');
  hear(job, 'failed', { reason: 'retry', error: 'no room on the card' });
  expect(job.state.state).toBe('queued');
  hear(job, 'in_progress');
  hear(job, 'failed', { reason: 'failed', error: 'no room on the card' });

  expect(job.state).toMatchObject({ state: 'failed', error: 'no room on the card' });
});

test('cancelled, its task is told; retried, it is a new run with a new task, and the old one is not heard', () => {
  const job = hear(makeQueued(), 'in_progress');
  const old = job.state.task_id;

  job.handle({ type: 'cancel', reason: 'too dear' });
  expect(job.sentTo('task')).toMatchObject([{ type: 'cancel', reason: 'too dear' }]);
  job
    .handle({ type: 'retry' })
    .handle({ type: 'answered', key: 'dataset/2', reply: { ok: true, value: FOUND } });
  job.handle({ type: 'answered', key: 'dataset/1', reply: { ok: true, value: FOUND } });
  const late = { run: 1, task_id: old, state: 'completed', reason: null, error: null, agent_id: 'a' };
  job.handle({ type: 'task_changed', ...late, output: OUTPUT });

  expect(job.state).toMatchObject({ state: 'queued', run: 2, task_id: 'training-job-1-2', curve: [] });
});

test('what comes of it is registered where a model is named, once', () => {
  const job = hear(makeQueued({ model_name: 'fixer' }), 'completed', { output: OUTPUT });
  expect(job.of('ask')).toMatchObject([
    {
      to: { type: 'model', id: 'fixer' },
      message: {
        type: 'add_version',
        ...{ source: OUTPUT.model, base_model: 'small-2026', dataset: 'fixes@2', job_id: 'job-1' },
        metrics: OUTPUT.metrics,
      },
    },
  ]);

  job.handle({
    type: 'answered',
    key: 'register/1',
    reply: { ok: true, value: { name: 'fixer', number: '1.0.0' } },
  });

  expect(job.state.registered).toEqual({ name: 'fixer', number: '1.0.0' });
});

test('a loss curve keeps its beginning and its end, each step once, and never more points than it may', () => {
  let curve = extendCurve([], []);
  for (let step = 0; step < 5_000; step++) {
    // Each report says the last three points again.
    curve = extendCurve(
      curve,
      [2, 1, 0].map((back) => ({ step: Math.max(0, step - back), loss: step - back })),
    );
    expect(curve.length).toBeLessThanOrEqual(TRAINING_LIMITS.curvePointsMax);
  }
  const steps = curve.map(({ step }) => step);

  expect(steps[0]).toBe(0);
  expect(steps.at(-1)).toBe(4_999);
  expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
  expect(steps.slice(-100)).toEqual(Array.from({ length: 100 }, (_, n) => 4_900 + n));
});
