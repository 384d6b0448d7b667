/** What a training hears of its task: who has it, how far it is, and what came of it. Pure. */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import { ask, emit } from '#protocols/effects.ts';
import type { OwnedTaskChanged, OwnedTaskNews } from '#protocols/owned-task.ts';
import { TRAINING_CAPABILITY, type TrainingJob, TrainingOutput } from '#protocols/training-job.ts';
import { RETRY } from '../task/change.ts';
import { waitingFor } from '../task/owned.ts';
import { beginWith, isoTime, type Step, unchanged, withEffects } from '../turn.ts';
import { extendCurve, move } from './change.ts';
import { isOver } from './transitions.ts';

type Progressed = Extract<OwnedTaskNews, { type: 'task_progressed' }>;

const ANSWER_WITHIN_MS = 60_000;
const ERROR_CHARS_MAX = 2_000;

export function hearTask(
  job: TrainingJob,
  message: OwnedTaskChanged | Progressed,
  context: TurnContext,
): Turn<TrainingJob> {
  if (message.run !== job.run || message.task_id !== job.task_id || isOver(job.state)) return unchanged(job);
  if (message.type === 'task_progressed') return keepProgress(job, message, context);
  switch (message.state) {
    case 'assigned':
      return beginWith({ ...job, agent_id: message.agent_id, status_detail: `asked ${message.agent_id}` });
    case 'in_progress':
      return startRunning(beginWith({ ...job, agent_id: message.agent_id }), context);
    case 'completed':
      return judge(job, message, context);
    case 'cancelled':
    case 'skipped':
      return move(beginWith(job), { to: 'cancelled', reason: message.reason ?? message.state }, context);
    case 'failed':
      return message.reason === RETRY ? waitAgain(job, message, context) : fail(job, message.error, context);
    default:
      return waitAgain(job, message, context);
  }
}

function startRunning(step: Step<TrainingJob>, context: TurnContext): Step<TrainingJob> {
  if (step.state.state !== 'queued') return step;
  return move(step, { to: 'running', reason: 'trainer_began', detail: 'training' }, context);
}

function startEvaluating(step: Step<TrainingJob>, context: TurnContext): Step<TrainingJob> {
  if (step.state.state !== 'running') return step;
  const detail = 'measured on the validation half';
  return move(step, { to: 'evaluating', reason: 'trained', detail }, context);
}

/** Its agent is lost, refused it or has failed: another one, or the same, takes it up. */
function waitAgain(
  job: TrainingJob,
  { reason, error }: OwnedTaskChanged,
  context: TurnContext,
): Turn<TrainingJob> {
  const capabilities = [TRAINING_CAPABILITY, ...(job.trainer === undefined ? [] : [job.trainer])];
  const why = error ?? reason;
  const detail = `${waitingFor(capabilities)}${why === null ? '' : ` (${why})`}`.slice(0, ERROR_CHARS_MAX);
  const free: TrainingJob = { ...job, agent_id: null };
  if (job.state === 'queued') return beginWith({ ...free, status_detail: detail });
  return move(beginWith(free), { to: 'queued', reason: reason ?? 'agent_lost', detail }, context);
}

function keepProgress(job: TrainingJob, message: Progressed, context: TurnContext): Turn<TrainingJob> {
  const { percent = job.percent, note, training } = message;
  const curve = training ? extendCurve(job.curve, training.points) : job.curve;
  const external_id = training?.external_id ?? job.external_id;
  const updated_at = isoTime(context.now);
  const kept = startRunning(beginWith({ ...job, percent, curve, external_id, updated_at }), context);
  const phased = training?.phase === 'evaluating' ? startEvaluating(kept, context) : kept;
  const { state } = phased;
  const status_detail = note ?? state.status_detail;
  const { run } = job;
  const record = { run, percent, note: status_detail, points: training?.points.slice(-1) ?? [] };
  return withEffects({ ...phased, state: { ...state, status_detail } }, emit('progressed', record));
}

function fail(job: TrainingJob, error: string | null, context: TurnContext): Turn<TrainingJob> {
  const why = (error ?? 'the training failed').slice(0, ERROR_CHARS_MAX);
  return move(beginWith({ ...job, error: why }), { to: 'failed', reason: 'trainer_failed' }, context);
}

/** Each state is gone through, whatever was not heard in between: trained, measured, and good enough or not. */
function judge(job: TrainingJob, { output }: OwnedTaskChanged, context: TurnContext): Turn<TrainingJob> {
  const measured = startEvaluating(startRunning(beginWith(job), context), context);
  const read = TrainingOutput.safeParse(output);
  if (!read.success) {
    const error = 'the trainer did not say which model it made';
    return move(
      { ...measured, state: { ...measured.state, error } },
      { to: 'failed', reason: 'no_model' },
      context,
    );
  }
  const { model, metrics } = read.data;
  const known: TrainingJob = { ...measured.state, model, metrics, percent: 100 };
  const fault = faultOf(known);
  if (fault !== null) {
    return move(
      { ...measured, state: { ...known, error: fault } },
      { to: 'failed', reason: 'not_good_enough' },
      context,
    );
  }
  const done = move({ ...measured, state: known }, { to: 'completed', reason: 'good_enough' }, context);
  return register(done, context);
}

/** Why it is not good enough; null: it is. */
function faultOf({ validation_loss_max: max, metrics }: TrainingJob): string | null {
  if (max === undefined) return null;
  const { validation_loss: loss } = metrics;
  if (loss === undefined) return 'the trainer measured no loss on the validation half';
  return loss <= max ? null : `the loss on the validation half is ${loss}, more than ${max}`;
}

function register(step: Step<TrainingJob>, context: TurnContext): Step<TrainingJob> {
  const { id, tenant_id: tenant, model_name, model, base_model, dataset_version, metrics, run } = step.state;
  if (model_name === undefined || model === null) return step;
  const origin = { source: model, base_model, dataset: dataset_version, job_id: id, metrics };
  const options = { key: `register/${run}`, deadlineMs: context.now + ANSWER_WITHIN_MS };
  const to = { type: 'model', tenant, id: model_name };
  return withEffects(step, ask(to, { type: 'add_version', ...origin }, options));
}
