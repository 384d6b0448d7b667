/**
 * What every screen shares, fed by the one line of the tab: the line itself, sessions and agents.
 *
 * How a page gets its data, by what it shows:
 * 1. **Entities** (sessions, agents, tasks): `createLiveListing` of the own list, or `useConsole().sessions` for the newest
 *    100. Read by REST once, then each event that says "newer" leads to one read of that entity. Never from the event.
 * 2. **What has no events** (cluster, dead letters): `createPolled`.
 * 3. **What happens**: `useConsole().listen(frame => …)`, which ends with the page, or the tail's lane: `useConsole().lanes`.
 */
import { type Accessor, createEffect, createMemo, createSignal, on, onCleanup, onMount } from 'solid-js';
import type { ClusterChange } from '#protocols/cluster-change.ts';
import type { LiveFrame } from '#protocols/events.ts';
import type { AgentView } from '#protocols/http/agent.ts';
import type { SessionSummary } from '#protocols/http/session.ts';
import { api } from './api.ts';
import { SYSTEM_CLOCK } from './clock.ts';
import { type ClusterNote, noteChanges, noteLeaving } from './cluster-notes.ts';
import { wantKey } from './create-access.ts';
import { createLag } from './create-lag.ts';
import { createLanes, type LaneData } from './create-lanes.ts';
import { createListing, hearAs, type Listing, type ListingOptions } from './create-listing.ts';
import { createReadings, type Readings } from './create-readings.ts';
import { openEventStream } from './event-source-socket.ts';
import { type Lamp, lampOf } from './lamp.ts';
import {
  type Line,
  type LiveEvents,
  type LiveEventsOptions,
  makeLiveEvents,
  type Socket,
} from './live-events.ts';

export interface ConsoleData {
  readonly line: Accessor<Line>;
  /** How far what is shown can be trusted, in a word. */
  readonly lamp: Accessor<Lamp>;
  readonly retryNow: () => void;
  /** Events that the gateway left out since the page was opened, because it could not follow. */
  readonly leftOut: Accessor<number>;
  /** The newest 100. */
  readonly sessions: Listing<SessionSummary>;
  readonly agents: Listing<AgentView>;
  readonly readings: Readings;
  /** Seconds since the epoch, moving. */
  readonly nowSeconds: Accessor<number>;
  readonly lanes: LaneData;
  /** Hears every event until the caller's owner is disposed of. */
  readonly listen: (hear: (frame: LiveFrame) => void) => void;
  /** Changes when events may be missing or the line is up anew: what was read by REST is read again. */
  readonly anew: Accessor<number>;
  /** Nodes that came and went since the page was opened, the newest first. */
  readonly clusterNotes: Accessor<readonly ClusterNote[]>;
  /** Changes when something became of a node or a partition. */
  readonly clusterMoved: Accessor<number>;
}

const HISTORY = 200;
const SIGNED_OUT = 4401;
const RELOAD_PAUSE_MS = 2_000;

const NEWEST_SESSIONS: ListingOptions<SessionSummary> = {
  list: api.sessions,
  load: api.session,
  order: (a, b) => (a.created_at < b.created_at ? 1 : -1),
};
const ALL_AGENTS: ListingOptions<AgentView> = {
  list: api.agents,
  load: api.agent,
  order: (a, b) => a.name.localeCompare(b.name),
};

export function createConsole(): ConsoleData {
  const hearers = new Set<(frame: LiveFrame) => void>();
  const [anew, setAnew] = createSignal(0);
  const renew = () => setAnew((count) => count + 1);
  const sessions = createListing<SessionSummary>(NEWEST_SESSIONS);
  const agents = createListing<AgentView>(ALL_AGENTS);
  hearers.add(hearAs('session', sessions)).add(hearAs('agent', agents));

  const [leftOut, setLeftOut] = createSignal(0);
  const [gapAtMs, setGapAtMs] = createSignal<number | null>(null);
  const lag = createLag();
  const nowSeconds = createNow();
  const renewSoon = createPause(renew);
  const [line, setLine] = createSignal<Line>({ state: 'connecting' });
  const lanes = createLanes(carriesLanes(line));
  const cluster = createClusterNotes();
  const events = openLine({
    ...{ onLine: setLine, onCluster: cluster.take, onLeaving: cluster.leave },
    onGap: () => {
      setGapAtMs(Date.now());
      renew();
    },
    onThinned: (count) => {
      setLeftOut(leftOut() + count);
      renewSoon();
    },
    onHeardAt: lag.hear,
    onTail: lanes.takeTail,
    onMetrics: lanes.takeMetrics,
    onFrames: (frames) => {
      for (const frame of frames) for (const hear of hearers) hear(frame);
    },
  });
  lanes.begin(events);
  onCleanup(events.stop.bind(events));
  listenToWindow(events.retryNow.bind(events));
  // Read when the line is up, so that nothing happens unheard between the two; and at the start in any case.
  createEffect(on(isLive(line), (isUp) => isUp && renew()));
  createEffect(on(anew, () => void Promise.all([sessions.reload(), agents.reload()])));
  const lamp = createMemo(() =>
    lampOf({
      line: line(),
      lagMs: lag.lagMs(),
      gapAtMs: gapAtMs(),
      sample: lanes.data.sample(),
      nowMs: nowSeconds() * 1_000,
    }),
  );
  return {
    line,
    lamp,
    retryNow: events.retryNow.bind(events),
    leftOut,
    sessions,
    agents,
    readings: createReadings({ agents, sessions, lanes: lanes.data }),
    lanes: lanes.data,
    nowSeconds,
    listen: (hear) => {
      hearers.add(hear);
      onCleanup(() => hearers.delete(hear));
    },
    anew,
    clusterNotes: cluster.notes,
    clusterMoved: cluster.moved,
  };
}

function createClusterNotes() {
  const [notes, setNotes] = createSignal<readonly ClusterNote[]>([]);
  const [moved, setMoved] = createSignal(0);
  return {
    ...{ notes, moved },
    take: (changes: readonly ClusterChange[]) => {
      setNotes((known) => noteChanges(known, changes));
      setMoved((count) => count + 1);
    },
    leave: (retryMs: number) =>
      void setNotes((known) => noteLeaving(known, new Date().toISOString(), retryMs)),
  };
}

const isLive = (line: Accessor<Line>) => createMemo(() => line().state === 'live');

const carriesLanes = (line: Accessor<Line>) =>
  createMemo(() => {
    const now = line();
    return now.state === 'live' && now.isStream !== true;
  });

type Heard = Pick<
  LiveEventsOptions,
  | ('onLine' | 'onGap' | 'onThinned' | 'onHeardAt' | 'onFrames' | 'onTail' | 'onMetrics')
  | ('onCluster' | 'onLeaving')
>;

/** The one line of the tab. */
function openLine(heard: Heard): LiveEvents {
  return makeLiveEvents({
    url: `${location.origin.replace(/^http/, 'ws')}/ws`,
    history: HISTORY,
    open: openSocket,
    openStream: openEventStream,
    clock: SYSTEM_CLOCK,
    random: Math.random,
    ...heard,
  });
}

/** Closed because the login is over: the page asks for a key at once, not when something is read again. */
function openSocket(url: string): Socket {
  const socket = new WebSocket(url);
  socket.addEventListener('close', ({ code }) => code === SIGNED_OUT && wantKey());
  return socket as Socket;
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

function createNow(): Accessor<number> {
  const [now, setNow] = createSignal(Math.floor(Date.now() / 1_000));
  const timer = setInterval(() => setNow(Math.floor(Date.now() / 1_000)), 1_000);
  onCleanup(() => clearInterval(timer));
  return now;
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
