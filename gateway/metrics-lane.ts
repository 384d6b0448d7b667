/**
 * The metrics lane: counts of each second, told every 250 or 1,000 ms, written once for all that get the same.
 *
 * M1. A viewer whose line is full is told nothing, and the whole minute as soon as it has room: counts are told whole, so
 *     nothing is missing then.
 */
import { METRIC_INTERVALS_MS, type MetricsFrame, type SecondCounts } from '#protocols/http/lanes.ts';
import { Rates } from './rates.ts';
import type { Encoded, ViewerLine } from './viewer-line.ts';

interface MetricsLaneOptions {
  readonly now: () => number;
  /** A line with more than so much waiting has no room. */
  readonly roomBytes: number;
  /** Since when messages are counted, or null. */
  readonly messagesSinceMs: () => number | null;
}

interface Seat {
  readonly line: ViewerLine;
  readonly everyMs: number;
  readonly withMessages: boolean;
  isBehind: boolean;
}

const EVENTS = ['evt.'] as const;
const ALL = ['evt.', 'tap.'] as const;

export class MetricsLane {
  readonly rates = new Rates();
  readonly #options: MetricsLaneOptions;
  readonly #seats = new Map<ViewerLine, Seat>();
  readonly #timers = new Map<number, NodeJS.Timeout>();
  readonly #toldMarks = new Map<number, number>();

  constructor(options: MetricsLaneOptions) {
    this.#options = options;
  }

  get wantsMessages(): boolean {
    return [...this.#seats.values()].some(({ withMessages }) => withMessages);
  }

  count(subject: string): void {
    this.rates.count(subject, this.#options.now());
  }

  join(line: ViewerLine, wish: { readonly everyMs: number; readonly withMessages: boolean }): void {
    const seat: Seat = { line, ...wish, isBehind: false };
    this.#seats.set(line, seat);
    this.#tell(seat, this.#encode(this.#secondsSince(0, seat)));
    const { everyMs } = wish;
    if (!this.#timers.has(everyMs))
      this.#timers.set(everyMs, setInterval(() => this.#tick(everyMs), everyMs).unref());
  }

  leave(line: ViewerLine): void {
    this.#seats.delete(line);
    for (const everyMs of METRIC_INTERVALS_MS) {
      const isUsed = [...this.#seats.values()].some((seat) => seat.everyMs === everyMs);
      if (!isUsed) this.#end(everyMs);
    }
  }

  /** The last minute, for whoever asks once. */
  snapshot(): MetricsFrame {
    return this.#frame(this.#secondsSince(0, { withMessages: true }));
  }

  stop(): void {
    for (const everyMs of METRIC_INTERVALS_MS) this.#end(everyMs);
  }

  #end(everyMs: number): void {
    const timer = this.#timers.get(everyMs);
    if (timer) clearInterval(timer);
    this.#timers.delete(everyMs);
  }

  #tick(everyMs: number): void {
    const toldMark = this.#toldMarks.get(everyMs) ?? 0;
    this.#toldMarks.set(everyMs, this.rates.mark);
    const made = new Map<boolean, Encoded | null>();
    for (const seat of this.#seats.values()) {
      if (seat.everyMs !== everyMs || !seat.line.isOpen) continue;
      if (seat.isBehind) this.#tell(seat, this.#encode(this.#secondsSince(0, seat)));
      else {
        const encoded = made.get(seat.withMessages) ?? this.#news(toldMark, seat);
        made.set(seat.withMessages, encoded);
        if (encoded) this.#tell(seat, encoded);
      }
    }
  }

  /** Null: nothing was counted. */
  #news(toldMark: number, seat: Seat): Encoded | null {
    const seconds = this.#secondsSince(toldMark, seat);
    return seconds.length > 0 ? this.#encode(seconds) : null;
  }

  #secondsSince(mark: number, { withMessages }: Pick<Seat, 'withMessages'>): SecondCounts[] {
    this.rates.forget(this.#options.now());
    return this.rates.since(mark, withMessages ? ALL : EVENTS);
  }

  #tell(seat: Seat, encoded: Encoded): void {
    seat.isBehind = seat.line.waitingBytes > this.#options.roomBytes;
    if (!seat.isBehind && seat.line.isOpen) seat.line.send(encoded);
  }

  #frame(seconds: SecondCounts[]): MetricsFrame {
    const sinceMs = this.#options.messagesSinceMs();
    return {
      type: 'metrics',
      timestamp: new Date(this.#options.now()).toISOString(),
      messages_since: sinceMs === null ? null : Math.ceil(sinceMs / 1_000),
      seconds,
    };
  }

  #encode(seconds: SecondCounts[]): Encoded {
    const text = JSON.stringify(this.#frame(seconds));
    const list = Buffer.from(text);
    return {
      list,
      get stream() {
        return Buffer.from(`event: metrics\ndata: ${text}\n\n`);
      },
    };
  }
}
