import { For, Show } from 'solid-js';
import type { SessionProgress } from '#protocols/http/session-figures.ts';

/** More tasks than these are a bar instead of a cell each. */
const CELLS_MAX = 24;

/** A session's tasks as cells: done, failed, in work, still to do. */
export function ProgressCells(props: { progress: SessionProgress }) {
  const label = () => `${props.progress.tasks_completed} of ${props.progress.tasks_total} tasks done`;
  return (
    <Show when={props.progress.tasks_total > 0} fallback={<span class="dim">not planned</span>}>
      <Show
        when={props.progress.tasks_total <= CELLS_MAX}
        fallback={<PercentBar percent={props.progress.percent} />}
      >
        <span class="cells" role="img" aria-label={label()}>
          <For each={tonesOf(props.progress)}>{(tone) => <i class={tone} />}</For>
        </span>
      </Show>
    </Show>
  );
}

export function PercentBar(props: { percent: number; tone?: string }) {
  return (
    <span
      class={`bar ${props.tone ?? 'done'}`}
      role="img"
      aria-label={`${Math.round(props.percent)} percent`}
    >
      <i style={{ width: `${Math.min(100, Math.max(0, props.percent))}%` }} />
    </span>
  );
}

function tonesOf(progress: SessionProgress): string[] {
  const { tasks_total, tasks_completed, tasks_failed, tasks_in_work } = progress;
  return Array.from({ length: tasks_total }, (_, index) => {
    if (index < tasks_completed) return 'done';
    if (index < tasks_completed + tasks_failed) return 'fail';
    return index < tasks_completed + tasks_failed + tasks_in_work ? 'run' : '';
  });
}
