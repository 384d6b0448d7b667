/**
 * The work on a training, by an endpoint that trains as OpenAI's does.
 *
 * W1. A training is begun once: each bears the id of its task, and what an attempt that died had begun is taken up again.
 * W2. Told to cancel, it tells the endpoint; told to stop for another reason, it leaves the job there to be taken up.
 * W3. What is reported was said by the endpoint. Nothing is made up: a figure that it does not tell is not told.
 */
import { hash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { WorkResult } from '#actors/remote/sdk/result.ts';
import { type AgentTask, AttemptEnded } from '#actors/remote/sdk/task.ts';
import { TrainingOrder, type TrainingOutput } from '#protocols/training-job.ts';
import { type LossPoint, REPORT_POINTS_MAX } from '#protocols/training-report.ts';
import { parseJson } from './build.ts';
import { Endpoint, type EndpointOptions, type RemoteEvent, type RemoteJob } from './endpoint.ts';
import { TuningFailure } from './failure.ts';
import { buildGateway, type GatewayOptions } from './gateway.ts';

export interface TrainerOptions {
  readonly gateway: GatewayOptions;
  readonly endpoint: EndpointOptions;
  /** What stands before the slash where agents name the model. */
  readonly provider: string;
  readonly pollMs: number;
}

/** Under this name the endpoint keeps which task a job is of. */
const MARK = 'oio_task';

export async function trainModel(options: TrainerOptions, task: AgentTask): Promise<WorkResult> {
  const order = readOrder(task.payload.prompt);
  const endpoint = new Endpoint(options.endpoint, task.signal);
  const begun = (await findBegun(endpoint, task.id)) ?? (await begin({ options, endpoint, order }, task));
  try {
    const { job, points } = await follow(options, { endpoint, task, begun });
    return await settle(options, { task, job, points });
  } catch (error) {
    const { reason } = task.signal;
    if (reason instanceof AttemptEnded && reason.reason === 'cancelled') await endpoint.cancel(begun.id);
    throw error;
  }
}

function readOrder(prompt: string): TrainingOrder {
  const order = TrainingOrder.safeParse(parseJson(prompt));
  if (order.success) return order.data;
  throw new TuningFailure('ORDER_UNREADABLE', 'the task does not say what to train', false);
}

/** What an earlier attempt had begun, unless that came to nothing. */
async function findBegun(endpoint: Endpoint, taskId: string): Promise<RemoteJob | null> {
  const jobs = await endpoint.jobs();
  return jobs.find(({ metadata, status }) => metadata?.[MARK] === taskId && !isLost(status)) ?? null;
}

const isLost = (status: string) => status === 'failed' || status === 'cancelled';

interface Beginning {
  readonly options: TrainerOptions;
  readonly endpoint: Endpoint;
  readonly order: TrainingOrder;
}

async function begin({ options, endpoint, order }: Beginning, task: AgentTask): Promise<RemoteJob> {
  const api = buildGateway(options.gateway, task.signal);
  const upload = async (split: 'train' | 'validation'): Promise<string | null> => {
    const file = order.dataset.files.find((one) => one.format === 'openai_chat' && one.split === split);
    if (!file) return null;
    const bytes = await api.getArtifactContent({ id: order.dataset.task_id, artifact_id: file.artifact_id });
    if (hash('sha256', bytes) !== file.sha256) {
      throw new TuningFailure('FILE_CHANGED', `${file.name} is not what its manifest says`, false);
    }
    return endpoint.upload(`${order.dataset.reference.replace('@', '-')}.${file.name}`, bytes);
  };
  await task.progress({ note: 'sends its files' });
  const training = await upload('train');
  if (training === null) {
    const detail = `${order.dataset.reference} has no file in the format openai_chat`;
    throw new TuningFailure('FORMAT_MISSING', detail, false);
  }
  const validation = await upload('validation');
  return endpoint.begin(toBody(order, { training, validation, taskId: task.id }));
}

/** OpenAI's own fields; rank and the like are none of them, and go where those that train adapters look for them. */
function toBody(
  { base_model, parameters, title }: TrainingOrder,
  { training, validation, taskId }: { training: string; validation: string | null; taskId: string },
): object {
  const { method, epochs, batch_size, learning_rate, lora_rank, lora_alpha, target_modules } = parameters;
  const adapter = { method, learning_rate, lora_rank, lora_alpha, target_modules };
  return {
    model: base_model,
    training_file: training,
    ...(validation === null ? {} : { validation_file: validation }),
    suffix: title
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .slice(0, 18),
    metadata: { [MARK]: taskId },
    method: {
      type: 'supervised',
      supervised: { hyperparameters: { n_epochs: epochs, batch_size, ...adapter } },
    },
  };
}

interface Following {
  readonly endpoint: Endpoint;
  readonly task: AgentTask;
  readonly begun: RemoteJob;
}

/** Asks until it is over, and tells what is new. */
async function follow({ pollMs }: TrainerOptions, { endpoint, task, begun }: Following) {
  for (;;) {
    const job = await endpoint.job(begun.id);
    const events = await endpoint.events(begun.id);
    const points = pointsOf(events);
    const isTrained = job.status === 'succeeded';
    await task.progress({
      ...percentOf(points, events),
      note: `the trainer says: ${job.status}`,
      training: {
        phase: isTrained ? 'evaluating' : 'training',
        external_id: begun.id,
        points: points.slice(-REPORT_POINTS_MAX),
      },
    });
    if (isTrained) return { job, points };
    if (isLost(job.status)) {
      const detail = `the trainer's job ${job.status}: ${job.error?.message ?? 'it does not say why'}`;
      throw new TuningFailure('TRAINING_FAILED', detail, false);
    }
    await pause(pollMs, undefined, { signal: task.signal });
  }
}

function pointsOf(events: readonly RemoteEvent[]): LossPoint[] {
  return events
    .flatMap(({ data }): LossPoint[] => {
      const { step, train_loss: loss, full_valid_loss, valid_loss } = data ?? {};
      if (typeof step !== 'number') return [];
      const validation_loss = full_valid_loss ?? valid_loss;
      return [
        {
          step,
          ...(typeof loss === 'number' ? { loss } : {}),
          ...(typeof validation_loss === 'number' ? { validation_loss } : {}),
        },
      ];
    })
    .sort((one, other) => one.step - other.step);
}

function percentOf(points: readonly LossPoint[], events: readonly RemoteEvent[]): { percent?: number } {
  const total = events.find(({ data }) => typeof data?.total_steps === 'number')?.data?.total_steps;
  const step = points.at(-1)?.step;
  return typeof total !== 'number' || total <= 0 || step === undefined
    ? {}
    : { percent: (100 * step) / total };
}

interface Trained {
  readonly task: AgentTask;
  readonly job: RemoteJob;
  readonly points: readonly LossPoint[];
}

/** The figures are the last ones of the curve: the endpoint measures on the validation half by itself. */
async function settle({ provider }: TrainerOptions, { job, points }: Trained): Promise<WorkResult> {
  const { fine_tuned_model: name, trained_tokens } = job;
  if (!name) throw new TuningFailure('NO_MODEL', 'the trainer succeeded and names no model', false);
  const loss = points.findLast((point) => point.loss !== undefined)?.loss;
  const validation = points.findLast((point) => point.validation_loss !== undefined)?.validation_loss;
  const output: TrainingOutput = {
    model: `${provider}/${name}`,
    metrics: {
      ...(loss === undefined ? {} : { training_loss: loss }),
      ...(validation === undefined ? {} : { validation_loss: validation }),
      ...(typeof trained_tokens === 'number' ? { trained_tokens } : {}),
    },
  };
  return { success: true, summary: `trained ${output.model}`, output: { ...output } };
}
