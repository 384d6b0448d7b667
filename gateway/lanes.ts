/**
 * The lanes beside the exact one, for all viewers of this gateway: the tail and the counts, fed by the same events and,
 * while somebody wants them, by the messages between actors.
 *
 * L1. Nothing of other tenants is shown or counted.
 */
import { parseAddress } from '#protocols/address.ts';
import type { MetricsFrame } from '#protocols/http/lanes.ts';
import type { Client } from '#runtime/client.ts';
import type { LiveEvent } from '#runtime/event-feed.ts';
import type { Logger } from '#runtime/logger.ts';
import type { LoggedMessage } from '#runtime/messages.ts';
import type { Frame } from './frames.ts';
import { MessageTap } from './message-tap.ts';
import type { Metrics } from './metrics.ts';
import { MetricsLane } from './metrics-lane.ts';
import { Tail } from './tail.ts';
import { TAIL_LIMITS } from './tail-batch.ts';
import { eventTailFrame, messageTailFrame } from './tail-frames.ts';
import { TailViewer, type TailViewerLimits } from './tail-viewer.ts';
import type { Viewer } from './viewer.ts';
import type { ViewerLine } from './viewer-line.ts';

export interface LanesOptions {
  readonly client: Pick<Client, 'messages'>;
  readonly tenant: string;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly now: () => number;
  readonly limits: { readonly tickMs: number; readonly thinAtBytes: number; readonly shedAfterMs: number };
}

/** Batches on their way to one viewer, and frames that wait for it. */
const UNACKED_MAX = 2;
const HELD_MAX = 5_000;

/** What one viewer may do with the lanes. */
export interface LaneSeat {
  /** None: the tail ends. */
  showTail(subjects: readonly string[], last: number): void;
  /** 0: the counts end. */
  showMetrics(everyMs: number, withMessages: boolean): void;
  acknowledge(through: number): void;
  leave(): void;
}

export class Lanes {
  readonly #options: LanesOptions;
  readonly #limits: TailViewerLimits;
  readonly #tail: Tail;
  readonly #metricsLane: MetricsLane;
  readonly #tap: MessageTap;

  constructor(options: LanesOptions) {
    const { client, logger, now, limits } = options;
    this.#options = options;
    this.#limits = {
      ...TAIL_LIMITS,
      unackedMax: UNACKED_MAX,
      heldMax: HELD_MAX,
      thinAtBytes: limits.thinAtBytes,
      shedAfterMs: limits.shedAfterMs,
    };
    this.#tail = new Tail({ tickMs: limits.tickMs, limits: this.#limits, now });
    this.#tap = new MessageTap({
      messages: client.messages,
      logger,
      onMessage: (message) => this.#hearMessage(message),
    });
    const messagesSinceMs = () => this.#tap.sinceMs;
    this.#metricsLane = new MetricsLane({ now, roomBytes: limits.thinAtBytes, messagesSinceMs });
  }

  /** The filters of a tail that shows all of the tenant. */
  get everything(): string[] {
    return [`evt.${this.#options.tenant}.>`, `tap.${this.#options.tenant}.>`];
  }

  hearEvent(frame: Frame, event: LiveEvent): void {
    this.#metricsLane.count(frame.subject);
    this.#tail.hear(eventTailFrame(frame, event));
  }

  seat(viewer: Viewer, line: ViewerLine, acknowledges: boolean): LaneSeat {
    const { metrics } = this.#options;
    const tailViewer = new TailViewer({
      line,
      acknowledges,
      limits: this.#limits,
      elapsedMs: () => performance.now(),
      onSent: (frames) => metrics.framesSent(frames),
      onLeftOut: (frames) => metrics.framesLeftOut(frames),
      onStalled: () => viewer.shed('reads or acknowledges too slowly'),
    });
    const seat: LaneSeat = {
      showTail: (subjects, last) => {
        if (subjects.length > 0) this.#tail.join(tailViewer, subjects, last);
        else this.#tail.leave(tailViewer);
        this.#reconsider();
      },
      showMetrics: (everyMs, withMessages) => {
        this.#metricsLane.leave(line);
        if (everyMs > 0) this.#metricsLane.join(line, { everyMs, withMessages });
        this.#reconsider();
      },
      acknowledge: (through) => this.#tail.acknowledge(tailViewer, through),
      leave: () => {
        this.#tail.leave(tailViewer);
        this.#metricsLane.leave(line);
        this.#reconsider();
      },
    };
    line.onClose(seat.leave);
    return seat;
  }

  /** Looks who takes nothing. */
  review(): void {
    this.#tail.review();
  }

  /** Counts of the last minute. */
  snapshot(): MetricsFrame {
    return this.#metricsLane.snapshot();
  }

  async stop(): Promise<void> {
    this.#tail.stop();
    this.#metricsLane.stop();
    await this.#tap.stop();
  }

  #hearMessage(message: LoggedMessage): void {
    if (parseAddress(message.envelope.to).tenant !== this.#options.tenant) return;
    const frame = messageTailFrame(message);
    this.#metricsLane.count(frame.subject);
    this.#tail.hear(frame);
  }

  #reconsider(): void {
    this.#tap.want(this.#metricsLane.wantsMessages || this.#tail.wants('tap.'));
  }
}
