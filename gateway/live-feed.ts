/**
 * The live feed: one subscription to the events for all viewers of this gateway.
 *
 * L1. The events are watched once, from the first viewer on, however many viewers there are.
 * L2. A filter names the gateway's own tenant; anything else is refused.
 * L3. A viewer that resumes gets the past from the stream, then what was held back meanwhile, then live events.
 *     What is more than `pastMax` is told as a gap and left to the events routes.
 */
import type { WebSocket } from '@fastify/websocket';
import { toFaults } from '#protocols/failure.ts';
import { type LiveNotice, LiveQuery, LiveRequest } from '#protocols/http/live.ts';
import type { Client, EventFeed, LiveEvent } from '#runtime/client.ts';
import type { Logger } from '#runtime/logger.ts';
import type { Metrics } from './metrics.ts';
import { CLOSE, toFrame, Viewer, type ViewerLimits } from './viewer.ts';

export interface LiveFeedLimits extends ViewerLimits {
  readonly viewersMax: number;
  readonly heartbeatMs: number;
  readonly pastPage: number;
  /** Past events that one resume sends at most. */
  readonly pastMax: number;
  /** How long a viewer may take to read a page of the past. */
  readonly pastPageMs: number;
  /** Changes of its filters that a viewer may have under way. */
  readonly requestsMax: number;
}

export const LIVE_FEED_LIMITS: LiveFeedLimits = {
  viewersMax: 1_000,
  heartbeatMs: 15_000,
  bufferedBytesMax: 8 * 1024 * 1024,
  heldMax: 20_000,
  batchMax: 500,
  goodbyeMs: 2_000,
  pastPage: 1_000,
  pastMax: 50_000,
  pastPageMs: 10_000,
  requestsMax: 8,
};

interface LiveFeedOptions {
  readonly client: Client;
  readonly tenant: string;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly now: () => number;
  readonly limits?: Partial<LiveFeedLimits>;
}

interface Wish {
  readonly subjects: readonly string[];
  readonly after?: number | undefined;
}

export class LiveFeed {
  readonly #options: LiveFeedOptions;
  readonly #limits: LiveFeedLimits;
  readonly #viewers = new Set<Viewer>();
  #watch: Promise<EventFeed> | null = null;
  #heartbeat: NodeJS.Timeout | null = null;
  #lastSeq = 0;
  #isStopping = false;

  constructor(options: LiveFeedOptions) {
    this.#options = options;
    this.#limits = { ...LIVE_FEED_LIMITS, ...options.limits };
  }

  /** Takes a connected socket; `query` is what its address said, not yet checked. */
  accept(socket: WebSocket, query: unknown): void {
    const parsed = LiveQuery.safeParse(query);
    const viewer = this.#newViewer(socket, parsed.success ? parsed.data.batch_ms : 0);
    if (this.#isStopping) viewer.close(CLOSE.leaving, 'the gateway is closing');
    else if (this.#viewers.size > this.#limits.viewersMax) viewer.shed('too many viewers');
    else if (!parsed.success) refuse(viewer, toFaults(parsed.error)[0]?.message ?? 'not a valid query');
    else {
      const { subjects = [`evt.${this.#options.tenant}.>`], after } = parsed.data;
      this.#serve(socket, viewer, { subjects, after });
    }
  }

  /** Closes every viewer with 1001; they come again at the next gateway. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#heartbeat) clearInterval(this.#heartbeat);
    for (const viewer of this.#viewers) viewer.close(CLOSE.leaving, 'the gateway is closing');
    const feed = await this.#watch?.catch(() => null);
    await feed?.stop();
  }

  /** Grants the first wish and those that the viewer sends, one after the other, so that the last one holds. */
  #serve(socket: WebSocket, viewer: Viewer, first: Wish): void {
    let granted = this.#grant(viewer, first);
    let waiting = 0;
    const grantNext = async (before: Promise<void>, wish: Wish): Promise<void> => {
      await before;
      waiting -= 1;
      await this.#grant(viewer, wish);
    };
    socket.on('message', (data: Buffer) => {
      const wish = parseRequest(data.toString());
      if (!wish) {
        refuse(viewer, 'not a message of the live feed: {"type": "subscribe", "subjects": […]}');
      } else if (waiting >= this.#limits.requestsMax) {
        refuse(viewer, 'too many changes of filters at once');
      } else {
        waiting += 1;
        granted = grantNext(granted, wish);
      }
    });
  }

  #newViewer(socket: WebSocket, batchMs: number): Viewer {
    const { metrics } = this.#options;
    const viewer = new Viewer({
      socket,
      batchMs,
      limits: this.#limits,
      onSent: (frames) => metrics.framesSent(frames),
      onShed: () => metrics.viewerShed(),
    });
    this.#viewers.add(viewer);
    metrics.viewersChanged(1);
    socket.on('close', () => {
      this.#viewers.delete(viewer);
      metrics.viewersChanged(-1);
    });
    this.#heartbeat ??= setInterval(() => this.#beat(), this.#limits.heartbeatMs).unref();
    return viewer;
  }

  async #grant(viewer: Viewer, wish: Wish): Promise<void> {
    const foreign = wish.subjects.find((subject) => subject.split('.')[1] !== this.#options.tenant);
    if (foreign) {
      refuse(viewer, `${foreign} is not of this tenant: evt.${this.#options.tenant}.…`);
      return;
    }
    try {
      if (wish.after !== undefined) viewer.hold(wish.after);
      viewer.show(wish.subjects);
      await this.#watching();
      if (!viewer.isOpen) return;
      viewer.notify({ type: 'subscribed', subjects: [...wish.subjects], seq: this.#lastSeq });
      if (wish.after === undefined) return;
      await this.#sendPast(viewer, wish.subjects, wish.after);
      viewer.catchUp();
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'live feed unavailable');
      viewer.notify({ type: 'error', code: 'NOT_READY', detail: 'events cannot be read now' });
      viewer.close(CLOSE.overloaded, 'events cannot be read now');
    }
  }

  /**
   * Everything up to where the watch was when the viewer began to be held. One filter is left to the stream;
   * several are matched here, in one pass over the tenant's events.
   */
  async #sendPast(viewer: Viewer, subjects: readonly string[], after: number): Promise<void> {
    const [only, ...others] = subjects;
    const filter = only !== undefined && others.length === 0 ? only : `evt.${this.#options.tenant}.>`;
    const { pastPage, pastMax, pastPageMs } = this.#limits;
    const until = this.#lastSeq;
    let afterSeq = after;
    let read = 0;
    while (afterSeq < until && viewer.isOpen) {
      if (read >= pastMax) {
        viewer.notify({ type: 'gap', after_seq: afterSeq, before_seq: viewer.firstHeldSeq });
        return;
      }
      const events = await this.#options.client.pastEvents({ filter, afterSeq, limit: pastPage });
      for (const event of events) viewer.send(toFrame(event));
      await viewer.drained(pastPageMs);
      read += events.length;
      afterSeq = events.at(-1)?.seq ?? until;
    }
  }

  /** One watch for all; if it could not be begun the next viewer tries again. */
  async #watching(): Promise<void> {
    this.#watch ??= this.#options.client.watchEvents((event) => this.#tell(event));
    try {
      const feed = await this.#watch;
      this.#lastSeq = Math.max(this.#lastSeq, feed.lastSeq);
    } catch (error) {
      this.#watch = null;
      throw error;
    }
  }

  #tell(event: LiveEvent): void {
    this.#lastSeq = Math.max(this.#lastSeq, event.seq);
    if (this.#viewers.size === 0) return;
    const frame = toFrame(event);
    for (const viewer of this.#viewers) viewer.offer(frame);
  }

  #beat(): void {
    const timestamp = new Date(this.#options.now()).toISOString();
    const notice: LiveNotice = { type: 'alive', seq: this.#lastSeq, timestamp };
    for (const viewer of this.#viewers) viewer.beat(notice);
  }
}

function refuse(viewer: Viewer, detail: string): void {
  viewer.notify({ type: 'error', code: 'VALIDATION_FAILED', detail });
  viewer.close(CLOSE.refused, 'not understood');
}

function parseRequest(text: string): LiveRequest | null {
  try {
    return LiveRequest.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
