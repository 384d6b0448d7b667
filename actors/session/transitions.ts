/** The twelve states of a session and the ways between them, as data. Anything else is INVALID_TRANSITION. */
import type { Failure } from '#protocols/failure.ts';
import type { SessionState } from '#protocols/session.ts';

export const SESSION_TRANSITIONS = {
  pending: ['queued', 'running', 'cancelled', 'failed'],
  queued: ['running', 'pending', 'cancelled', 'failed', 'timeout', 'orphaned'],
  running: [
    'completed',
    'partially_completed',
    'failed',
    'timeout',
    'paused',
    'stopped',
    'degraded',
    'orphaned',
  ],
  paused: ['running', 'queued', 'stopped', 'cancelled', 'failed', 'timeout', 'orphaned'],
  degraded: [
    'running',
    'completed',
    'partially_completed',
    'failed',
    'timeout',
    'paused',
    'stopped',
    'orphaned',
  ],
  orphaned: ['queued', 'failed', 'stopped'],
  failed: ['pending'],
  timeout: ['pending'],
  stopped: ['pending'],
  partially_completed: ['pending'],
  completed: [],
  cancelled: [],
} as const satisfies Record<SessionState, readonly SessionState[]>;

export const SESSION_STATE_KIND = {
  pending: 'initial',
  queued: 'active',
  running: 'active',
  paused: 'active',
  degraded: 'active',
  completed: 'success',
  partially_completed: 'success',
  failed: 'failure',
  timeout: 'failure',
  stopped: 'failure',
  cancelled: 'failure',
  orphaned: 'failure',
} as const satisfies Record<SessionState, 'initial' | 'active' | 'success' | 'failure'>;

export function canMove(from: SessionState, to: SessionState): boolean {
  const allowed: readonly SessionState[] = SESSION_TRANSITIONS[from];
  return allowed.includes(to);
}

/** Whether a run of the session is over: only then may it be deleted. */
export function isEnded(state: SessionState): boolean {
  return SESSION_STATE_KIND[state] === 'success' || SESSION_STATE_KIND[state] === 'failure';
}

/** Whether tasks of it may be at work. */
export function isAtWork(state: SessionState): boolean {
  return state === 'running' || state === 'degraded' || state === 'paused';
}

/** Whether it goes on by itself: at work, and not held. */
export function isMoving(state: SessionState): boolean {
  return state === 'running' || state === 'degraded';
}

/** The refusal of a command that the session's state does not allow. */
export function invalidTransition(state: SessionState, command: string): Failure {
  const hint = command === 'cancel' && canMove(state, 'stopped') ? ': what is at work is ended by stop' : '';
  return {
    code: 'INVALID_TRANSITION',
    detail: `A session that is ${state} can't ${command}${hint}.`,
    current_state: state,
    allowed: [...SESSION_TRANSITIONS[state]],
  };
}
