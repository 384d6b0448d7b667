/**
 * What a task says of itself, against what its session knows. Pure.
 *
 * A task's reports are ordered by (attempt, rank): an attempt's number only grows, and `ready` already bears the
 * number of the attempt to come. So a report that is late, or comes twice, is told from news without a counter.
 */
import type { SessionMessage, TaskSummary } from '#protocols/session.ts';
import { RESUMED, type TaskState } from '#protocols/task.ts';
import { shortError } from './shorten.ts';

export type TaskNews = Extract<SessionMessage, { type: 'task_changed' }>;

const AT_WORK = 3;
const FINAL = 5;
/** A failed attempt after which another one comes. */
const FAILED_FOR_NOW = 4;

const RANK = {
  pending: 0,
  ready: 1,
  assigned: 2,
  in_progress: AT_WORK,
  blocked: AT_WORK,
  paused: AT_WORK,
  failed: FINAL,
  completed: FINAL,
  cancelled: FINAL,
  skipped: FINAL,
} as const satisfies Record<TaskState, number>;

export function isNews(known: TaskSummary, news: TaskNews): boolean {
  const rankKnown = rankOf(known.state, known.retrying);
  const rankNews = rankOf(news.state, news.reason === 'retry');
  // An end is the last that is heard of a task, whatever attempt it names.
  if (rankKnown === FINAL || rankNews === FINAL) return rankNews > rankKnown;
  if (news.attempt !== known.attempt) return news.attempt > known.attempt;
  return rankNews > rankKnown || isWayBack(known.state, news);
}

export function updated(known: TaskSummary, news: TaskNews): TaskSummary {
  const { state, agent_id, usage, branch } = news;
  const error = shortError(news.error);
  const attempt = Math.max(known.attempt, news.attempt);
  const retrying = isRetrying(known, news);
  const begun = known.begun || state === 'in_progress' ? ({ begun: true } as const) : {};
  // An attempt that is at work waits for what it waited for; another state has none at work.
  const { waits_for, ...others } = known;
  const waits = state === 'in_progress' && waits_for ? { waits_for } : {};
  return { ...others, state, attempt, agent_id, error, usage, branch, retrying, ...begun, ...waits };
}

/** Within an attempt a task may be held and let go again. */
function isWayBack(known: TaskState, { state, reason }: TaskNews): boolean {
  if (known === state) return false;
  return (RANK[known] === AT_WORK && RANK[state] === AT_WORK) || (known === 'blocked' && reason === RESUMED);
}

function rankOf(state: TaskState, isForNow: boolean): number {
  return state === 'failed' && isForNow ? FAILED_FOR_NOW : RANK[state];
}

/** From the failure or the loss until the next attempt is at work. */
function isRetrying(known: TaskSummary, { state, reason }: TaskNews): boolean {
  if (state === 'failed') return reason === 'retry';
  if (state === 'ready' || state === 'assigned') return reason === 'agent_lost' || known.retrying;
  return false;
}
