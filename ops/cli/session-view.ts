/**
 * A session at work, as a terminal shows it: a block of bars that redraws itself (log-update alone knows how), or a
 * line for each change where nothing can be redrawn.
 */
import { createLogUpdate } from 'log-update';
import type { SessionView } from '#protocols/http/session.ts';
import type { TaskView } from '#protocols/http/task.ts';
import { plain } from './output.ts';

const BAR = 16;
const TITLE = 48;
/** Rows that are left for the prompt and what was there. */
const ROWS_LEFT = 4;

export interface View {
  draw(session: SessionView, tasks: readonly TaskView[]): void;
  /** Leaves what was drawn last in place. */
  end(): void;
}

export function buildTerminalView(out: NodeJS.WriteStream, footer = ''): View {
  const update = createLogUpdate(out);
  return {
    draw(session, tasks) {
      const room = Math.max(3, (out.rows ?? 24) - ROWS_LEFT);
      const shown = busiestFirst(tasks, room);
      const hidden = tasks.length - shown.length;
      const more = hidden > 0 ? [`  … and ${hidden} more`] : [];
      const width = Math.max(40, out.columns ?? 100) - 1;
      const lines = [headline(session), ...shown.map(row), ...more, ...(footer ? [footer] : [])];
      update(lines.map((line) => line.slice(0, width)).join('\n'));
    },
    end: () => update.done(),
  };
}

/** `write` gets whole lines. */
export function buildLineView(write: (text: string) => void): View {
  const last = new Map<string, string>();
  const say = (id: string, line: string) => {
    if (last.get(id) === line) return;
    last.set(id, line);
    write(`${line}\n`);
  };
  return {
    draw(session, tasks) {
      say(session.id, `session ${session.state}`);
      for (const task of tasks) {
        const who = task.agent_id ? ` by ${task.agent_id}, attempt ${task.attempt}` : '';
        say(task.id, `  ${plain(task.title)}: ${task.state}${who}`);
      }
    },
    end: () => undefined,
  };
}

const AT_WORK: ReadonlySet<TaskView['state']> = new Set(['in_progress', 'assigned', 'failed']);

/** All in their order where there is room; else those at work before the others. */
function busiestFirst(tasks: readonly TaskView[], room: number): readonly TaskView[] {
  if (tasks.length <= room) return tasks;
  return tasks.toSorted((a, b) => Number(AT_WORK.has(b.state)) - Number(AT_WORK.has(a.state))).slice(0, room);
}

function headline(session: SessionView): string {
  const { progress, metrics } = session;
  const tokens = metrics.tokens_in + metrics.tokens_out;
  const time = `${(metrics.execution_seconds ?? 0).toFixed(0)} s`;
  return `${session.state.padEnd(20)} ${progress.tasks_completed}/${progress.tasks_total} tasks · ${tokens} tokens · ${time}`;
}

function row(task: TaskView): string {
  const percent = task.state === 'completed' ? 100 : (task.percent ?? 0);
  const full = Math.round((Math.min(100, Math.max(0, percent)) / 100) * BAR);
  const bar = '█'.repeat(full) + '░'.repeat(BAR - full);
  const note = task.state === 'in_progress' ? plain(task.note ?? '') : '';
  const title = plain(task.title).slice(0, TITLE).padEnd(TITLE);
  return `  ${bar} ${task.state.padEnd(12)} ${title} ${task.agent_id ?? ''} ${note}`;
}
