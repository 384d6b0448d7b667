/** What may be asked of a session in each state, and how weighty it is. Pure. */
import type { BulkAct } from '#protocols/bulk.ts';
import type { SessionView } from '#protocols/http/session.ts';
import type { SessionState } from '#protocols/session.ts';
import { shortId } from './figures.ts';
import type { SessionAct } from './session-api.ts';

/** As the gateway would allow it; what it refuses all the same is told. */
export const ACTS = {
  pending: ['start', 'cancel'],
  queued: ['cancel'],
  running: ['pause', 'stop', 'prompt', 'complete', 'fail'],
  paused: ['resume', 'stop', 'cancel', 'fail'],
  degraded: ['pause', 'stop', 'prompt', 'complete', 'fail'],
  completed: ['delete'],
  partially_completed: ['retry', 'delete'],
  failed: ['retry', 'delete'],
  timeout: ['retry', 'delete'],
  stopped: ['retry', 'delete'],
  cancelled: ['delete'],
  orphaned: ['stop', 'fail'],
} as const satisfies Record<SessionState, readonly SessionAct[]>;

interface Weight {
  /** What it is called on its button. */
  readonly name: string;
  /** Null: it is done at once. */
  readonly consequence: string | null;
  readonly reason: 'required' | 'optional' | 'none';
  /** Cannot be taken back. */
  readonly isGrave: boolean;
}

export const WEIGHT = {
  start: { name: 'start', consequence: null, reason: 'none', isGrave: false },
  pause: {
    name: 'pause',
    consequence: 'What agents have at work goes on to its end; nothing new begins. The time limit goes on.',
    reason: 'optional',
    isGrave: false,
  },
  resume: {
    name: 'resume',
    consequence: 'What waits begins as soon as there is capacity.',
    reason: 'optional',
    isGrave: false,
  },
  stop: {
    name: 'stop',
    consequence: 'Its agents are told to end at once. What they committed stays; it can be retried.',
    reason: 'required',
    isGrave: true,
  },
  cancel: {
    name: 'cancel',
    consequence: 'It will not be worked on any more. This is final.',
    reason: 'required',
    isGrave: true,
  },
  retry: {
    name: 'retry',
    consequence: 'A new run begins: finished tasks stay finished, all others begin anew.',
    reason: 'optional',
    isGrave: false,
  },
  complete: {
    name: 'force complete',
    consequence: 'What is open is cancelled, what is done is its result. This is final.',
    reason: 'required',
    isGrave: true,
  },
  fail: {
    name: 'force fail',
    consequence: 'What is open is cancelled. It can be retried.',
    reason: 'required',
    isGrave: true,
  },
  prompt: { name: 'prompt', consequence: null, reason: 'none', isGrave: false },
  delete: {
    name: 'delete',
    consequence: 'It disappears from every list. This is final.',
    reason: 'none',
    isGrave: true,
  },
} as const satisfies Record<SessionAct, Weight>;

/** Letters of the menu of acts. */
export const ACT_KEYS = {
  start: 's',
  pause: 'p',
  resume: 'r',
  stop: 'x',
  cancel: 'c',
  retry: 't',
  complete: 'f',
  fail: 'l',
  prompt: 'm',
  delete: 'd',
} as const satisfies Record<SessionAct, string>;

export const BULK_ACTS: readonly BulkAct[] = [
  ...(['start', 'pause', 'resume', 'stop', 'cancel', 'retry', 'complete', 'delete'] as const),
];

export function actsOf({
  state,
  is_recoverable,
}: Pick<SessionView, 'state' | 'is_recoverable'>): SessionAct[] {
  return ACTS[state].filter((act) => act !== 'retry' || is_recoverable);
}

/** How much it concerns, from the session as it was read last. */
export function blastOf({ progress, tasks }: SessionView): string {
  const agents = new Set(
    tasks.flatMap(({ agent_id, state }) => (state === 'in_progress' ? (agent_id ?? []) : [])),
  );
  const open = progress.tasks_total - progress.tasks_completed - progress.tasks_failed;
  return `Tasks at work: ${progress.tasks_in_work}, with ${agents.size} agents; not done: ${open} of ${progress.tasks_total}.`;
}

/** What has to be typed before it is destroyed. */
export function typedOf(id: string): string {
  return shortId(id).replace('…', '');
}
