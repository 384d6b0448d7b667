import { createMemo, Show } from 'solid-js';
import type { SessionView } from '#protocols/http/session.ts';
import { sessionApi } from '../data/session-api.ts';
import type { TimelineItem } from '../data/timeline.ts';
import { confirm } from './confirm.tsx';
import { WindowedRows } from './windowed-rows.tsx';

export interface SessionTimelineProps {
  items: readonly TimelineItem[];
  session: SessionView;
  /** Sequences of the checkpoints that are still kept. */
  kept: ReadonlySet<number>;
  titleOf: (taskId: string) => string | undefined;
  selectedTask: string | null;
  onSelect: (taskId: string) => void;
  onChanged: (session: SessionView) => void;
  /** It is shown as of an earlier event: nothing is done to it. */
  isPast: boolean;
  /** Shows the session as of this event. */
  onAsOf: (seq: number) => void;
}

const ROW_PX = 38;
const MARKS = {
  state: '●',
  plan: '≡',
  checkpoint: '◆',
  prompt: '»',
  budget: '$',
  task: '·',
  family: '⌥',
} as const satisfies Record<TimelineItem['kind'], string>;

/** The history, the newest on top; a checkpoint can be gone back to where the session allows it. */
export function SessionTimeline(props: SessionTimelineProps) {
  const newest = createMemo(() => props.items.toReversed());
  const mayRestore = () =>
    !props.isPast && (props.session.state === 'paused' || props.session.is_recoverable);
  const restore = (sequence: number) =>
    confirm({
      title: `Go back to checkpoint ${sequence}`,
      object: props.session.title,
      consequence:
        'Tasks that were completed then are completed again, all others begin anew once it goes on. What was used stays used.',
      verb: 'go back',
      needs: 'sessions.write',
      reason: 'none',
      act: async () => props.onChanged(await sessionApi.restore(props.session.id, sequence)),
    });
  return (
    <WindowedRows name="History, the newest first" rows={newest()} rowPx={ROW_PX} class="timeline" role="log">
      {(item) => (
        <div class={`step of-${item().kind}`} data-step={item().head}>
          <button
            type="button"
            class="link dim"
            title="The session as of this"
            onClick={() => props.onAsOf(item().seq)}
          >
            <time datetime={new Date(item().atMs).toISOString()}>{clockOf(item().atMs)}</time>
          </button>
          <b class={item().tone} aria-hidden="true">
            {MARKS[item().kind]}
          </b>
          <div class="clip">
            <span class={item().kind === 'task' ? item().tone : `head ${item().tone}`}>{item().head}</span>{' '}
            <Show when={item().taskId}>
              {(task) => (
                <button
                  type="button"
                  class="link"
                  aria-pressed={task() === props.selectedTask}
                  onClick={() => props.onSelect(task())}
                >
                  {props.titleOf(task()) ?? task()}
                </button>
              )}
            </Show>
            <div class="dim clip">
              {item().words}
              <Show when={item().who}> · {item().who}</Show>
            </div>
          </div>
          <Show when={mayRestore() && props.kept.has(item().sequence ?? -1)}>
            <button type="button" onClick={() => restore(item().sequence ?? 0)}>
              go back
            </button>
          </Show>
        </div>
      )}
    </WindowedRows>
  );
}

/** In universal time, as the clock of the shell. */
export function clockOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 19);
}
