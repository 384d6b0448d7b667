/** Changes of a training's state: each is one event. Pure. */
import type { TurnContext } from '#protocols/actor.ts';
import { assert } from '#protocols/assert.ts';
import { emit } from '#protocols/effects.ts';
import { TRAINING_LIMITS, type TrainingJob, type TrainingState } from '#protocols/training-job.ts';
import type { LossPoint } from '#protocols/training-report.ts';
import { isoTime, type Step, withEffects } from '../turn.ts';
import { canMove, isOver } from './transitions.ts';

export interface Change {
  readonly to: TrainingState;
  readonly reason: string;
  /** What it waits for or does from then on. */
  readonly detail?: string;
}

/** Moves the job on. The caller has checked that the way is allowed; another one is a defect. */
export function move(
  step: Step<TrainingJob>,
  { to, reason, detail }: Change,
  context: TurnContext,
): Step<TrainingJob> {
  const { state: job } = step;
  assert(canMove(job.state, to), `a training may go from ${job.state} to ${to}`);
  const now = isoTime(context.now);
  const state: TrainingJob = {
    ...job,
    state: to,
    state_reason: reason,
    status_detail: isOver(to) ? null : (detail ?? null),
    updated_at: now,
    queued_at: to === 'queued' ? (job.queued_at ?? now) : job.queued_at,
    started_at: to === 'running' ? (job.started_at ?? now) : job.started_at,
    ended_at: isOver(to) ? now : null,
  };
  const record = { from: job.state, to, reason, who: context.by, run: job.run };
  return withEffects({ ...step, state }, emit('transitioned', record));
}

/**
 * The curve with what was reported since: by step, each once. With more than `curvePointsMax` points every other one of
 * the older half goes, so that the beginning is kept ever more roughly and the end as it was told.
 */
export function extendCurve(curve: readonly LossPoint[], points: readonly LossPoint[]): LossPoint[] {
  const last = curve.at(-1)?.step ?? -1;
  const known = new Set(curve.map(({ step }) => step));
  const merged = new Map(curve.map((point) => [point.step, point]));
  for (const point of points) {
    // What was thinned out is not taken in again; what is known may be told more fully.
    if (point.step > last || known.has(point.step))
      merged.set(point.step, { ...merged.get(point.step), ...point });
  }
  let all = [...merged.values()].sort((one, other) => one.step - other.step);
  while (all.length > TRAINING_LIMITS.curvePointsMax) {
    const half = Math.ceil(all.length / 2);
    all = all.filter((_, at) => at >= half || at % 2 === 0);
  }
  return all;
}
