/**
 * Lets out what was committed, and again whatever did not arrive.
 *
 * O1. Rows of one commit are published in the order of their numbers, before those of the next commit.
 * O2. A row of an effect is deleted only when its target's counter has reached it; an event's when the stream has it.
 * O3. A repeat goes out under another message id: the log's duplicate window must not swallow what the target
 *     dropped at a gap. The counter tells it from a new one.
 * O4. Repeats of one (target, lane) wait twice as long each time until its counter moves: a busy target is not flooded.
 * O5. Each (source, target, lane) has its own small window of repeats, and those that are due take turns: one whose
 *     target is away holds back nobody else.
 * O6. What is under way is bounded: past that `isFull` stops the taking of messages, and no repeats go out.
 */
import type { Answer, Outputs, RemoteRequest } from './batch.ts';
import type { NodeBounds } from './bounds.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import type { Logger } from './logger.ts';
import type { RuntimeMetrics } from './metrics.ts';
import type { OutboxHead, OutboxRow, Store } from './store.ts';

const RESEND_AFTER_MS = 2_000;
const RESEND_AFTER_MAX_MS = 60_000;
/** A full outbox has room again when so little of the bound is under way. */
const ROOM_FROM = 0.5;
/** Repeats of one sweep: of each lane, and of all together. */
const RESEND = { perLane: 200, lanesMax: 40, bytesMax: 8 * 1024 * 1024 } as const;

export interface OutboxHost {
  readonly log: Log;
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
  readonly bounds: Pick<NodeBounds, 'inFlightMax' | 'inFlightBytesMax'>;
  /** There is room again after there was none. */
  onRoom(): void;
  held(): readonly number[];
  answer(answer: Answer): void;
  request(request: RemoteRequest): void;
}

interface Waiting {
  readonly first: number;
  readonly waitMs: number;
  readonly againAtMs: number;
}

export class Outbox {
  readonly #host: OutboxHost;
  readonly #waiting = new Map<string, Waiting>();
  /** Events that the stream has and whose rows are still there. */
  readonly #eventsOut: { partition: number; n: number }[] = [];
  readonly #encoder = new TextEncoder();
  #resends = 0;
  #inFlight = 0;
  #inFlightBytes = 0;
  #isFull = false;
  /** Of the lane whose turn was last. */
  #lastKey = '';

  constructor(host: OutboxHost) {
    this.#host = host;
  }

  /** Publications that the log has not acknowledged yet. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** As much is under way as may be. */
  get isFull(): boolean {
    return this.#isFull;
  }

  release(outputs: readonly Outputs[]): void {
    // Callers wait, the rest does not.
    for (const { answers } of outputs) for (const answer of answers) this.#host.answer(answer);
    for (const output of outputs) {
      for (const row of output.outbox) this.#publish(row, row.id);
      for (const request of output.requests) this.#host.request(request);
      this.#host.metrics.published.inc({ kind: 'answer' }, output.answers.length);
      this.#host.metrics.published.inc({ kind: 'request' }, output.requests.length);
    }
  }

  /** Deletes what has arrived. */
  async sweep(): Promise<void> {
    const held = this.#host.held();
    if (held.length === 0) return;
    // Marks lost with a failed statement cost one more publication, which viewers drop.
    const out = this.#eventsOut.splice(0);
    if (out.length > 0) await this.#host.store.settleEvents(out);
    await this.#host.store.settleOutbox(held);
  }

  /** Publishes again what has not arrived for a while. */
  async repeat(): Promise<void> {
    const held = this.#host.held();
    if (held.length === 0 || this.#isFull) return;
    const nowMs = this.#host.clock.now();
    const heads = await this.#host.store.unsentHeads(held, RESEND_AFTER_MS);
    const keys = new Set(heads.map(keyOfHead));
    for (const key of this.#waiting.keys()) if (!keys.has(key)) this.#waiting.delete(key);
    const due = this.#inTurn(heads.filter((head) => this.#isDue(head, nowMs)));
    if (due.length === 0) return;
    const rows = await this.#host.store.unsent(due, RESEND);
    for (const [key, unsent] of Map.groupBy(rows, keyOfHead)) this.#resend(key, unsent, nowMs);
  }

  #isDue(head: OutboxHead, nowMs: number): boolean {
    const before = this.#waiting.get(keyOfHead(head));
    return !before || before.first !== head.n || nowMs >= before.againAtMs;
  }

  /** As many as one sweep takes, from the one after the last on: there may have been no room for all of them. */
  #inTurn(due: readonly OutboxHead[]): OutboxHead[] {
    const sorted = due.toSorted((a, b) => (keyOfHead(a) < keyOfHead(b) ? -1 : 1));
    const next = Math.max(
      0,
      sorted.findIndex((head) => keyOfHead(head) > this.#lastKey),
    );
    return [...sorted.slice(next), ...sorted.slice(0, next)].slice(0, RESEND.lanesMax);
  }

  #resend(key: string, rows: readonly OutboxRow[], nowMs: number): void {
    this.#lastKey = key;
    const first = rows[0]?.n ?? 0;
    const before = this.#waiting.get(key);
    const waitMs =
      before?.first === first ? Math.min(before.waitMs * 2, RESEND_AFTER_MAX_MS) : RESEND_AFTER_MS;
    this.#waiting.set(key, { first, waitMs, againAtMs: nowMs + waitMs });
    this.#host.logger.debug({ outbox: key, first, rows: rows.length }, 'publishing again');
    this.#resends++;
    for (const row of rows) this.#publish(row, `${row.id}.${nowMs}.${this.#resends}`);
  }

  #publish(row: OutboxRow, id: string): void {
    const bytes = this.#encoder.encode(row.body);
    this.#moveInFlight(1, bytes.length);
    this.#host.metrics.published.inc({ kind: row.lane });
    this.#host.log
      .publish({ subject: row.subject, id, bytes })
      .then(() => {
        if (row.lane === 'event') this.#eventsOut.push({ partition: row.partition, n: row.n });
      })
      .catch((error: unknown) => {
        this.#host.logger.warn(
          { err: error, subject: row.subject, id },
          'publication failed, kept in the outbox',
        );
      })
      .finally(() => this.#moveInFlight(-1, -bytes.length));
  }

  #moveInFlight(count: number, bytes: number): void {
    const { bounds, metrics, onRoom } = this.#host;
    this.#inFlight += count;
    this.#inFlightBytes += bytes;
    const share = Math.max(
      this.#inFlight / bounds.inFlightMax,
      this.#inFlightBytes / bounds.inFlightBytesMax,
    );
    if (share >= 1 && !this.#isFull) {
      this.#isFull = true;
      metrics.outboxFull.inc();
    } else if (this.#isFull && share < ROOM_FROM) {
      this.#isFull = false;
      onRoom();
    }
  }
}

function keyOfHead({ partition, target, lane }: OutboxHead): string {
  return `${partition}/${target}/${lane}`;
}
