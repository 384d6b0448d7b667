/** One session under the reader's eyes, with its tasks: the one that the address names. */
import { type Accessor, createEffect, createSignal, on } from 'solid-js';
import type { SessionSummary, SessionView } from '#protocols/http/session.ts';
import type { TaskView } from '#protocols/http/task.ts';
import { api } from './api.ts';
import { SYSTEM_CLOCK } from './clock.ts';
import type { Listing } from './create-listing.ts';
import { createLiveListing } from './create-live-listing.ts';
import { createQuery } from './create-query.ts';
import { Entities } from './entities.ts';
import { useConsole } from './use-console.ts';

export interface SessionDesk {
  readonly sessions: Listing<SessionSummary>;
  readonly tasks: Listing<TaskView>;
  readonly selectedId: Accessor<string | null>;
  /** The selected session, whole, once it is read. */
  readonly selected: Accessor<SessionView | null>;
  readonly select: (id: string | null) => void;
  /** Takes a session that an answer brought, before its event comes. */
  readonly show: (session: SessionView) => void;
}

/** `pinned`: the id that the path names; without, the query's `session` is the selected one. */
export function createSessionDesk(pinned?: Accessor<string>): SessionDesk {
  const { sessions } = useConsole();
  const [queried, setQueried] = createQuery('session');
  const selectedId = () => pinned?.() ?? (queried() || null);
  const [whole, setWhole] = createWhole(selectedId);
  const selected = () => (whole()?.id === selectedId() ? whole() : null);
  const tasks = createTasksOf(selectedId, selected);
  return {
    sessions,
    tasks,
    selectedId,
    selected,
    select: setQueried,
    show: (session) => {
      sessions.put(session);
      if (session.id === selectedId()) setWhole(session);
    },
  };
}

/** The session of this id, whole, read again when an event says that it is newer. */
function createWhole(
  selectedId: Accessor<string | null>,
): [Accessor<SessionView | null>, (session: SessionView) => void] {
  const { listen, anew } = useConsole();
  const [whole, setWhole] = createSignal<SessionView | null>(null);
  const entities: Entities<SessionView> = new Entities<SessionView>({
    load: api.session,
    clock: SYSTEM_CLOCK,
    onChange: () => setWhole(entities.get(selectedId() ?? '') ?? null),
  });
  const read = async (id: string | null) => {
    const session = id ? await api.session(id).catch(() => null) : null;
    if (id === selectedId()) entities.merge(session ? [session] : [], true);
  };
  createEffect(on([selectedId, anew], ([id]) => void read(id)));
  listen(({ payload: { address, version } }) => {
    const [type, , id = ''] = address.split('/');
    if (type === 'session' && id === selectedId()) entities.hear(id, version);
  });
  return [whole, (session) => entities.merge([session])];
}

/** The tasks of the selected session, in the order of its plan. A session that was planned anew has other ones. */
function createTasksOf(
  selectedId: Accessor<string | null>,
  selected: Accessor<SessionView | null>,
): Listing<TaskView> {
  const placeOf = (id: string) => selected()?.tasks.findIndex((task) => task.id === id) ?? -1;
  const listing = createLiveListing<TaskView>({
    type: 'task',
    list: async () => {
      const id = selectedId();
      return id ? api.tasksOf(id) : { items: [], page: 1, page_size: 1, total: 0, pages: 0 };
    },
    load: api.task,
    order: (a, b) => placeOf(a.id) - placeOf(b.id),
    of: selectedId,
    concerns: ({ payload }) => placeOf(payload.address.split('/')[2] ?? '') !== -1,
  });
  const taskIds = () =>
    selected()
      ?.tasks.map((task) => task.id)
      .join();
  createEffect(on(taskIds, () => void listing.reload(), { defer: true }));
  return listing;
}
