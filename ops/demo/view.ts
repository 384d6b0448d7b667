/** What the demo shows while a session runs: a table that redraws itself on a terminal, a line a change elsewhere. */
import type { SessionView } from '#protocols/http/session.ts';
import type { TaskView } from '#protocols/http/task.ts';

const BAR = 16;
const TITLE = 58;

export interface View {
  draw(session: SessionView, tasks: readonly TaskView[]): void;
  end(): void;
}

export function buildView(out: NodeJS.WriteStream): View {
  return out.isTTY ? terminalView(out) : lineView(out);
}

function terminalView(out: NodeJS.WriteStream): View {
  let drawn = 0;
  return {
    draw(session, tasks) {
      const width = Math.max(40, out.columns ?? 100) - 1;
      const lines = [headline(session), ...tasks.map(row)].map((line) => line.slice(0, width));
      if (drawn > 0) out.write(`\x1b[${drawn}A`);
      for (const line of lines) out.write(`\x1b[2K${line}\n`);
      drawn = lines.length;
    },
    end: () => undefined,
  };
}

function lineView(out: NodeJS.WriteStream): View {
  const last = new Map<string, string>();
  const say = (id: string, line: string) => {
    if (last.get(id) === line) return;
    last.set(id, line);
    out.write(`${line}\n`);
  };
  return {
    draw(session, tasks) {
      say(session.id, `session ${session.state}`);
      for (const task of tasks) {
        const who = task.agent_id ? ` by ${task.agent_id}, attempt ${task.attempt}` : '';
        say(task.id, `  ${task.title}: ${task.state}${who}`);
      }
    },
    end: () => undefined,
  };
}

function headline(session: SessionView): string {
  const { progress, metrics } = session;
  const tokens = metrics.tokens_in + metrics.tokens_out;
  const time = `${(metrics.execution_seconds ?? 0).toFixed(0)} s`;
  return `${session.state.padEnd(20)} ${progress.tasks_completed}/${progress.tasks_total} tasks · ${tokens} tokens · ${time}`;
}

function row(task: TaskView): string {
  const percent = task.percent ?? 0;
  const full = Math.round((percent / 100) * BAR);
  const bar = '█'.repeat(full) + '░'.repeat(BAR - full);
  const note = task.state === 'in_progress' ? (task.note ?? '') : '';
  return `  ${bar} ${task.state.padEnd(12)} ${task.title.slice(0, TITLE).padEnd(TITLE)} ${task.agent_id ?? ''} ${note.split('\n', 1)[0] ?? ''}`;
}
