/** States as they are shown: a mark, a word and a tone. A colour never stands alone. */
import type { AgentStatus } from '#protocols/agent.ts';
import type { SessionState } from '#protocols/session.ts';
import type { TaskState } from '#protocols/task.ts';

export type Tone = 'run' | 'done' | 'wait' | 'warn' | 'fail' | 'idle';

export interface Look {
  readonly mark: string;
  readonly word: string;
  readonly tone: Tone;
}

export const SESSION_LOOK = {
  pending: { mark: '◇', word: 'PENDING', tone: 'idle' },
  queued: { mark: '…', word: 'QUEUED', tone: 'wait' },
  running: { mark: '▶', word: 'RUNNING', tone: 'run' },
  paused: { mark: '‖', word: 'PAUSED', tone: 'warn' },
  degraded: { mark: '▲', word: 'DEGRADED', tone: 'warn' },
  completed: { mark: '■', word: 'DONE', tone: 'done' },
  partially_completed: { mark: '◧', word: 'PARTIAL', tone: 'warn' },
  failed: { mark: '✕', word: 'FAILED', tone: 'fail' },
  timeout: { mark: '✕', word: 'TIMEOUT', tone: 'fail' },
  stopped: { mark: '□', word: 'STOPPED', tone: 'idle' },
  cancelled: { mark: '□', word: 'CANCELLED', tone: 'idle' },
  orphaned: { mark: '✕', word: 'ORPHANED', tone: 'fail' },
} as const satisfies Record<SessionState, Look>;

export const TASK_LOOK = {
  pending: { mark: '◇', word: 'PENDING', tone: 'idle' },
  ready: { mark: '…', word: 'READY', tone: 'wait' },
  assigned: { mark: '▷', word: 'ASSIGNED', tone: 'wait' },
  in_progress: { mark: '▶', word: 'RUNNING', tone: 'run' },
  completed: { mark: '■', word: 'DONE', tone: 'done' },
  failed: { mark: '✕', word: 'FAILED', tone: 'fail' },
  blocked: { mark: '▲', word: 'BLOCKED', tone: 'warn' },
  paused: { mark: '‖', word: 'PAUSED', tone: 'warn' },
  cancelled: { mark: '□', word: 'CANCELLED', tone: 'idle' },
  skipped: { mark: '□', word: 'SKIPPED', tone: 'idle' },
} as const satisfies Record<TaskState, Look>;

const AGENT_TONE = {
  online: 'run',
  busy: 'run',
  degraded: 'warn',
  draining: 'wait',
  maintenance: 'idle',
  offline: 'fail',
} as const satisfies Record<AgentStatus, Tone>;

/** The tone of any state's name, of whatever it is the state. */
export function toneOf(state: string): Tone {
  const looks: Readonly<Record<string, Look>> = { ...TASK_LOOK, ...SESSION_LOOK };
  const tones: Readonly<Record<string, Tone>> = AGENT_TONE;
  return looks[state]?.tone ?? tones[state] ?? 'idle';
}
