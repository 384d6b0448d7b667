/** All that the page knows, fed by one live line: sessions, the selected one with its tasks, agents, the tail. */
import { type Accessor, createEffect, createSignal, on, onCleanup, onMount } from 'solid-js';
import type { LiveFrame } from '#protocols/events.ts';
import type { AgentView } from '#protocols/http/agent.ts';
import type { SessionSummary, SessionView } from '#protocols/http/session.ts';
import type { TaskView } from '#protocols/http/task.ts';
import { api } from './api.ts';
import { SYSTEM_CLOCK } from './clock.ts';
import { createListing, type Listing } from './create-listing.ts';
import { createTail, type Tail } from './create-tail.ts';
import { type Line, makeLiveEvents, type Socket } from './live-events.ts';

export interface ConsoleData {
  readonly line: Accessor<Line>;
  readonly retryNow: () => void;
  readonly tail: Tail;
  /** Events that the gateway left out since the page was opened, because it could not follow. */
  readonly leftOut: Accessor<number>;
  readonly sessions: Listing<SessionSummary>;
  readonly agents: Listing<AgentView>;
  readonly tasks: Listing<TaskView>;
  readonly selectedId: Accessor<string | null>;
  /** The selected session, whole, once it is read. */
  readonly selected: Accessor<SessionView | null>;
  readonly select: (id: string | null) => void;
  /** Takes a session that an answer brought, before its event comes. */
  readonly show: (session: SessionView) => void;
  /** Seconds since the epoch, moving. */
  readonly nowSeconds: Accessor<number>;
}

const HISTORY = 200;
const RELOAD_PAUSE_MS = 2_000;
const PARAMETER = 'session';

export function createConsole(): ConsoleData {
  const tail = createTail();
  const nowSeconds = createNow();
  const [selectedId, select] = createSelection();
  const selectedView = createSignal<SessionView | null>(null);
  const sessions = createSessions(selectedId, selectedView[1]);
  const agents = createListing<AgentView>({
    list: api.agents,
    load: api.agent,
    order: (a, b) => a.name.localeCompare(b.name),
  });
  const tasks = createTasksOf(selectedId, selectedView[0]);
  const reload = () => Promise.all([sessions.reload(), agents.reload(), tasks.reload()]);

  const [leftOut, setLeftOut] = createSignal(0);
  const reloadSoon = createPause(() => void reload());
  const [line, setLine] = createSignal<Line>({ state: 'connecting' });
  const events = makeLiveEvents({
    url: `${location.origin.replace(/^http/, 'ws')}/ws`,
    history: HISTORY,
    open: (url) => new WebSocket(url) as Socket,
    clock: SYSTEM_CLOCK,
    random: Math.random,
    onLine: setLine,
    onGap: () => void reload(),
    onThinned: (count) => {
      setLeftOut(leftOut() + count);
      reloadSoon();
    },
    onFrames: (frames) => {
      tail.push(frames);
      for (const frame of frames) tell(frame, { sessions, agents, tasks, selected: selectedView[0] });
    },
  });
  onCleanup(events.stop.bind(events));
  listenToWindow(events.retryNow.bind(events));
  // Read when the line is up, so that nothing happens unheard between the two; and at the start in any case.
  createEffect(
    on(
      () => line().state === 'live',
      (isLive, wasLive) => {
        if (isLive || wasLive === undefined) void reload();
        return isLive;
      },
    ),
  );
  // A session that was planned anew has other tasks.
  const taskIds = () =>
    selectedView[0]()?.tasks
      .map((task) => task.id)
      .join();
  createEffect(on(taskIds, () => void tasks.reload(), { defer: true }));
  return {
    line,
    retryNow: events.retryNow.bind(events),
    tail,
    leftOut,
    sessions,
    agents,
    tasks,
    selectedId,
    selected: () => (selectedView[0]()?.id === selectedId() ? selectedView[0]() : null),
    select,
    show: (session) => {
      sessions.put(session);
      if (session.id === selectedId()) selectedView[1](session);
    },
    nowSeconds,
  };
}

/** Calls `then` a moment after it was asked to, once for all that ask within that moment. */
function createPause(then: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  onCleanup(() => timer !== null && clearTimeout(timer));
  return () => {
    timer ??= setTimeout(() => {
      timer = null;
      then();
    }, RELOAD_PAUSE_MS);
  };
}

function createSessions(
  selectedId: Accessor<string | null>,
  setSelected: (view: SessionView) => void,
): Listing<SessionSummary> {
  const load = async (id: string): Promise<SessionView | null> => {
    const view = await api.session(id);
    if (view && id === selectedId()) setSelected(view);
    return view;
  };
  createEffect(
    on(selectedId, (id) => {
      if (id) void load(id).catch(() => undefined);
    }),
  );
  return createListing<SessionSummary>({
    list: api.sessions,
    load,
    order: (a, b) => (a.created_at < b.created_at ? 1 : -1),
  });
}

/** The tasks of the selected session, in the order of its plan. */
function createTasksOf(
  selectedId: Accessor<string | null>,
  selected: Accessor<SessionView | null>,
): Listing<TaskView> {
  const placeOf = (id: string) => selected()?.tasks.findIndex((task) => task.id === id) ?? -1;
  const listing = createListing<TaskView>({
    list: async () => {
      const id = selectedId();
      return id ? api.tasksOf(id) : { items: [], page: 1, page_size: 1, total: 0, pages: 0 };
    },
    load: api.task,
    order: (a, b) => placeOf(a.id) - placeOf(b.id),
  });
  const begin = () => {
    listing.clear();
    void listing.reload();
  };
  createEffect(on(selectedId, begin, { defer: true }));
  return listing;
}

interface Hearers {
  readonly sessions: Listing<SessionSummary>;
  readonly agents: Listing<AgentView>;
  readonly tasks: Listing<TaskView>;
  readonly selected: Accessor<SessionView | null>;
}

/** Says to whom it concerns that something is newer. The state itself is read, never taken from the event. */
function tell(frame: LiveFrame, hearers: Hearers): void {
  const { address, name, version } = frame.payload;
  const [type, , id = ''] = address.split('/');
  if (type === 'session' && name === 'deleted') hearers.sessions.drop(id);
  else if (type === 'session') hearers.sessions.hear(id, version);
  else if (type === 'agent') hearers.agents.hear(id, version);
  else if (type === 'task' && hearers.selected()?.tasks.some((task) => task.id === id)) {
    hearers.tasks.hear(id, version);
  }
}

function createNow(): Accessor<number> {
  const [now, setNow] = createSignal(Math.floor(Date.now() / 1_000));
  const timer = setInterval(() => setNow(Math.floor(Date.now() / 1_000)), 1_000);
  onCleanup(() => clearInterval(timer));
  return now;
}

/** The selected session stands in the address, so that it can be passed on. */
function createSelection(): [Accessor<string | null>, (id: string | null) => void] {
  const read = () => new URLSearchParams(location.search).get(PARAMETER);
  const [selectedId, setSelectedId] = createSignal(read());
  const follow = () => setSelectedId(read());
  window.addEventListener('popstate', follow);
  onCleanup(() => window.removeEventListener('popstate', follow));
  const select = (id: string | null) => {
    const address = new URL(location.href);
    if (id) address.searchParams.set(PARAMETER, id);
    else address.searchParams.delete(PARAMETER);
    history.replaceState(null, '', address);
    setSelectedId(id);
  };
  return [selectedId, select];
}

/** A machine that is online again, or a page that is seen again, does not wait for its next try. */
function listenToWindow(retryNow: () => void): void {
  const onVisible = () => {
    if (document.visibilityState === 'visible') retryNow();
  };
  onMount(() => {
    window.addEventListener('online', retryNow);
    document.addEventListener('visibilitychange', onVisible);
  });
  onCleanup(() => {
    window.removeEventListener('online', retryNow);
    document.removeEventListener('visibilitychange', onVisible);
  });
}
