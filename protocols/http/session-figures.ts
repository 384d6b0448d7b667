/** What is read from a session rather than stored in it: progress, times, use, health. Pure. */
import { z } from 'zod';
import { LIMITS } from '../limits.ts';
import type { Session, SessionState } from '../session.ts';
import { NO_USAGE } from '../task.ts';
import { addUsage } from '../usage.ts';

export const SessionProgress = z
  .object({
    tasks_total: z.number().int(),
    tasks_completed: z.number().int(),
    tasks_failed: z.number().int(),
    tasks_in_work: z.number().int().describe('Assigned or in progress.'),
    percent: z.number().describe('Share of the expected hours that is done, 0 to 100.'),
  })
  .meta({ id: 'SessionProgress' });
export type SessionProgress = z.infer<typeof SessionProgress>;

export const SessionMetrics = z
  .object({
    queue_seconds: z
      .number()
      .nullable()
      .describe('Waited for capacity, in all runs; null before it was queued.'),
    execution_seconds: z.number().nullable().describe('At work; null before it began.'),
    total_seconds: z.number().describe('Since it was created, to its end or to now.'),
    tokens_in: z.number(),
    tokens_out: z.number(),
    cost_usd: z.number(),
    api_calls: z
      .number()
      .int()
      .describe("Calls of the model's API, as far as agents count them, those that failed among them."),
    api_errors: z.number().int().describe('Those of them that failed.'),
    tasks_total: z.number().int(),
    tasks_completed: z.number().int(),
    tasks_failed: z.number().int(),
    retry_count: z.number().int().describe('Runs that followed the first one by a retry.'),
    checkpoint_count: z
      .number()
      .int()
      .describe('Checkpoints made, those among them that are no longer kept.'),
    warnings: z.array(z.string()).describe('What a person should know of, the latest last.'),
    success_rate: z.number().nullable().describe('Completed of ended tasks; null while none has ended.'),
  })
  .meta({ id: 'SessionMetrics' });
export type SessionMetrics = z.infer<typeof SessionMetrics>;

const RECOVERABLE: ReadonlySet<SessionState> = new Set([
  'failed',
  'timeout',
  'stopped',
  'partially_completed',
]);

/** Health by state alone; null where it depends on the time used. */
const HEALTH_BY_STATE = {
  pending: 0.8,
  queued: 0.8,
  running: null,
  paused: 0.8,
  degraded: 0.5,
  completed: 1,
  partially_completed: 0.6,
  failed: 0,
  timeout: 0,
  stopped: 0,
  cancelled: 0,
  orphaned: 0,
} as const satisfies Record<SessionState, number | null>;

/** Percent is the share of expected hours done; a task that will not be done counts on neither side. */
export function progressOf(session: Session): SessionProgress {
  let hours = 0;
  let hoursDone = 0;
  let completed = 0;
  let failed = 0;
  let inWork = 0;
  const tasks = session.tasks.filter(({ superseded }) => !superseded);
  for (const task of tasks) {
    if (task.state === 'assigned' || task.state === 'in_progress') inWork += 1;
    if (task.state === 'completed') completed += 1;
    if (task.state === 'failed') failed += 1;
    if (task.state === 'skipped' || task.state === 'cancelled') continue;
    hours += task.expected_hours;
    if (task.state === 'completed') hoursDone += task.expected_hours;
  }
  const share = hours > 0 ? hoursDone / hours : Number(session.state === 'completed');
  return {
    tasks_total: tasks.length,
    tasks_completed: completed,
    tasks_failed: failed,
    tasks_in_work: inWork,
    percent: Math.round(share * 100),
  };
}

export function metricsOf(session: Session, nowMs: number): SessionMetrics {
  const endMs = toMs(session.ended_at) ?? nowMs;
  const queuedAtMs = toMs(session.queued_at);
  const waitsMs = session.state === 'queued' && queuedAtMs !== null ? Math.max(0, nowMs - queuedAtMs) : 0;
  const startedMs = toMs(session.started_at);
  const { retry_count, checkpoint_count, warnings } = session;
  const { tasks_total, tasks_completed, tasks_failed } = progressOf(session);
  const ended = tasks_completed + tasks_failed;
  const { tokens_in, tokens_out, cost_usd, api_calls, api_errors } = session.tasks.reduce(
    (sum, { usage }) => addUsage(sum, usage),
    NO_USAGE,
  );
  return {
    queue_seconds: queuedAtMs === null ? null : secondsBetween(0, session.queued_ms + waitsMs),
    execution_seconds: startedMs === null ? null : secondsBetween(startedMs, endMs),
    total_seconds: secondsBetween(toMs(session.created_at) ?? nowMs, endMs),
    tokens_in,
    tokens_out,
    cost_usd,
    api_calls: api_calls ?? 0,
    api_errors: api_errors ?? 0,
    tasks_total,
    tasks_completed,
    tasks_failed,
    retry_count,
    checkpoint_count,
    warnings,
    success_rate: ended === 0 ? null : tasks_completed / ended,
  };
}

/** From 0 to 1. While at work it falls with the share of the allowed time used, and with recent failed attempts. */
export function healthScoreOf(session: Session, nowMs: number): number {
  const fixed = HEALTH_BY_STATE[session.state];
  if (fixed !== null) return fixed;
  const usedSeconds = metricsOf(session, nowMs).execution_seconds ?? 0;
  const usedShare = usedSeconds / session.max_duration_seconds;
  const byTime = usedShare <= 0.7 ? 0.9 : usedShare <= 0.9 ? 0.7 : 0.3;
  return Math.max(0.1, round(byTime - 0.1 * failedOf(session.recent_attempts)));
}

export function isRecoverable(session: Session): boolean {
  return RECOVERABLE.has(session.state) && session.retry_count < LIMITS.retriesPerSessionMax;
}

/** How many of the latest attempts failed; one whose agent was lost is no failure. */
function failedOf(attempts: string): number {
  return attempts.replaceAll(/[^f]/g, '').length;
}

function toMs(time: string | null): number | null {
  return time === null ? null : Date.parse(time);
}

/** Clocks of two machines may differ: a time never runs backwards here. */
function secondsBetween(fromMs: number, toMs: number): number {
  return Math.max(0, Math.round((toMs - fromMs) / 100) / 10);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
