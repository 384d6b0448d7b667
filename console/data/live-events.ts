/**
 * The line to the live feed: keeps it up, resumes where it was, gives each event once.
 *
 * E1. Events are given in the order of their sequence, each once: what is not newer than the last one is dropped.
 * E2. After an outage it goes on after the last sequence, so that none is left out; what the gateway cannot send any
 *     more is told as a gap.
 * E3. A line on which nothing is heard for `silentMs` is given up: the gateway says at least that it is alive.
 * E4. Tries come with growing pauses and some chance, so that many consoles do not return in step.
 * E5. What was wished beside the exact events (tail, metrics) is wished again on every new line.
 * E6. Where a WebSocket is not let through twice in a row, every other try is an event stream: exact events alone.
 * E7. A gateway that leaves says when to come again: that is when the first try is.
 */
import type { ClusterChange } from '#protocols/cluster-change.ts';
import type { LiveFrame } from '#protocols/events.ts';
import type { MetricsFrame } from '#protocols/http/lanes.ts';
import type { LiveNotice } from '#protocols/http/live.ts';
import type { Clock } from './clock.ts';
import type { MetricsWish, TailBatch, TailWish } from './lanes.ts';

/** What is used of a WebSocket, or of an event stream that looks like one. */
export interface Socket {
  onmessage: ((message: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  send(text: string): void;
  close(): void;
}

export type Line =
  | { readonly state: 'connecting' }
  /** `isStream`: over an event stream, which carries no tail and no metrics. */
  | { readonly state: 'live'; readonly isStream?: true }
  | { readonly state: 'reconnecting' | 'offline'; readonly reason: string; readonly nextTryAtMs: number };

export interface LiveEventsOptions {
  /** Address of the feed, with its path. */
  readonly url: string;
  /** How many past events are asked for at the beginning. */
  readonly history: number;
  readonly open: (url: string) => Socket;
  /** Opens an event stream on the same address, for where no WebSocket is let through. */
  readonly openStream?: (url: string) => Socket;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onFrames: (frames: LiveFrame[]) => void;
  readonly onLine: (line: Line) => void;
  /** Events are missing, or the stream began anew: what was read before may be out of date. */
  readonly onGap: () => void;
  /** The gateway left out so many events because this page reads too slowly. May come often. */
  readonly onThinned: (count: number) => void;
  /** Of the server's clock, by what was sent just now. Not of what is sent again. */
  readonly onHeardAt?: (serverMs: number) => void;
  /** A batch of the tail; `acknowledge` it when it is painted. */
  readonly onTail?: (batch: TailBatch) => void;
  readonly onMetrics?: (frame: MetricsFrame) => void;
  /** What became of nodes and partitions, as the gateway heard. */
  readonly onCluster?: (changes: readonly ClusterChange[]) => void;
  /** The gateway closes now, and wants this page back after so long. */
  readonly onLeaving?: (retryMs: number) => void;
}

export interface LiveEvents {
  readonly lastSeq: number | null;
  /** Tries at once, where it waits for its next try. */
  retryNow(): void;
  /** Wishes for the tail; null: none. Holds on every line to come. */
  wishTail(wish: TailWish | null): void;
  wishMetrics(wish: MetricsWish | null): void;
  /** The batch of the tail that ended there is painted, or taken by a page that nobody sees. */
  acknowledge(through: number): void;
  stop(): void;
}

const CONNECT_TIMEOUT_MS = 5_000;
const SILENT_MS = 40_000;
const PAUSE_MIN_MS = 500;
const PAUSE_MAX_MS = 15_000;
/** After so many tries in vain every other one is an event stream. */
const STREAM_AFTER_TRIES = 2;
/** After so many tries in vain the line counts as gone, not as interrupted. */
const OFFLINE_AFTER_TRIES = 4;

const CLOSE_WORDS: Readonly<Record<number, string>> = {
  1001: 'the gateway was closed',
  1006: 'the connection was lost',
  1008: 'the gateway did not understand this console',
  4401: 'the login is over',
  1013: 'this page read too slowly, or there are too many viewers',
};

export function makeLiveEvents(options: LiveEventsOptions): LiveEvents {
  const line = new LiveLine(options);
  line.connect();
  return line;
}

class LiveLine implements LiveEvents {
  readonly #options: LiveEventsOptions;
  #socket: Socket | null = null;
  #lastSeq: number | null = null;
  #tries = 0;
  #isStopped = false;
  /** Between asking for history and getting it: live frames would jump over it. */
  #awaitsHistory = false;
  /** Events up to here were there before this line was: how late they come says nothing. */
  #liveAfterSeq = 0;
  #isStream = false;
  #isLive = false;
  #tail: TailWish | null = null;
  #metrics: MetricsWish | null = null;
  /** Whose events the line carries, as the gateway says. */
  #tenant = '';
  /** As the gateway asked before it closed. */
  #returnMs: number | null = null;
  #callOffTimer: () => void = () => undefined;

  constructor(options: LiveEventsOptions) {
    this.#options = options;
  }

  get lastSeq(): number | null {
    return this.#lastSeq;
  }

  connect(): void {
    const { url, open, openStream, onLine } = this.#options;
    const query = this.#lastSeq === null ? '' : `?after=${this.#lastSeq}`;
    if (this.#tries === 0) onLine({ state: 'connecting' });
    const isStreamDue = this.#tries >= STREAM_AFTER_TRIES && this.#tries % 2 === 0;
    this.#isStream = isStreamDue && openStream !== undefined;
    const socket = (this.#isStream && openStream ? openStream : open)(`${url}${query}`);
    this.#socket = socket;
    this.#awaitsHistory = false;
    socket.onmessage = ({ data }) => this.#hear(data);
    socket.onclose = ({ code, reason }) => this.#lose(CLOSE_WORDS[code] ?? (reason || `closed with ${code}`));
    this.#expectWithin(CONNECT_TIMEOUT_MS, 'the gateway does not answer');
  }

  retryNow(): void {
    if (this.#socket || this.#isStopped) return;
    this.#callOffTimer();
    this.connect();
  }

  wishTail(wish: TailWish | null): void {
    if (wish === null && this.#tail === null) return;
    this.#tail = wish;
    const subjects = (wish?.subjects ?? []).flatMap((filter) => ofTenant(filter, this.#tenant));
    this.#say({ type: 'tail', subjects, last: wish?.last ?? 0 });
  }

  wishMetrics(wish: MetricsWish | null): void {
    if (wish === null && this.#metrics === null) return;
    this.#metrics = wish;
    this.#say({ type: 'metrics', every_ms: wish?.everyMs ?? 0, messages: wish?.hasMessages ?? false });
  }

  acknowledge(through: number): void {
    this.#say({ type: 'ack', through });
  }

  stop(): void {
    this.#isStopped = true;
    this.#hangUp();
  }

  #say(request: Readonly<Record<string, unknown>>): void {
    if (this.#isLive && !this.#isStream) this.#socket?.send(JSON.stringify(request));
  }

  #hear(data: unknown): void {
    this.#expectWithin(SILENT_MS, 'nothing was heard any more');
    const message: unknown = typeof data === 'string' ? JSON.parse(data) : null;
    if (isNotice(message)) this.#heed(message);
    else if (isOf<TailBatch>('tail', message)) this.#takeTail(message);
    else if (isOf<MetricsFrame>('metrics', message)) this.#options.onMetrics?.(message);
    else this.#take([message].flat().filter(isFrame));
  }

  #takeTail(batch: TailBatch): void {
    this.#options.onTail?.(batch);
    this.#options.onHeardAt?.(Date.parse(batch.timestamp));
  }

  #heed(notice: LiveNotice): void {
    if (notice.type === 'subscribed') this.#begin(notice);
    else if (notice.type === 'alive') this.#stay(notice);
    else if (notice.type === 'closed') this.#lose(CLOSE_WORDS[notice.code] ?? notice.detail);
    else if (notice.type === 'thinned') this.#options.onThinned(notice.left_out);
    else if (notice.type === 'cluster') this.#options.onCluster?.(notice.changes);
    else if (notice.type === 'leaving') {
      this.#returnMs = notice.retry_after_ms;
      this.#options.onLeaving?.(notice.retry_after_ms);
    } else if (notice.type === 'gap') {
      // The stream was made anew: from here on its own numbers count.
      if (notice.reason === 'ahead') this.#lastSeq = notice.before_seq - 1;
      this.#options.onGap();
    }
  }

  /** Nothing of what is shown has happened since: after an outage it goes on from there. */
  #stay({ seq, timestamp }: { seq: number; timestamp: string }): void {
    if (!this.#awaitsHistory && this.#lastSeq !== null) this.#lastSeq = Math.max(this.#lastSeq, seq);
    this.#options.onHeardAt?.(Date.parse(timestamp));
  }

  /** The filters hold: all of the tenant, where none are asked for. At first the newest of the past is asked for. */
  #begin({ seq, subjects }: { seq: number; subjects: string[] }): void {
    this.#awaitsHistory = false;
    this.#liveAfterSeq = seq;
    this.#tenant = subjects[0]?.split('.')[1] ?? '';
    if (this.#lastSeq === null) {
      this.#lastSeq = Math.max(0, seq - this.#options.history);
      this.#awaitsHistory = seq > this.#lastSeq;
      if (this.#awaitsHistory) {
        const request = { type: 'subscribe', subjects, after: this.#lastSeq };
        this.#socket?.send(JSON.stringify(request));
      }
    }
    this.#tries = 0;
    if (this.#isLive) return;
    this.#isLive = true;
    this.wishTail(this.#tail);
    this.wishMetrics(this.#metrics);
    this.#options.onLine(this.#isStream ? { state: 'live', isStream: true } : { state: 'live' });
  }

  #take(frames: LiveFrame[]): void {
    if (this.#awaitsHistory) return;
    const fresh: LiveFrame[] = [];
    for (const frame of frames) {
      if (this.#lastSeq !== null && frame.seq <= this.#lastSeq) continue;
      this.#lastSeq = frame.seq;
      fresh.push(frame);
    }
    const newest = fresh.at(-1);
    if (!newest) return;
    this.#options.onFrames(fresh);
    if (newest.seq > this.#liveAfterSeq) this.#options.onHeardAt?.(Date.parse(newest.timestamp));
  }

  #lose(reason: string): void {
    this.#hangUp();
    if (this.#isStopped) return;
    const { clock, random, onLine } = this.#options;
    const grownMs = Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** this.#tries) * (0.5 + random() / 2);
    const pauseMs = Math.min(PAUSE_MAX_MS, this.#returnMs ?? grownMs);
    this.#returnMs = null;
    this.#tries += 1;
    const state = this.#tries > OFFLINE_AFTER_TRIES ? 'offline' : 'reconnecting';
    onLine({ state, reason, nextTryAtMs: clock.now() + pauseMs });
    this.#callOffTimer = clock.after(pauseMs, () => this.connect());
  }

  #expectWithin(ms: number, otherwise: string): void {
    this.#callOffTimer();
    this.#callOffTimer = this.#options.clock.after(ms, () => this.#lose(otherwise));
  }

  #hangUp(): void {
    this.#callOffTimer();
    this.#isLive = false;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }
}

const NOTICES: ReadonlySet<unknown> = new Set([
  ...['subscribed', 'alive', 'gap', 'thinned', 'cluster', 'leaving', 'error', 'closed'],
]);

/** The filter as the gateway takes it: of its own tenant. None where it is of another one: a line is closed for that. */
function ofTenant(filter: string, tenant: string): string[] {
  const [root, wanted, ...rest] = filter.split('.');
  if (wanted === '>') return [`${root}.${tenant}.>`];
  return wanted === '*' || wanted === tenant ? [[root, tenant, ...rest].join('.')] : [];
}

/** The gateway is ours and of the same build: its messages are told apart, not checked field by field. */
function isNotice(message: unknown): message is LiveNotice {
  return typeof message === 'object' && message !== null && 'type' in message && NOTICES.has(message.type);
}

function isOf<Message extends { readonly type: string }>(
  type: Message['type'],
  message: unknown,
): message is Message {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === type;
}

function isFrame(message: unknown): message is LiveFrame {
  return typeof message === 'object' && message !== null && 'seq' in message && 'payload' in message;
}
