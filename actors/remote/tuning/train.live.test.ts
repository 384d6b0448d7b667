/** A training at an endpoint that speaks as OpenAI's does, over HTTP. */
import { hash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AgentTask, AttemptEnded, type ProgressReport } from '#actors/remote/sdk/task.ts';
import { TrainingParameters } from '#protocols/training-job.ts';
import { ScriptedEndpoint } from './testing/endpoint.ts';
import { makeWork } from './work.ts';

const LINE = '{"messages":[{"role":"user","content":"Fix it"}]}\n';
const SILENT = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const POLL_MS = 10;
const WAIT = { timeout: 10_000, interval: 5 };

let endpoint: ScriptedEndpoint;
let gateway: Server;
let content = LINE;

beforeEach(async () => {
  endpoint = await ScriptedEndpoint.start();
  content = LINE;
  gateway = createServer((_, response) => response.end(content));
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  await endpoint.stop();
  gateway.closeAllConnections();
  await new Promise<void>((resolve) => gateway.close(() => resolve()));
});

function fileOf(split: string) {
  const about = {
    name: `${split}.openai_chat.jsonl`,
    format: 'openai_chat',
    split,
    lines: 1,
    bytes: LINE.length,
  };
  return { ...about, sha256: hash('sha256', LINE), artifact_id: `f-${split}` };
}

const ORDER = {
  ...{ job_id: 'job-1', run: 1, title: 'A fixer for our code', base_model: 'small' },
  parameters: TrainingParameters.parse({ epochs: 2, lora_rank: 16 }),
  dataset: {
    reference: 'fixes@1',
    task_id: 'dataset-fixes-1',
    files: [fileOf('train'), fileOf('validation')],
  },
};

function work(order: object = ORDER) {
  const { port } = gateway.address() as AddressInfo;
  const ending = new AbortController();
  const reports: ProgressReport[] = [];
  // Of a task only what a training uses.
  const task = {
    id: 'training-job-1-1',
    attempt: 1,
    payload: { taskType: 'model_training', prompt: JSON.stringify(order) },
    signal: ending.signal,
    progress: async (report: ProgressReport) => void reports.push(report),
  } as unknown as AgentTask;
  const trainer = { endpoint: { url: endpoint.url, key: 'secret' }, provider: 'openai', pollMs: POLL_MS };
  const done = makeWork({ gateway: { url: `http://127.0.0.1:${port}`, key: null }, trainer, logger: SILENT })(
    task,
  );
  return { done, ending, reports };
}

const began = (count = 1) => expect.poll(() => endpoint.jobs.length, WAIT).toBe(count);

test('files are sent, the training is begun with its parameters, followed by its curve, and its model is named', async () => {
  const { done, reports } = work();
  await began();
  endpoint.go('running', [
    { step: 1, train_loss: 2 },
    { step: 2, train_loss: 1.5, valid_loss: 1.6 },
  ]);
  await expect.poll(() => reports.at(-1)?.training?.points.length, WAIT).toBe(2);
  endpoint.go('succeeded', [{ step: 4, train_loss: 0.5, valid_loss: 0.7 }]);

  expect(await done).toMatchObject({
    success: true,
    output: {
      model: 'openai/ft:small:oio',
      metrics: { training_loss: 0.5, validation_loss: 0.7, trained_tokens: 1_234 },
    },
  });
  expect(endpoint.files.get('file-1')).toContain(LINE.trim());
  expect(endpoint.jobs[0]?.body).toMatchObject({
    ...{ model: 'small', training_file: 'file-1', validation_file: 'file-2', suffix: 'a-fixer-for-our-co' },
    metadata: { oio_task: 'training-job-1-1' },
    method: {
      type: 'supervised',
      supervised: { hyperparameters: { n_epochs: 2, batch_size: 4, lora_rank: 16 } },
    },
  });
  expect([...endpoint.keys]).toEqual(['Bearer secret']);
  expect(reports.at(-1)).toMatchObject({
    percent: 100,
    training: { phase: 'evaluating', external_id: 'ftjob-1' },
  });
  expect(reports.find(({ training }) => training?.points.length === 2)).toMatchObject({
    percent: 50,
    training: {
      phase: 'training',
      points: [
        { step: 1, loss: 2 },
        { step: 2, validation_loss: 1.6 },
      ],
    },
  });
});

test('a trainer that dies leaves its training, and the next attempt takes it up and begins no other one', async () => {
  const first = work();
  await began();
  first.ending.abort(new AttemptEnded('stopped', 'the agent stops'));
  await expect(first.done).rejects.toThrow();

  const second = work();
  endpoint.go('succeeded', [{ step: 4, train_loss: 0.5 }]);

  expect(await second.done).toMatchObject({ success: true });
  expect(endpoint.jobs).toHaveLength(1);
  expect(endpoint.files.size).toBe(2);
});

test.each([0, 50])(
  'a training that is cancelled is cancelled at an endpoint that answers after %i ms too',
  async (answersAfterMs) => {
    endpoint.answersAfterMs = answersAfterMs;
    const { done, ending } = work();
    await began();

    ending.abort(new AttemptEnded('cancelled', 'too dear'));

    await expect(done).rejects.toThrow('too dear');
    expect(endpoint.jobs[0]?.status).toBe('cancelled');
  },
);

test('what fails at the endpoint is told in its words; what may pass is worth another attempt', async () => {
  const failing = work();
  await began();
  endpoint.go('failed');
  expect(await failing.done).toMatchObject({
    success: false,
    error: { code: 'TRAINING_FAILED', message: expect.stringContaining('not valid'), retryable: false },
  });

  endpoint.nextStatus = 503;
  expect(await work().done).toMatchObject({ error: { code: 'TRAINER_REFUSED', retryable: true } });
  endpoint.nextStatus = 401;
  expect(await work().done).toMatchObject({ error: { code: 'TRAINER_FORBIDS', retryable: false } });
});

test('a file that is not what its manifest says, and an order without one, train nothing', async () => {
  content = 'something else';
  expect(await work().done).toMatchObject({ error: { code: 'FILE_CHANGED', retryable: false } });
  content = LINE;
  const without = {
    ...ORDER,
    dataset: { ...ORDER.dataset, files: [{ ...fileOf('train'), format: 'sharegpt' }] },
  };
  expect(await work(without).done).toMatchObject({ error: { code: 'FORMAT_MISSING', retryable: false } });
  expect(await work({}).done).toMatchObject({ error: { code: 'ORDER_UNREADABLE' } });

  expect(endpoint.jobs).toEqual([]);
});
