/** How one session is looked at: which view of its plan, which pane, which task; all of it stands in the address. */
import { type Accessor, createMemo } from 'solid-js';
import type { SessionView } from '#protocols/http/session.ts';
import type { TaskView } from '#protocols/http/task.ts';
import { createQuery } from './create-query.ts';
import { type Gantt, ganttOf } from './gantt.ts';
import { type Plan, planOf } from './plan-figures.ts';
import { LOG_KINDS, type LogKind } from './session-log.ts';
import { useConsole } from './use-console.ts';

export const PLAN_VIEWS = ['graph', 'gantt', 'table'] as const;
export type PlanViewName = (typeof PLAN_VIEWS)[number];

export const PANES = [
  { pane: 'log', name: 'log', key: 'l' },
  { pane: 'history', name: 'history', key: 'h' },
  { pane: 'diff', name: 'diff', key: 'd' },
  { pane: 'task', name: 'facts', key: 'i' },
] as const;
export type PaneName = (typeof PANES)[number]['pane'];

export interface SessionScreen {
  readonly plan: Accessor<Plan>;
  readonly gantt: Accessor<Gantt>;
  readonly taskOf: (id: string) => TaskView | undefined;
  readonly titleOf: (id: string) => string | undefined;
  /** Id of the selected task, and the task itself once it is read. */
  readonly task: Accessor<string | null>;
  readonly selected: Accessor<TaskView | undefined>;
  readonly select: (id: string | null) => void;
  /** Selects the task so many places on in the plan. */
  readonly step: (by: 1 | -1) => void;
  readonly view: Accessor<PlanViewName>;
  readonly setView: (view: PlanViewName) => void;
  readonly turnView: () => void;
  readonly pane: Accessor<PaneName>;
  readonly setPane: (pane: PaneName) => void;
  readonly isWide: Accessor<boolean>;
  readonly setWide: (isWide: boolean) => void;
  readonly file: Accessor<string>;
  readonly setFile: (path: string) => void;
  readonly words: Accessor<string>;
  readonly setWords: (words: string) => void;
  readonly hidden: Accessor<ReadonlySet<LogKind>>;
  readonly setHidden: (hidden: ReadonlySet<LogKind>) => void;
}

/** A phone has no room for the picture: there the table comes first. */
const NARROW = '(max-width: 700px)';

export function createSessionView(
  session: Accessor<SessionView>,
  tasks: Accessor<readonly TaskView[]>,
): SessionScreen {
  const plan = createMemo(() => planOf(session().tasks));
  const byId = createMemo(() => new Map(tasks().map((task) => [task.id, task])));
  const [task, setTask] = createQuery('task');
  const select = (id: string | null) => setTask(id);
  return {
    ...{ plan, gantt: createGantt(session, tasks), select },
    taskOf: (id) => byId().get(id),
    titleOf: (id) => plan().tasks[plan().placeOf.get(id) ?? -1]?.title,
    task: () => (plan().placeOf.has(task()) ? task() : null),
    selected: () => byId().get(task()),
    step: (by) => {
      const last = plan().tasks.length - 1;
      const at = plan().placeOf.get(task());
      const next = at === undefined ? (by === 1 ? 0 : last) : Math.min(last, Math.max(0, at + by));
      select(plan().tasks[next]?.id ?? null);
    },
    ...createLook(),
    ...createLogFilter(),
  };
}

/** It moves while something is open, and stands still when the session is over. */
function createGantt(session: Accessor<SessionView>, tasks: Accessor<readonly TaskView[]>): Accessor<Gantt> {
  const { nowSeconds } = useConsole();
  const nowMs = () => {
    const { ended_at } = session();
    return ended_at === null ? nowSeconds() * 1_000 : Date.parse(ended_at);
  };
  const order = () => session().tasks.map(({ id }) => id);
  return createMemo(() =>
    ganttOf(tasks(), { nowMs: nowMs(), startedAt: session().started_at, order: order() }),
  );
}

function createLook() {
  const [view, setView] = createQuery('view');
  const [pane, setPane] = createQuery('pane');
  const [wide, setWide] = createQuery('wide');
  const [file, setFile] = createQuery('file');
  const first = matchMedia(NARROW).matches ? 'table' : 'graph';
  const viewNow = () => PLAN_VIEWS.find((one) => one === view()) ?? first;
  return {
    view: viewNow,
    setView: (one: PlanViewName) => setView(one === first ? null : one),
    turnView: () => setView(PLAN_VIEWS[(PLAN_VIEWS.indexOf(viewNow()) + 1) % PLAN_VIEWS.length] ?? null),
    pane: () => PANES.find((one) => one.pane === pane())?.pane ?? 'log',
    setPane: (one: PaneName) => setPane(one === 'log' ? null : one),
    isWide: () => wide() === '1',
    setWide: (isWide: boolean) => setWide(isWide ? '1' : null),
    file,
    setFile,
  };
}

function createLogFilter() {
  const [words, setWords] = createQuery('find');
  const [hide, setHide] = createQuery('hide');
  const hidden = createMemo(() => new Set(LOG_KINDS.filter((kind) => hide().split(',').includes(kind))));
  return {
    ...{ words, setWords, hidden },
    setHidden: (kinds: ReadonlySet<LogKind>) => setHide([...kinds].join(',') || null),
  };
}
