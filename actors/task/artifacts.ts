/**
 * What agents leave of their attempts, and what people have deleted of it. Pure.
 *
 * A1. An artifact counts once for its tenant: when it is kept, and back when its content is deleted.
 * A2. That it was there stays: its record with its hash, and who deleted it.
 */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import { emit, reply, send } from '#protocols/effects.ts';
import { quotaExceeded } from '#protocols/failure.ts';
import { SCHEDULER_ID } from '#protocols/scheduler.ts';
import type { Task, TaskMessage } from '#protocols/task.ts';
import { beginWith, isoTime, refused, type Step, unchanged, withEffects } from '../turn.ts';
import { tellUse } from './attempt.ts';

type Of<Type extends TaskMessage['type']> = Extract<TaskMessage, { type: Type }>;

const ARTIFACTS_MAX = 200;

export function keepArtifact(
  step: Step<Task>,
  message: Of<'artifact'>,
  context: TurnContext,
): Step<Task> | Turn<Task> {
  const { artifact, agent_id } = message;
  const { artifacts, brief } = step.state;
  if (artifacts.some((one) => one.artifact_id === artifact.artifact_id)) return answered(step);
  if (artifacts.length >= ARTIFACTS_MAX) {
    const frees = 'a task keeps the records of all its artifacts';
    const quota = { name: 'artifacts_per_task', limit: ARTIFACTS_MAX, used: artifacts.length, frees };
    const { state, effects } = refused(step.state, quotaExceeded(quota));
    return { state, effects: [...step.effects, ...effects] };
  }
  // Which attempt it is of says the message's own number, which was checked.
  const kept = { ...artifact, attempt: message.attempt };
  const state = { ...step.state, artifacts: [...artifacts, kept], updated_at: isoTime(context.now) };
  const record = { ...kept, agent_id, session_id: brief.session_id, run: brief.run };
  const use = tellUse(step.state, { artifact_bytes: artifact.size_bytes });
  return answered(withEffects({ ...step, state }, emit('artifact_added', record), use));
}

/** Its content is no more. Said again it changes nothing: whoever removes the content may not have come to the end. */
export function dropArtifact(task: Task, message: Of<'drop_artifact'>, context: TurnContext): Turn<Task> {
  const { artifact_id } = message;
  const artifact = task.artifacts.find((one) => one.artifact_id === artifact_id);
  if (!artifact) {
    const detail = `there is no artifact ${artifact_id} of this task`;
    return refused(task, { code: 'ARTIFACT_NOT_FOUND', detail });
  }
  if (artifact.deleted_at) return withEffects(unchanged(task), reply({ artifact_id }));
  const deleted_at = isoTime(context.now);
  const artifacts = task.artifacts.map((one) => (one === artifact ? { ...one, deleted_at } : one));
  const { session_id, run } = task.brief;
  const { size_bytes: artifact_bytes, name, sha256 } = artifact;
  const record = { artifact_id, name, sha256, who: context.by, session_id, run };
  return withEffects(
    beginWith({ ...task, artifacts, updated_at: deleted_at }),
    emit('artifact_deleted', record),
    send({ type: 'scheduler', tenant: task.tenant_id, id: SCHEDULER_ID }, { type: 'freed', artifact_bytes }),
    reply({ artifact_id }),
  );
}

function answered(step: Step<Task>): Step<Task> {
  return withEffects(step, reply({ state: step.state.state }));
}
