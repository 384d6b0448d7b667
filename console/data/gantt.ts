/**
 * The tasks of a session over time: how long each waited and how long it was at work, attempt by attempt. Pure.
 *
 * A task waits from when nothing held it back any more: it was made, what it waits for had ended, the run had begun, the
 * attempt before had ended. It is at work from when its agent began.
 */
import type { TaskView } from '#protocols/http/task.ts';

export interface Bar {
  readonly kind: 'queue' | 'run';
  readonly fromMs: number;
  readonly toMs: number;
  /** Number of the attempt; that of the next one where it waits for it. */
  readonly attempt: number;
  /** What came of the attempt; null while it goes on, and of waiting. */
  readonly outcome: TaskView['attempts'][number]['outcome'];
  readonly isOpen: boolean;
}

export interface GanttRow {
  readonly id: string;
  readonly title: string;
  readonly state: TaskView['state'];
  readonly bars: readonly Bar[];
  readonly queueMs: number;
  readonly runMs: number;
}

export interface Gantt {
  readonly rows: readonly GanttRow[];
  readonly fromMs: number;
  readonly toMs: number;
}

export interface GanttOptions {
  readonly nowMs: number;
  /** When the present run of the session began; null: it did not. */
  readonly startedAt: string | null;
  /** Ids in the order in which the rows shall stand. */
  readonly order: readonly string[];
}

const WAITING: ReadonlySet<TaskView['state']> = new Set(['ready', 'failed']);

export function ganttOf(tasks: readonly TaskView[], options: GanttOptions): Gantt {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const rows = options.order.flatMap((id) => {
    const task = byId.get(id);
    return task ? [rowOf(task, byId, options)] : [];
  });
  const bars = rows.flatMap((row) => row.bars);
  const startedMs = options.startedAt === null ? options.nowMs : Date.parse(options.startedAt);
  return {
    rows,
    fromMs: bars.reduce((least, bar) => Math.min(least, bar.fromMs), startedMs),
    toMs: bars.reduce((most, bar) => Math.max(most, bar.toMs), startedMs + 1_000),
  };
}

function rowOf(task: TaskView, byId: ReadonlyMap<string, TaskView>, options: GanttOptions): GanttRow {
  const bars: Bar[] = [];
  let freeMs = freeFrom(task, byId, options);
  for (const attempt of task.attempts) {
    const { number, outcome } = attempt;
    const endMs = toMs(attempt.ended_at) ?? options.nowMs;
    const beganMs = toMs(attempt.started_at) ?? endMs;
    const waitedMs = waitsFrom(freeMs, toMs(attempt.assigned_at) ?? beganMs, options);
    const isOpen = attempt.ended_at === null;
    push(bars, {
      kind: 'queue',
      fromMs: waitedMs,
      toMs: beganMs,
      attempt: number,
      outcome: null,
      isOpen: false,
    });
    if (attempt.started_at !== null) {
      push(bars, { kind: 'run', fromMs: beganMs, toMs: endMs, attempt: number, outcome, isOpen });
    }
    freeMs = endMs;
  }
  const isNext = WAITING.has(task.state) && (task.state === 'ready' || task.state_reason === 'retry');
  if (isNext && freeMs !== null) {
    const attempt = task.attempts.length + 1;
    const fromMs = waitsFrom(freeMs, options.nowMs, options);
    push(bars, { kind: 'queue', fromMs, toMs: options.nowMs, attempt, outcome: null, isOpen: true });
  }
  const sum = (kind: Bar['kind']) =>
    bars.reduce((total, bar) => total + (bar.kind === kind ? bar.toMs - bar.fromMs : 0), 0);
  const { id, title, state } = task;
  return { id, title, state, bars, queueMs: sum('queue'), runMs: sum('run') };
}

/** When nothing held it back any more; null: something does. */
function freeFrom(
  task: TaskView,
  byId: ReadonlyMap<string, TaskView>,
  { startedAt }: GanttOptions,
): number | null {
  let fromMs = Math.max(toMs(task.created_at) ?? 0, task.attempts.length > 0 ? 0 : (toMs(startedAt) ?? 0));
  for (const { task_id, kind } of task.dependencies) {
    const other = byId.get(task_id);
    if (!other || kind === 'finish_to_finish' || kind === 'start_to_finish') continue;
    const first = other.attempts[0];
    const heldMs = kind === 'start_to_start' ? toMs(first?.started_at ?? null) : endOf(other);
    if (heldMs !== null) fromMs = Math.max(fromMs, heldMs);
  }
  return fromMs;
}

/** A run that began in between is where waiting began: nobody waited while the session was over. */
function waitsFrom(freeMs: number | null, untilMs: number, { startedAt }: GanttOptions): number {
  const startedMs = toMs(startedAt);
  const fromMs = Math.min(freeMs ?? untilMs, untilMs);
  return startedMs !== null && startedMs > fromMs && startedMs <= untilMs ? startedMs : fromMs;
}

function endOf({ attempts }: TaskView): number | null {
  return toMs(attempts.at(-1)?.ended_at ?? null);
}

/** Two machines' clocks may differ: no bar ends before it begins. */
function push(bars: Bar[], bar: Bar): void {
  if (bar.toMs > bar.fromMs || bar.kind === 'run')
    bars.push({ ...bar, toMs: Math.max(bar.fromMs, bar.toMs) });
}

function toMs(time: string | null): number | null {
  return time === null ? null : Date.parse(time);
}

/** Steps of a time axis: some `count` round ones over the span, as offsets from its beginning. */
export function ticksOf(spanMs: number, count: number): number[] {
  const rough = spanMs / Math.max(1, count);
  const step = STEPS_MS.find((one) => one >= rough) ?? Math.ceil(rough / DAY_MS) * DAY_MS;
  return Array.from({ length: Math.floor(spanMs / step) + 1 }, (_, index) => index * step);
}

const DAY_MS = 86_400_000;
const STEPS_MS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400,
].map((seconds) => seconds * 1_000);
