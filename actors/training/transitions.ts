/** The states of a training and the ways between them, as data. Anything else is INVALID_TRANSITION. */
import type { Failure } from '#protocols/failure.ts';
import type { TrainingState } from '#protocols/training-job.ts';

export const TRAINING_TRANSITIONS = {
  // Failed: there is no such data set, or it is not ready.
  pending: ['queued', 'failed', 'cancelled'],
  queued: ['running', 'failed', 'cancelled'],
  // Queued: the trainer was lost or has failed, and another attempt comes.
  running: ['evaluating', 'queued', 'failed', 'cancelled'],
  evaluating: ['completed', 'queued', 'failed', 'cancelled'],
  completed: [],
  failed: ['pending'],
  cancelled: ['pending'],
} as const satisfies Record<TrainingState, readonly TrainingState[]>;

export function canMove(from: TrainingState, to: TrainingState): boolean {
  const allowed: readonly TrainingState[] = TRAINING_TRANSITIONS[from];
  return allowed.includes(to);
}

export function isOver(state: TrainingState): boolean {
  return state === 'completed' || state === 'failed' || state === 'cancelled';
}

/** The refusal of a command that the job's state does not allow. */
export function invalidTransition(state: TrainingState, command: string): Failure {
  return {
    code: 'INVALID_TRANSITION',
    detail: `A training that is ${state} can't ${command}.`,
    current_state: state,
    allowed: [...TRAINING_TRANSITIONS[state]],
  };
}
