/**
 * One viewer of the live feed: its filters, its place in the stream, what waits for it.
 *
 * V1. Sequences that a viewer gets only grow: nothing comes twice.
 * V2. While it catches up with the past, live events are held back, so that none is left out between.
 * V3. What waits for it is bounded; a viewer that reads too slowly is closed with 1013 and comes again by sequence.
 */
import type { WebSocket } from '@fastify/websocket';
import type { LiveFrame } from '#protocols/events.ts';
import type { LiveNotice } from '#protocols/http/live.ts';
import { subjectMatches } from '#protocols/subjects.ts';
import type { LiveEvent } from '#runtime/client.ts';

export const CLOSE = { leaving: 1001, refused: 1008, overloaded: 1013 } as const;

export interface ViewerLimits {
  /** Bytes that may wait in the socket. */
  readonly bufferedBytesMax: number;
  /** Live events held back while the past is loaded. */
  readonly heldMax: number;
  /** Frames in one message, where they are gathered. */
  readonly batchMax: number;
  /** How long a closed socket may take to say goodbye. */
  readonly goodbyeMs: number;
}

interface ViewerOptions {
  readonly socket: WebSocket;
  readonly batchMs: number;
  readonly limits: ViewerLimits;
  readonly onSent: (frames: number) => void;
  readonly onShed: () => void;
}

/** An event and its text, made once for all viewers. */
export interface Frame {
  readonly seq: number;
  readonly subject: string;
  readonly text: string;
}

export class Viewer {
  #filters: readonly string[] = [];
  #lastSeq = 0;
  #held: Frame[] | null = null;
  #batch: string[] = [];
  #batchTimer: NodeJS.Timeout | null = null;
  #isAnswering = true;
  readonly #options: ViewerOptions;

  constructor(options: ViewerOptions) {
    this.#options = options;
    options.socket.on('pong', () => {
      this.#isAnswering = true;
    });
  }

  get isOpen(): boolean {
    return this.#options.socket.readyState === this.#options.socket.OPEN;
  }

  get isCatchingUp(): boolean {
    return this.#held !== null;
  }

  get firstHeldSeq(): number | null {
    return this.#held?.[0]?.seq ?? null;
  }

  show(filters: readonly string[]): void {
    this.#filters = filters;
  }

  /** From here on live events are held back until `catchUp`. */
  hold(afterSeq: number): void {
    this.#lastSeq = afterSeq;
    this.#held ??= [];
  }

  /** Sends what was held back; from here on events go straight through. */
  catchUp(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const frame of held) this.offer(frame);
  }

  /** A live event: sent, held back, or not for this viewer. */
  offer(frame: Frame): void {
    if (this.#held === null) this.send(frame);
    else if (this.#wants(frame)) {
      this.#held.push(frame);
      if (this.#held.length > this.#options.limits.heldMax) this.shed('too much happened while catching up');
    }
  }

  /** Sends an event if it is new to this viewer and passes its filters. */
  send(frame: Frame): void {
    if (!this.#wants(frame)) return;
    this.#lastSeq = frame.seq;
    if (this.#options.batchMs === 0) {
      this.#write(frame.text, 1);
      return;
    }
    this.#batch.push(frame.text);
    if (this.#batch.length >= this.#options.limits.batchMax) this.#flush();
    else this.#batchTimer ??= setTimeout(() => this.#flush(), this.#options.batchMs);
  }

  notify(notice: LiveNotice): void {
    this.#flush();
    this.#write(JSON.stringify(notice), 0);
  }

  /** Resolves once all that was sent has left, or the socket is closed, or `deadlineMs` is over. */
  async drained(deadlineMs: number): Promise<void> {
    this.#flush();
    const { socket, limits } = this.#options;
    const until = Date.now() + deadlineMs;
    while (this.isOpen && socket.bufferedAmount > limits.bufferedBytesMax / 4) {
      if (Date.now() > until) return this.shed('reads too slowly');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Asks whether the other side still lives; one that did not answer the last time is cut off. */
  beat(notice: LiveNotice): void {
    if (!this.#isAnswering) {
      this.#options.socket.terminate();
      return;
    }
    this.#isAnswering = false;
    this.#options.socket.ping();
    if (!this.isCatchingUp) this.notify(notice);
  }

  close(code: number, reason: string): void {
    if (this.#batchTimer) clearTimeout(this.#batchTimer);
    this.#batchTimer = null;
    this.#batch = [];
    this.#held = null;
    const { socket, limits } = this.#options;
    socket.close(code, reason);
    setTimeout(() => socket.terminate(), limits.goodbyeMs).unref();
  }

  shed(reason: string): void {
    if (!this.isOpen) return;
    this.#options.onShed();
    this.close(CLOSE.overloaded, reason);
  }

  #wants(frame: Frame): boolean {
    return frame.seq > this.#lastSeq && this.#filters.some((filter) => subjectMatches(filter, frame.subject));
  }

  #flush(): void {
    if (this.#batchTimer) clearTimeout(this.#batchTimer);
    this.#batchTimer = null;
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    this.#write(`[${batch.join(',')}]`, batch.length);
  }

  #write(text: string, frames: number): void {
    const { socket, limits, onSent } = this.#options;
    if (!this.isOpen) return;
    if (socket.bufferedAmount > limits.bufferedBytesMax) {
      this.shed('reads too slowly');
      return;
    }
    socket.send(text);
    onSent(frames);
  }
}

export function toFrame(event: LiveEvent): Frame {
  return { seq: event.seq, subject: event.subject, text: JSON.stringify(toLiveFrame(event)) };
}

export function toLiveFrame({ seq, subject, record }: LiveEvent): LiveFrame {
  const type = `${record.address.split('/', 1)[0]}.${record.name}`;
  return { seq, type, subject, timestamp: record.at, payload: record };
}
