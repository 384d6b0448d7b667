/**
 * The live feed: one subscription to the events for all viewers of this gateway.
 *
 * L1. The events are watched once, from the first viewer on, however many viewers there are.
 * L2. What happened within `tickMs` goes out as one batch, made once for all viewers of the same scope. No viewer is
 *     waited for.
 * L3. Viewers join at a tick: all that came before it was theirs by `resume.ts`, all after it comes live.
 */
import type { Failure } from '#protocols/failure.ts';
import type { LiveNotice } from '#protocols/http/live.ts';
import type { Client } from '#runtime/client.ts';
import type { EventFeed, LiveEvent, PastEvents } from '#runtime/event-feed.ts';
import type { Logger } from '#runtime/logger.ts';
import { Batch, type Frame, toFrame } from './frames.ts';
import { buildScope, findForeign, type LivePath, type Scope } from './live-scope.ts';
import type { Metrics } from './metrics.ts';
import { RecentFrames, type RecentLimits } from './recent-frames.ts';
import { type ResumeLimits, resume } from './resume.ts';
import { Slots } from './slots.ts';
import { Viewer, type ViewerLimits } from './viewer.ts';
import { CLOSE, type ViewerLine } from './viewer-line.ts';

export interface LiveFeedLimits extends ViewerLimits, ResumeLimits, RecentLimits {
  readonly viewersMax: number;
  readonly tickMs: number;
  /** A tick comes sooner when so much has gathered. */
  readonly tickCharsMax: number;
  readonly heartbeatMs: number;
  /** How often viewers that are behind are looked at. */
  readonly reviewMs: number;
  /** How long a closed line may take to say goodbye. */
  readonly goodbyeMs: number;
  /** Reads of the log under way at once. */
  readonly readsMax: number;
  /** Changes of its filters that a viewer may have under way. */
  readonly requestsMax: number;
}

const MIB = 1024 * 1024;
/** Viewers of a gateway that leaves come again after the first, spread so that they do not come all at once. */
const RETRY_MS = 250;
const RETRY_EACH_MS = 10;
const RETRY_SPREAD_MAX_MS = 5_000;

export const LIVE_FEED_LIMITS: LiveFeedLimits = {
  viewersMax: 1_000,
  tickMs: 33,
  tickCharsMax: MIB,
  heartbeatMs: 15_000,
  reviewMs: 1_000,
  goodbyeMs: 2_000,
  requestsMax: 8,
  thinAtBytes: MIB / 4,
  fullAtBytes: MIB,
  shedAfterMs: 8_000,
  framesMax: 20_000,
  bytesMax: 32 * MIB,
  readsMax: 4,
  pastPage: 200,
  pastMax: 50_000,
  pastPageMs: 10_000,
  behindMs: 5_000,
};

interface LiveFeedOptions {
  readonly client: Client;
  readonly tenant: string;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly now: () => number;
  readonly limits?: Partial<LiveFeedLimits>;
  /** Other lanes for the same viewers. */
  readonly lanes?: FeedLanes;
}

/** What is fed by this feed beside its own viewers. */
export interface FeedLanes {
  hearEvent(frame: Frame, event: LiveEvent): void;
  review(): void;
  stop(): Promise<void>;
}

/** What a viewer asks for. Without `after`: from now on. */
export interface Wish {
  readonly path: LivePath;
  readonly subjects?: readonly string[] | undefined;
  readonly after?: number | undefined;
  /** The viewer says what it took. */
  readonly acknowledges?: boolean | undefined;
}

/** Viewers of one scope that hear live events. */
interface Group {
  readonly scope: Scope;
  readonly viewers: Set<Viewer>;
}

export class LiveFeed {
  readonly limits: LiveFeedLimits;
  readonly #options: LiveFeedOptions;
  readonly #viewers = new Set<Viewer>();
  readonly #groups = new Map<string, Group>();
  readonly #read: PastEvents;
  #pending: Frame[] = [];
  #pendingChars = 0;
  #tickTimer: NodeJS.Timeout | null = null;
  #timers: NodeJS.Timeout[] = [];
  #opening: Promise<EventFeed> | null = null;
  #feed: EventFeed | null = null;
  #recent: RecentFrames | null = null;
  #toldSeq = 0;
  #isStopping = false;

  constructor(options: LiveFeedOptions) {
    this.#options = options;
    this.limits = { ...LIVE_FEED_LIMITS, ...options.limits };
    const slots = new Slots(this.limits.readsMax);
    this.#read = (query) => slots.run(() => options.client.pastPage(query));
  }

  get lastSeq(): number {
    return Math.max(this.#feed?.lastSeq ?? 0, this.#toldSeq);
  }

  get recent(): RecentFrames {
    this.#recent ??= new RecentFrames(this.lastSeq, this.limits);
    return this.#recent;
  }

  /** Why no more viewers are taken now, as a line's close code and reason; null: they are. */
  findHindrance(): { readonly code: number; readonly reason: string } | null {
    if (this.#isStopping) return { code: CLOSE.leaving, reason: 'the gateway is closing' };
    if (this.#viewers.size >= this.limits.viewersMax)
      return { code: CLOSE.overloaded, reason: 'too many viewers' };
    return null;
  }

  /** Why these filters are refused, or null. */
  findFault(subjects: readonly string[]): Failure | null {
    const foreign = findForeign(this.#options.tenant, subjects);
    if (foreign === null) return null;
    const root = foreign.startsWith('tap.') ? 'tap' : 'evt';
    const message = `${foreign} is not of this tenant: ${root}.${this.#options.tenant}.…`;
    return { code: 'VALIDATION_FAILED', detail: message, errors: [{ path: 'query.subjects', message }] };
  }

  /** Begins the watch if it is not there. One that could not be begun is tried anew by the next viewer. */
  async open(): Promise<void> {
    this.#opening ??= this.#options.client.watchEvents((event) => this.#hear(event));
    try {
      const feed = await this.#opening;
      if (!this.#feed) this.#toldSeq = Math.max(this.#toldSeq, feed.lastSeq);
      this.#feed = feed;
    } catch (error) {
      this.#opening = null;
      throw error;
    }
  }

  /** Takes a viewer that hears nothing yet. */
  add(line: ViewerLine, wish: Wish): Viewer {
    const { metrics, tenant } = this.#options;
    const viewer = new Viewer({
      line,
      scope: buildScope(tenant, wish.path, wish.subjects),
      limits: this.limits,
      acknowledges: wish.acknowledges ?? false,
      elapsedMs: () => performance.now(),
      onSent: (frames) => metrics.framesSent(frames),
      onLeftOut: (frames) => metrics.framesLeftOut(frames),
      onShed: () => metrics.viewerShed(),
    });
    this.#viewers.add(viewer);
    metrics.viewersChanged(1);
    line.onClose(() => {
      this.#viewers.delete(viewer);
      this.#leave(viewer);
      metrics.viewersChanged(-1);
    });
    if (this.#timers.length === 0) this.#startTimers();
    return viewer;
  }

  /** Shows a viewer what it asks for: what it missed, and from then on what comes. Closes it where that can't be done. */
  async show(viewer: Viewer, wish: Wish): Promise<void> {
    viewer.isExact = true;
    try {
      await this.open();
      if (!viewer.isOpen) return;
      this.#tick();
      this.#leave(viewer);
      viewer.scope = buildScope(this.#options.tenant, wish.path, wish.subjects);
      viewer.notify({ type: 'subscribed', subjects: [...viewer.scope.subjects], seq: this.lastSeq });
      const join = () => this.#join(viewer);
      if (wish.after === undefined) join();
      else await resume({ viewer, heard: this, read: this.#read, limits: this.limits, join }, wish.after);
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'live feed unavailable');
      viewer.notify({ type: 'error', code: 'NOT_READY', detail: 'events cannot be read now' });
      viewer.close(CLOSE.overloaded, 'events cannot be read now');
    }
  }

  /** Tells those who are shown nodes and partitions. */
  tellCluster(notice: LiveNotice): void {
    for (const viewer of this.#viewers) if (viewer.scope.showsCluster) viewer.notify(notice);
  }

  /** Closes every viewer with 1001; they come again at the next gateway, spread over a while. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#tick();
    const spreadMs = Math.min(RETRY_SPREAD_MAX_MS, this.#viewers.size * RETRY_EACH_MS);
    let at = 0;
    for (const viewer of this.#viewers) {
      const share = at++ / this.#viewers.size;
      viewer.notify({ type: 'leaving', retry_after_ms: RETRY_MS + Math.floor(share * spreadMs) });
      viewer.close(CLOSE.leaving, 'the gateway is closing');
    }
    const feed = await this.#opening?.catch(() => null);
    await Promise.all([this.#options.lanes?.stop(), feed?.stop()]);
  }

  #join(viewer: Viewer): void {
    this.#tick();
    if (!viewer.isOpen) return;
    viewer.beginAt(this.lastSeq);
    const { scope } = viewer;
    const group = this.#groups.get(scope.key) ?? { scope, viewers: new Set() };
    this.#groups.set(scope.key, group);
    group.viewers.add(viewer);
  }

  #leave(viewer: Viewer): void {
    const group = this.#groups.get(viewer.scope.key);
    group?.viewers.delete(viewer);
    if (group?.viewers.size === 0) this.#groups.delete(viewer.scope.key);
  }

  #hear(event: LiveEvent): void {
    if (event.seq <= this.#toldSeq) this.#beginAnew(event.seq);
    this.#recent ??= new RecentFrames(event.seq - 1, this.limits);
    this.#toldSeq = event.seq;
    if (event.subject.split('.', 2)[1] !== this.#options.tenant) return;
    const frame = toFrame(event);
    this.#recent.add(frame);
    this.#options.lanes?.hearEvent(frame, event);
    if (this.#groups.size === 0) return;
    this.#pending.push(frame);
    this.#pendingChars += frame.text.length;
    if (this.#pendingChars >= this.limits.tickCharsMax) this.#tick();
    else this.#tickTimer ??= setTimeout(() => this.#tick(), this.limits.tickMs);
  }

  /** The log counts from a lower number again: what was heard before is of another one. */
  #beginAnew(firstSeq: number): void {
    this.#tick();
    const bounds = { after_seq: this.#toldSeq, before_seq: firstSeq };
    const detail = 'the log of events began anew: load anew';
    for (const viewer of this.#viewers) {
      viewer.notify({ type: 'gap', reason: 'ahead', ...bounds, detail });
      viewer.beginAt(firstSeq - 1);
    }
    this.#recent = null;
  }

  #tick(): void {
    if (this.#tickTimer) clearTimeout(this.#tickTimer);
    this.#tickTimer = null;
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    this.#pendingChars = 0;
    for (const { scope, viewers } of this.#groups.values()) {
      const frames = pending.filter((frame) => scope.shows(frame));
      if (frames.length === 0) continue;
      const batch = new Batch(frames);
      for (const viewer of viewers) viewer.take(batch);
    }
  }

  #startTimers(): void {
    const { heartbeatMs, reviewMs } = this.limits;
    this.#timers = [
      setInterval(() => this.#beat(), heartbeatMs).unref(),
      setInterval(() => {
        for (const viewer of this.#viewers) viewer.review();
        this.#options.lanes?.review();
      }, reviewMs).unref(),
    ];
  }

  #beat(): void {
    this.#tick();
    const timestamp = new Date(this.#options.now()).toISOString();
    const notice: LiveNotice = { type: 'alive', seq: this.lastSeq, timestamp };
    const joined = new Set([...this.#groups.values()].flatMap(({ viewers }) => [...viewers]));
    for (const viewer of this.#viewers) viewer.beat(joined.has(viewer) || !viewer.isExact ? notice : null);
  }
}
