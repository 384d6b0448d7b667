/**
 * The training: looks up its data set, has a trainer do the work as a task, judges what came of it, registers it.
 *
 * J1. Its state moves only along TRAINING_TRANSITIONS; each move is one event.
 * J2. Nobody pretends to train: without a trainer it stays queued and says what it waits for.
 * J3. What the task of an earlier run says changes nothing.
 */
import { defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import { FoundDataset, parseDatasetReference } from '#protocols/dataset.ts';
import { type Answered, ask, emit, reply } from '#protocols/effects.ts';
import { SemanticVersion } from '#protocols/model-name.ts';
import {
  TRAINING_CAPABILITY,
  TRAINING_LIMITS,
  TRAINING_TASK_TYPE,
  TrainingJob,
  TrainingMessage,
  type TrainingOrder,
} from '#protocols/training-job.ts';
import { beginWork, cancelWork, waitingFor } from '../task/owned.ts';
import {
  beginWith,
  isoTime,
  NOBODY,
  refused,
  type Step,
  unchanged,
  withEffects,
  withoutUndefined,
} from '../turn.ts';
import { move } from './change.ts';
import { hearTask } from './hearing.ts';
import { canMove, invalidTransition } from './transitions.ts';

type Of<Type extends TrainingMessage['type']> = Extract<TrainingMessage, { type: Type }>;

const ANSWER_WITHIN_MS = 60_000;
const ATTEMPTS_MAX = 5;
const SECONDS_PER_HOUR = 3_600;
const LOOKS_UP = 'looks up its data set';

export const trainingJobKind = defineActor<TrainingJob, TrainingMessage>({
  type: 'training',
  stateVersion: 1,
  state: TrainingJob,
  message: TrainingMessage,
  control: ['cancel'],
  onDefect: 'resume',
  index: ({ state, title, base_model, dataset, model_name }) => ({
    status: state,
    title,
    text: base_model,
    labels: [
      `dataset:${parseDatasetReference(dataset).name}`,
      `base:${base_model}`,
      ...(model_name === undefined ? [] : [`model:${model_name}`]),
    ],
  }),
  handle,
});

function handle(job: TrainingJob | null, message: TrainingMessage, context: TurnContext): Turn<TrainingJob> {
  switch (message.type) {
    case 'create':
      return create(job, message, context);
    case 'cancel':
      return job ? cancel(job, message, context) : unknown(context);
    case 'retry':
      return job ? retry(job, message, context) : unknown(context);
    case 'answered':
      return job ? hearAnswer(job, message, context) : NOBODY;
    case 'task_changed':
    case 'task_progressed':
      return job ? hearTask(job, message, context) : NOBODY;
    case 'task_waits':
    case 'judge_request':
    case 'add_rules':
    case 'plan_made':
      return job ? unchanged(job) : NOBODY;
  }
}

function unknown({ self }: TurnContext): Turn<TrainingJob> {
  return refused<TrainingJob>(null, {
    code: 'TRAINING_JOB_NOT_FOUND',
    detail: `There is no training ${self.id}.`,
  });
}

function create(
  existing: TrainingJob | null,
  { type: _, ...draft }: Of<'create'>,
  context: TurnContext,
): Turn<TrainingJob> {
  const { tenant, id } = context.self;
  if (existing)
    return refused(existing, { code: 'NAME_TAKEN', detail: `There is a training ${id} already.` });
  const now = isoTime(context.now);
  const job: TrainingJob = withoutUndefined({
    ...draft,
    ...{ id, tenant_id: tenant, created_at: now, updated_at: now, created_by: context.by },
    ...freshRun(1),
    state: 'pending' as const,
    state_reason: null,
    ended_at: null,
  });
  const { title, dataset, base_model } = job;
  const created = emit('created', { title, dataset, base_model, created_by: job.created_by });
  return withEffects(lookUp(withEffects(beginWith(job), created), context), reply({ id }));
}

/** What a run begins with. */
function freshRun(run: number) {
  return {
    run,
    status_detail: LOOKS_UP,
    dataset_version: null,
    task_id: null,
    agent_id: null,
    external_id: null,
    percent: null,
    curve: [],
    metrics: {},
    model: null,
    registered: null,
    warnings: [],
    queued_at: null,
    started_at: null,
    error: null,
  };
}

function lookUp(step: Step<TrainingJob>, context: TurnContext): Step<TrainingJob> {
  const { tenant_id: tenant, dataset, run } = step.state;
  const { name, number } = parseDatasetReference(dataset);
  const options = { key: `dataset/${run}`, deadlineMs: context.now + ANSWER_WITHIN_MS };
  return withEffects(step, ask({ type: 'dataset', tenant, id: name }, { type: 'find', number }, options));
}

function hearAnswer(job: TrainingJob, message: Answered, context: TurnContext): Turn<TrainingJob> {
  const [what, run] = message.key.split('/');
  if (Number(run) !== job.run) return unchanged(job);
  if (what === 'register') return noteRegistered(job, message);
  // Cancelled in the meantime.
  if (job.state !== 'pending') return unchanged(job);
  const found = FoundDataset.safeParse(message.reply.ok ? message.reply.value : null);
  if (!found.success) {
    const error = message.reply.ok
      ? 'nobody could say what is in the data set'
      : message.reply.failure.detail;
    return move(beginWith({ ...job, error }), { to: 'failed', reason: 'no_dataset' }, context);
  }
  return queue(job, found.data, context);
}

function queue(job: TrainingJob, dataset: FoundDataset, context: TurnContext): Turn<TrainingJob> {
  const { id, tenant_id: tenant, run, title, base_model, parameters, trainer } = job;
  const task_id = `training-${id}-${run}`.slice(0, 128);
  const capabilities = [TRAINING_CAPABILITY, ...(trainer === undefined ? [] : [trainer])];
  const order: TrainingOrder = { job_id: id, run, title, base_model, parameters, dataset };
  const work = beginWork({
    owner: { type: 'training', tenant, id },
    task_id,
    run,
    title: `Optimize ${base_model} on ${dataset.reference}`,
    task_type: TRAINING_TASK_TYPE,
    required_capabilities: capabilities,
    order,
    timeout_seconds: TRAINING_LIMITS.hoursMax * SECONDS_PER_HOUR,
    max_attempts: ATTEMPTS_MAX,
  });
  const ready = { ...job, dataset_version: dataset.reference, task_id };
  const change = { to: 'queued', reason: 'dataset_found', detail: waitingFor(capabilities) } as const;
  return withEffects(move(beginWith(ready), change, context), ...work);
}

/** The model is there; that the registry could not take it is said, and changes nothing of it. */
function noteRegistered(job: TrainingJob, { reply: answer }: Answered): Turn<TrainingJob> {
  if (job.registered !== null || job.model_name === undefined) return unchanged(job);
  if (!answer.ok) {
    return beginWith({ ...job, warnings: [`not registered: ${answer.failure.detail}`.slice(0, 500)] });
  }
  const { number } = (answer.value ?? {}) as { number?: unknown };
  const version = SemanticVersion.safeParse(number);
  if (!version.success) return unchanged(job);
  const registered = { name: job.model_name, number: version.data };
  return withEffects(beginWith({ ...job, registered }), emit('registered', registered));
}

function cancel(job: TrainingJob, { reason }: Of<'cancel'>, context: TurnContext): Turn<TrainingJob> {
  if (!canMove(job.state, 'cancelled')) return refused(job, invalidTransition(job.state, 'cancel'));
  const why = reason ?? 'cancelled on request';
  const cancelled = move(beginWith(job), { to: 'cancelled', reason: why }, context);
  const told = job.task_id === null ? [] : [cancelWork(job.tenant_id, job.task_id, why)];
  return withEffects(cancelled, ...told, reply({ id: job.id }));
}

function retry(job: TrainingJob, { reason }: Of<'retry'>, context: TurnContext): Turn<TrainingJob> {
  if (!canMove(job.state, 'pending')) return refused(job, invalidTransition(job.state, 'retry'));
  const change = { to: 'pending', reason: reason ?? 'retried on request', detail: LOOKS_UP } as const;
  const again = move(beginWith({ ...job, ...freshRun(job.run + 1) }), change, context);
  return withEffects(lookUp(again, context), reply({ id: job.id }));
}
