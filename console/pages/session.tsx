/** One session: what it does and why. Its plan at the left as graph, Gantt or table; at the right what happens in it. */
import { useNavigate, useParams } from '@solidjs/router';
import { createMemo, For, Match, Show, Switch } from 'solid-js';
import type { SessionView } from '#protocols/http/session.ts';
import { Approvals } from '../components/approvals.tsx';
import { AsOfBar } from '../components/as-of-bar.tsx';
import { DiffView } from '../components/diff-view.tsx';
import { GanttChart } from '../components/gantt-chart.tsx';
import { ListingNotice } from '../components/listing-notice.tsx';
import { PlanTable } from '../components/plan-table.tsx';
import { Screen } from '../components/screen.tsx';
import { SessionActs } from '../components/session-acts.tsx';
import { SessionBand } from '../components/session-band.tsx';
import { SessionFacts } from '../components/session-facts.tsx';
import { SessionLogView } from '../components/session-log-view.tsx';
import { SessionTimeline } from '../components/session-timeline.tsx';
import { TaskGraph } from '../components/task-graph.tsx';
import { TaskPane } from '../components/task-pane.tsx';
import { type AsOf, createAsOf } from '../data/create-as-of.ts';
import { createSession, type SessionData } from '../data/create-session.ts';
import { createSessionView, PANES, PLAN_VIEWS, type SessionScreen } from '../data/create-session-view.ts';
import { useConsole } from '../data/use-console.ts';
import { createKeys } from '../keyboard.ts';
import '../styles/tools.css';
import '../styles/session.css';
import '../styles/plan.css';
import '../styles/session-panes.css';

export function Session() {
  const params = useParams<{ id: string }>();
  const asOf = createAsOf(createSession(() => params.id));
  const { data } = asOf;
  return (
    <Screen name={data.session()?.title ?? 'Session'}>
      <Show
        when={data.session()}
        fallback={
          <ListingNotice
            phase={data.phase()}
            isEmpty={true}
            what="SESSION"
            onRetry={data.reload}
            empty={
              <>
                <strong>THERE IS NO SUCH SESSION</strong>
                <a href="/sessions">All sessions</a>
              </>
            }
          />
        }
      >
        {(session) => <SessionDesk session={session()} data={data} asOf={asOf} />}
      </Show>
    </Screen>
  );
}

function SessionDesk(props: { session: SessionView; data: SessionData; asOf: AsOf }) {
  const navigate = useNavigate();
  const { nowSeconds } = useConsole();
  const screen = createSessionView(() => props.session, whole(props).tasks);
  createKeys('Session', [
    { key: 'Escape', help: 'back', act: () => (screen.task() ? screen.select(null) : navigate('/sessions')) },
    {
      key: 't',
      help: 'table and back',
      act: () => screen.setView(screen.view() === 'table' ? 'graph' : 'table'),
    },
    { key: 'v', help: 'next view of the plan', act: () => screen.turnView() },
    ...PANES.map(({ pane, key, name }) => ({ key, help: name, act: () => screen.setPane(pane) })),
    { key: 'z', help: 'widen the right side', act: () => screen.setWide(!screen.isWide()) },
    { key: 'j', help: 'next task', act: () => screen.step(1) },
    { key: 'k', help: 'task before', act: () => screen.step(-1) },
    { key: 'Enter', help: 'open the task', act: () => screen.setPane('task') },
  ]);
  return (
    <div class="session fill" data-session={props.session.id} data-state={props.session.state}>
      <header class="session-head">
        <a href="/sessions" class="dim">
          Sessions
        </a>
        <h2 class="clip" title={props.session.title}>
          {props.session.title}
        </h2>
        <Show when={props.asOf.moment() === null}>
          <SessionActs
            session={props.session}
            onChanged={props.data.show}
            onDeleted={() => navigate('/sessions')}
          />
        </Show>
      </header>
      <AsOfBar asOf={props.asOf} />
      <SessionBand session={props.session} plan={screen.plan()} nowSeconds={nowSeconds()} />
      <Show when={props.asOf.moment() === null}>
        <Approvals session={props.session.id} nowSeconds={nowSeconds()} />
      </Show>
      <div class={`desk ${screen.isWide() ? 'wide' : ''}`}>
        <PlanPanel {...props} screen={screen} />
        <PanePanel {...props} screen={screen} />
      </div>
    </div>
  );
}

/** The data of the page is one object for its whole life: what is taken out of it stays reactive. */
function whole(props: { data: SessionData }): SessionData {
  return props.data;
}

interface PartProps {
  session: SessionView;
  asOf: AsOf;
  data: SessionData;
  screen: SessionScreen;
}

function PlanPanel(props: PartProps) {
  const open = (id: string) => {
    props.screen.select(id);
    props.screen.setPane('task');
  };
  return (
    <section class="panel plan" aria-label="Plan">
      <header>
        <h2>Plan</h2>
        <span class="tabs">
          <For each={PLAN_VIEWS}>
            {(view) => (
              <button
                type="button"
                aria-pressed={props.screen.view() === view}
                onClick={() => props.screen.setView(view)}
              >
                {view}
              </button>
            )}
          </For>
        </span>
        <span class="dim push clip">
          {props.session.progress.percent} % of the hours done · <b>━</b> critical path
        </span>
      </header>
      <div class="body">
        <Show
          when={props.screen.plan().tasks.length > 0}
          fallback={
            <p class="notice">
              <strong>NOT PLANNED YET</strong>A session is planned when it is started.
            </p>
          }
        >
          <ListingNotice
            phase={props.data.tasksPhase()}
            isEmpty={false}
            what="TASKS"
            onRetry={props.data.reload}
            empty=""
          />
          <PlanView screen={props.screen} onOpen={open} />
        </Show>
      </div>
    </section>
  );
}

function PlanView(props: { screen: SessionScreen; onOpen: (id: string) => void }) {
  const plan = () => props.screen.plan();
  return (
    <Switch>
      <Match when={props.screen.view() === 'graph'}>
        <TaskGraph
          plan={plan()}
          taskOf={props.screen.taskOf}
          selectedId={props.screen.task()}
          onSelect={props.screen.select}
          onOpen={props.onOpen}
        />
      </Match>
      <Match when={props.screen.view() === 'gantt'}>
        <GanttChart
          gantt={props.screen.gantt()}
          isCritical={(id) => plan().isCritical[plan().placeOf.get(id) ?? -1] === true}
          selectedId={props.screen.task()}
          onSelect={props.screen.select}
        />
      </Match>
      <Match when={props.screen.view() === 'table'}>
        <PlanTable
          plan={plan()}
          taskOf={props.screen.taskOf}
          rowOf={(id) => props.screen.gantt().rows.find((row) => row.id === id)}
          selectedId={props.screen.task()}
          onSelect={props.screen.select}
          onOpen={props.onOpen}
        />
      </Match>
    </Switch>
  );
}

function PanePanel(props: PartProps) {
  return (
    <section class="panel side" aria-label="What happens">
      <header>
        <span class="tabs">
          <For each={PANES}>
            {({ pane, name, key }) => (
              <button
                type="button"
                aria-pressed={props.screen.pane() === pane}
                onClick={() => props.screen.setPane(pane)}
              >
                {name} <kbd>{key}</kbd>
              </button>
            )}
          </For>
        </span>
        <button
          type="button"
          class="push extra"
          aria-pressed={props.screen.isWide()}
          onClick={() => props.screen.setWide(!props.screen.isWide())}
        >
          {props.screen.isWide() ? '▷ narrow' : '◁ widen'}
        </button>
      </header>
      <div class="body">
        <Pane {...props} />
      </div>
    </section>
  );
}

function Pane(props: PartProps) {
  const screen = () => props.screen;
  const kept = createMemo(() => new Set(props.data.checkpoints().map(({ sequence }) => sequence)));
  const ordered = createMemo(() => props.session.tasks.flatMap(({ id }) => screen().taskOf(id) ?? []));
  return (
    <>
      <Show when={screen().pane() === 'log' || screen().pane() === 'history'}>
        <ListingNotice
          phase={props.data.eventsPhase()}
          isEmpty={false}
          what="EVENTS"
          onRetry={props.data.reload}
          empty=""
        />
      </Show>
      <Switch>
        <Match when={screen().pane() === 'log'}>
          <SessionLogView
            lines={props.data.log().lines}
            dropped={props.data.log().dropped}
            hidden={screen().hidden()}
            words={screen().words()}
            onHide={screen().setHidden}
            onWords={screen().setWords}
            titleOf={screen().titleOf}
            selectedTask={screen().task()}
            onSelect={screen().select}
          />
        </Match>
        <Match when={screen().pane() === 'history'}>
          <SessionTimeline
            items={props.data.timeline()}
            session={props.session}
            kept={kept()}
            titleOf={screen().titleOf}
            selectedTask={screen().task()}
            onSelect={screen().select}
            onChanged={props.data.show}
            isPast={props.asOf.moment() !== null}
            onAsOf={props.asOf.goTo}
          />
        </Match>
        <Match when={screen().pane() === 'diff'}>
          <DiffView
            tasks={ordered()}
            selectedTask={screen().task()}
            onSelect={screen().select}
            file={screen().file()}
            onFile={screen().setFile}
          />
        </Match>
        <Match when={screen().selected()}>
          {(task) => (
            <TaskPane
              task={task()}
              slackHours={screen().plan().slackHours[screen().plan().placeOf.get(task().id) ?? -1] ?? 0}
              isCritical={screen().plan().isCritical[screen().plan().placeOf.get(task().id) ?? -1] === true}
              titleOf={screen().titleOf}
              onSelect={screen().select}
              onDiff={() => screen().setPane('diff')}
            />
          )}
        </Match>
        <Match when={true}>
          <SessionFacts session={props.session} />
        </Match>
      </Switch>
    </>
  );
}
