/** One session whole: itself, its tasks, its history, its log, its checkpoints; read once, kept current by events. */
import { type Accessor, createEffect, createMemo, createSignal, on, onCleanup } from 'solid-js';
import type { LiveFrame } from '#protocols/events.ts';
import type { CheckpointSummary } from '#protocols/http/checkpoint.ts';
import type { SessionView } from '#protocols/http/session.ts';
import type { TaskView } from '#protocols/http/task.ts';
import { api } from './api.ts';
import { type StateStep, toStep } from './as-of.ts';
import { SYSTEM_CLOCK } from './clock.ts';
import type { Phase } from './create-listing.ts';
import { Entities } from './entities.ts';
import { sessionApi } from './session-api.ts';
import { type LogLine, SessionLog } from './session-log.ts';
import { type TimelineItem, toTimelineItem } from './timeline.ts';
import { useConsole } from './use-console.ts';

export interface SessionData {
  readonly session: Accessor<SessionView | null>;
  /** `ready` with no session: there is none of this id. */
  readonly phase: Accessor<Phase>;
  readonly tasks: Accessor<readonly TaskView[]>;
  readonly tasksPhase: Accessor<Phase>;
  readonly log: Accessor<{ readonly lines: readonly LogLine[]; readonly dropped: number }>;
  readonly timeline: Accessor<readonly TimelineItem[]>;
  /** Each change of a state, the oldest first. */
  readonly steps: Accessor<readonly StateStep[]>;
  readonly eventsPhase: Accessor<Phase>;
  readonly checkpoints: Accessor<readonly CheckpointSummary[]>;
  readonly show: (session: SessionView) => void;
  readonly reload: () => void;
}

const WRITE_MS = 120;
const TIMELINE_MAX = 2_000;
/** Older ones than these can't be gone back behind. */
const STEPS_MAX = 20_000;
/** Pages of past events that are read: the log keeps fewer lines than they bring. */
const EVENT_PAGES_MAX = 20;
const RETRY_MS = 5_000;

export function createSession(id: Accessor<string>): SessionData {
  const [again, setAgain] = createSignal(0);
  const { anew } = useConsole();
  const asked = () => `${id()} ${anew()} ${again()}`;
  const whole = createWhole(id, asked);
  // What is of a session is asked for once it is there; '' asks for nothing.
  const isThere = createMemo(() => whole.session()?.id === id());
  const askedOf = () => (isThere() ? asked() : '');
  const isTask = (task: string) => whole.session()?.tasks.some((one) => one.id === task) === true;
  const tasks = createTasks({ id, asked: askedOf, session: whole.session, isTask });
  const events = createEvents({ id, asked: askedOf, isTask });
  const checkpoints = createCheckpoints(id, () => whole.session()?.checkpoint_count ?? 0);
  return {
    session: whole.session,
    phase: whole.phase,
    ...{ tasks: tasks.items, tasksPhase: tasks.phase, checkpoints },
    ...{ log: events.log, timeline: events.timeline, steps: events.steps, eventsPhase: events.phase },
    show: whole.show,
    reload: () => setAgain(again() + 1),
  };
}

function createWhole(id: Accessor<string>, asked: Accessor<string>) {
  const { listen } = useConsole();
  const [session, setSession] = createSignal<SessionView | null>(null);
  const entities: Entities<SessionView> = new Entities<SessionView>({
    load: api.session,
    clock: SYSTEM_CLOCK,
    onChange: () => setSession(entities.get(id()) ?? null),
  });
  const phase = createReading(asked, async (isCurrent) => {
    const read = await api.session(id());
    if (isCurrent()) entities.merge(read ? [read] : [], true);
  });
  listen(({ payload: { address, name, version } }) => {
    const [type, , of = ''] = address.split('/');
    if (type !== 'session' || of !== id()) return;
    if (name === 'deleted') entities.drop(of);
    else entities.hear(of, version);
  });
  onCleanup(() => entities.stop());
  return { session, phase, show: (one: SessionView) => entities.merge([one]) };
}

interface OfSession {
  readonly id: Accessor<string>;
  readonly asked: Accessor<string>;
  readonly isTask: (id: string) => boolean;
}

function createTasks({
  id,
  asked,
  session,
  isTask,
}: OfSession & { readonly session: Accessor<SessionView | null> }) {
  const { listen } = useConsole();
  const [items, setItems] = createSignal<readonly TaskView[]>([]);
  let timer = 0;
  const write = () => {
    timer = 0;
    setItems(entities.all);
  };
  const entities: Entities<TaskView> = new Entities<TaskView>({
    load: api.task,
    clock: SYSTEM_CLOCK,
    onChange: () => {
      timer ||= window.setTimeout(write, WRITE_MS);
    },
  });
  // A session that is planned, or planned anew, has other tasks.
  const planned = () => session()?.tasks.length ?? 0;
  const phase = createReading(
    () => (asked() === '' ? '' : `${asked()} ${planned()}`),
    async (isCurrent) => {
      const read = await sessionApi.tasks(id());
      if (isCurrent()) entities.merge(read, true);
    },
  );
  listen(({ payload: { address, version } }) => {
    const [type, , of = ''] = address.split('/');
    if (type === 'task' && isTask(of)) entities.hear(of, version);
  });
  onCleanup(() => {
    window.clearTimeout(timer);
    entities.stop();
  });
  return { items, phase };
}

/** Past events first, then what comes; those that come meanwhile wait, so that all are in order. */
function createEvents({ id, asked, isTask }: OfSession) {
  const { listen } = useConsole();
  const [log, setLog] = createSignal<{ lines: readonly LogLine[]; dropped: number }>({
    lines: [],
    dropped: 0,
  });
  const [timeline, setTimeline] = createSignal<readonly TimelineItem[]>([]);
  const [steps, setSteps] = createSignal<readonly StateStep[]>([]);
  let kept = keepOf('');
  let waiting: LiveFrame[] | null = [];
  let timer = 0;
  const write = () => {
    timer = 0;
    setLog({ lines: [...kept.log.lines], dropped: kept.log.dropped });
    setTimeline(kept.timeline.slice());
    setSteps(kept.steps.slice());
  };
  const take = (frame: LiveFrame) => {
    if (frame.seq <= kept.log.lastSeq) return;
    keep(kept.timeline, toTimelineItem(frame), TIMELINE_MAX);
    keep(kept.steps, toStep(frame), STEPS_MAX);
    kept.log.push(frame);
    timer ||= window.setTimeout(write, WRITE_MS);
  };
  const phase = createReading(asked, async (isCurrent) => {
    waiting ??= [];
    if (kept.id !== id()) kept = keepOf(id());
    let after: number | null = kept.log.lastSeq;
    for (let page = 0; after !== null && page < EVENT_PAGES_MAX; page++) {
      const read = await sessionApi.events(id(), after);
      if (!isCurrent()) return;
      for (const frame of read.items) take(frame);
      after = read.next_after;
    }
    for (const frame of waiting ?? []) take(frame);
    waiting = null;
    write();
  });
  listen((frame) => {
    const [type, , of = ''] = frame.payload.address.split('/');
    const isOurs =
      type === 'session' ? of === id() : type === 'task' && isOfSession(frame, of, { id, isTask });
    if (!isOurs) return;
    if (waiting) waiting.push(frame);
    else take(frame);
  });
  onCleanup(() => window.clearTimeout(timer));
  return { log, timeline, steps, phase };
}

function keepOf(id: string) {
  return { id, log: new SessionLog(), timeline: [] as TimelineItem[], steps: [] as StateStep[] };
}

/** The newest, up to a bound. */
function keep<Item>(items: Item[], item: Item | null, max: number): void {
  if (item) items.push(item);
  if (items.length > max) items.splice(0, items.length - max);
}

/** A task says whose it is in most of its events; in the others it is known by its id. */
function isOfSession(
  frame: LiveFrame,
  task: string,
  { id, isTask }: Pick<OfSession, 'id' | 'isTask'>,
): boolean {
  const { session_id } = frame.payload.payload;
  return typeof session_id === 'string' ? session_id === id() : isTask(task);
}

function createCheckpoints(
  id: Accessor<string>,
  count: Accessor<number>,
): Accessor<readonly CheckpointSummary[]> {
  const [checkpoints, setCheckpoints] = createSignal<readonly CheckpointSummary[]>([]);
  createReading(
    () => `${id()} ${count()}`,
    async (isCurrent) => {
      const read = count() === 0 ? [] : await sessionApi.checkpoints(id());
      if (isCurrent()) setCheckpoints(read);
    },
  );
  return checkpoints;
}

/** Reads whenever what is asked changes, and again after a while where that failed; the last asking counts. */
function createReading(
  asked: Accessor<string>,
  read: (isCurrent: () => boolean) => Promise<void>,
): Accessor<Phase> {
  const [phase, setPhase] = createSignal<Phase>({ state: 'loading' });
  let current = 0;
  let timer = 0;
  const run = async () => {
    window.clearTimeout(timer);
    current += 1;
    const mine = current;
    const isCurrent = () => mine === current;
    try {
      await read(isCurrent);
      if (isCurrent()) setPhase({ state: 'ready' });
    } catch (error) {
      if (!isCurrent()) return;
      const isRead = phase().state === 'ready' || phase().state === 'stale';
      const detail = error instanceof Error ? error.message : String(error);
      setPhase({ state: isRead ? 'stale' : 'failed', detail });
      timer = window.setTimeout(() => void run(), RETRY_MS);
    }
  };
  createEffect(
    on(asked, (words) => {
      if (words !== '') void run();
    }),
  );
  onCleanup(() => {
    current = -1;
    window.clearTimeout(timer);
  });
  return phase;
}
