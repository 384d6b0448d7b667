import { createMemo, createSignal, For, Show } from 'solid-js';
import { shortSpan } from '../data/figures.ts';
import { LOG_KINDS, type LogKind, type LogLine } from '../data/session-log.ts';
import { createKeys } from '../keyboard.ts';
import { clockOf } from './session-timeline.tsx';
import { WindowedRows } from './windowed-rows.tsx';

export interface SessionLogProps {
  lines: readonly LogLine[];
  dropped: number;
  /** Kinds that are left out, and words that a line must have: as the address says them. */
  hidden: ReadonlySet<LogKind>;
  words: string;
  onHide: (hidden: ReadonlySet<LogKind>) => void;
  onWords: (words: string) => void;
  titleOf: (taskId: string) => string | undefined;
  selectedTask: string | null;
  onSelect: (taskId: string) => void;
}

const ROW_PX = 18;
const MARKS = { text: '“', tool: '⚙', shell: '$', file: '↓', state: '●' } as const satisfies Record<
  LogKind,
  string
>;

/** What the agents say and do, as it happens. It follows the newest until the reader goes up or pauses it. */
export function SessionLogView(props: SessionLogProps) {
  const [held, setHeld] = createSignal<readonly LogLine[] | null>(null);
  const [isAway, setAway] = createSignal(false);
  let filter: HTMLInputElement | undefined;
  const hold = () => setHeld(held() ? null : props.lines);
  createKeys('Log', [
    { key: 'space', help: 'pause the log', act: hold },
    { key: '/', help: 'find in the log', act: () => filter?.focus() },
  ]);
  const rows = createMemo(() => {
    const words = props.words.toLowerCase().split(/\s+/).filter(Boolean);
    const passes = (line: LogLine) =>
      !props.hidden.has(line.kind) && words.every((word) => textOf(line, props.titleOf).includes(word));
    return (held() ?? props.lines).filter(passes);
  });
  const missed = () => props.lines.length - (held()?.length ?? props.lines.length);
  const toggle = (kind: LogKind) => {
    const hidden = new Set(props.hidden);
    if (!hidden.delete(kind)) hidden.add(kind);
    props.onHide(hidden);
  };
  return (
    <>
      <div class="tools">
        <For each={LOG_KINDS}>
          {(kind) => (
            <button type="button" aria-pressed={!props.hidden.has(kind)} onClick={() => toggle(kind)}>
              {MARKS[kind]} {kind}
            </button>
          )}
        </For>
        <search class="find">
          <input
            ref={filter}
            type="text"
            value={props.words}
            aria-label="Find in the log"
            placeholder="find: words, a task, a tool"
            onInput={(event) => props.onWords(event.currentTarget.value)}
            onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
          />
        </search>
        <button type="button" aria-pressed={held() !== null} onClick={hold}>
          {held() ? '▶ go on' : '‖ pause'}
        </button>
      </div>
      <Show when={held() || isAway()}>
        <p class="held" role="status">
          {held() ? `PAUSED · ${missed()} new` : 'READING · new lines come below'}
        </p>
      </Show>
      <Show when={props.dropped > 0}>
        <p class="dim note">The oldest {props.dropped} lines are no longer kept here.</p>
      </Show>
      <Show when={rows().length === 0}>
        <p class="notice">
          <strong>{props.lines.length === 0 ? 'NOTHING SAID YET' : 'NO LINE PASSES'}</strong>
          {props.lines.length === 0 ? 'What its agents say and do appears here.' : 'Take a filter away.'}
        </p>
      </Show>
      <WindowedRows
        name="Log of the session"
        role="log"
        class="log"
        rows={rows()}
        rowPx={ROW_PX}
        follows={held() === null}
        onLeave={setAway}
      >
        {(line) => (
          <Line
            line={line()}
            title={titleOf(line(), props)}
            isMarked={line().taskId !== null && line().taskId === props.selectedTask}
            onSelect={props.onSelect}
          />
        )}
      </WindowedRows>
    </>
  );
}

interface LineProps {
  line: LogLine;
  title: string;
  /** It is of the selected task. */
  isMarked: boolean;
  onSelect: (id: string) => void;
}

function Line(props: LineProps) {
  return (
    <div
      class={`line of-${props.line.kind} ${props.isMarked ? 'marked' : ''}`}
      data-line={props.line.kind}
      title={props.line.words}
    >
      <span class="dim">{clockOf(props.line.atMs)}</span>
      <button
        type="button"
        class="link clip dim"
        tabindex="-1"
        onClick={() => props.line.taskId && props.onSelect(props.line.taskId)}
      >
        {props.title}
      </button>
      <span class={`clip ${props.line.tone}`}>
        <b aria-hidden="true">{MARKS[props.line.kind]}</b> {props.line.head.replaceAll('_', ' ')}
      </span>
      <span class="clip">{props.line.words}</span>
      <span class="number dim">{props.line.tookMs === null ? '' : spanOf(props.line.tookMs)}</span>
    </div>
  );
}

function spanOf(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : shortSpan(ms / 1_000);
}

function titleOf(line: LogLine, { titleOf: of }: Pick<SessionLogProps, 'titleOf'>): string {
  return line.taskId === null ? 'session' : (of(line.taskId) ?? line.taskId);
}

function textOf(line: LogLine, of: SessionLogProps['titleOf']): string {
  return `${titleOf(line, { titleOf: of })} ${line.head} ${line.words}`.toLowerCase();
}
