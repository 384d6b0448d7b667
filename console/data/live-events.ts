/**
 * The line to the live feed: keeps it up, resumes where it was, gives each event once.
 *
 * E1. Events are given in the order of their sequence, each once: what is not newer than the last one is dropped.
 * E2. After an outage it goes on after the last sequence, so that none is left out; what the gateway cannot send any
 *     more is told as a gap.
 * E3. A line on which nothing is heard for `silentMs` is given up: the gateway says at least that it is alive.
 * E4. Tries come with growing pauses and some chance, so that many consoles do not return in step.
 */
import type { LiveFrame } from '#protocols/events.ts';
import type { LiveNotice } from '#protocols/http/live.ts';
import type { Clock } from './clock.ts';

/** What is used of a WebSocket. */
export interface Socket {
  onmessage: ((message: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  send(text: string): void;
  close(): void;
}

export type Line =
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  | { readonly state: 'reconnecting' | 'offline'; readonly reason: string; readonly nextTryAtMs: number };

export interface LiveEventsOptions {
  /** Address of the feed, with its path. */
  readonly url: string;
  /** How many past events are asked for at the beginning. */
  readonly history: number;
  readonly open: (url: string) => Socket;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onFrames: (frames: LiveFrame[]) => void;
  readonly onLine: (line: Line) => void;
  /** Events are missing, or the stream began anew: what was read before may be out of date. */
  readonly onGap: () => void;
  /** The gateway left out so many events because this page reads too slowly. May come often. */
  readonly onThinned: (count: number) => void;
}

export interface LiveEvents {
  readonly lastSeq: number | null;
  /** Tries at once, where it waits for its next try. */
  retryNow(): void;
  stop(): void;
}

const CONNECT_TIMEOUT_MS = 5_000;
const SILENT_MS = 40_000;
const PAUSE_MIN_MS = 500;
const PAUSE_MAX_MS = 15_000;
/** After so many tries in vain the line counts as gone, not as interrupted. */
const OFFLINE_AFTER_TRIES = 4;

const CLOSE_WORDS: Readonly<Record<number, string>> = {
  1001: 'the gateway was closed',
  1006: 'the connection was lost',
  1008: 'the gateway did not understand this console',
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
  #callOffTimer: () => void = () => undefined;

  constructor(options: LiveEventsOptions) {
    this.#options = options;
  }

  get lastSeq(): number | null {
    return this.#lastSeq;
  }

  connect(): void {
    const { url, open, onLine } = this.#options;
    const query = this.#lastSeq === null ? '' : `?after=${this.#lastSeq}`;
    if (this.#tries === 0) onLine({ state: 'connecting' });
    const socket = open(`${url}${query}`);
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

  stop(): void {
    this.#isStopped = true;
    this.#hangUp();
  }

  #hear(data: unknown): void {
    this.#expectWithin(SILENT_MS, 'nothing was heard any more');
    const message: unknown = typeof data === 'string' ? JSON.parse(data) : null;
    if (isNotice(message)) this.#heed(message);
    else this.#take([message].flat().filter(isFrame));
  }

  #heed(notice: LiveNotice): void {
    if (notice.type === 'subscribed') this.#begin(notice);
    else if (notice.type === 'thinned') this.#options.onThinned(notice.left_out);
    else if (notice.type === 'gap') {
      // The stream was made anew: from here on its own numbers count.
      if (notice.reason === 'ahead') this.#lastSeq = notice.before_seq - 1;
      this.#options.onGap();
    }
  }

  /** The filters hold: all of the tenant, where none are asked for. At first the newest of the past is asked for. */
  #begin({ seq, subjects }: { seq: number; subjects: string[] }): void {
    this.#awaitsHistory = false;
    if (this.#lastSeq === null) {
      this.#lastSeq = Math.max(0, seq - this.#options.history);
      this.#awaitsHistory = seq > this.#lastSeq;
      if (this.#awaitsHistory) {
        const request = { type: 'subscribe', subjects, after: this.#lastSeq };
        this.#socket?.send(JSON.stringify(request));
      }
    }
    this.#tries = 0;
    this.#options.onLine({ state: 'live' });
  }

  #take(frames: LiveFrame[]): void {
    if (this.#awaitsHistory) return;
    const fresh: LiveFrame[] = [];
    for (const frame of frames) {
      if (this.#lastSeq !== null && frame.seq <= this.#lastSeq) continue;
      this.#lastSeq = frame.seq;
      fresh.push(frame);
    }
    if (fresh.length > 0) this.#options.onFrames(fresh);
  }

  #lose(reason: string): void {
    this.#hangUp();
    if (this.#isStopped) return;
    const { clock, random, onLine } = this.#options;
    const pauseMs = Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** this.#tries) * (0.5 + random() / 2);
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
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }
}

const NOTICES: ReadonlySet<unknown> = new Set([
  ...['subscribed', 'alive', 'gap', 'thinned', 'error', 'closed'],
]);

/** The gateway is ours and of the same build: its messages are told apart, not checked field by field. */
function isNotice(message: unknown): message is LiveNotice {
  return typeof message === 'object' && message !== null && 'type' in message && NOTICES.has(message.type);
}

function isFrame(message: unknown): message is LiveFrame {
  return typeof message === 'object' && message !== null && 'seq' in message && 'payload' in message;
}
