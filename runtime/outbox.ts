/**
 * Lets out what was committed, and again whatever did not arrive.
 *
 * O1. Rows of one commit are published in the order of their numbers, before those of the next commit.
 * O2. A row of an effect is deleted only when its target's counter has reached it; an event's when the stream has it.
 * O3. A repeat goes out under another message id: the log's duplicate window must not swallow what the target
 *     dropped at a gap. The counter tells it from a new one.
 * O4. Repeats of one (target, lane) wait twice as long each time until its counter moves: a busy target is not flooded.
 */
import type { Answer, Outputs, RemoteRequest } from './batch.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import type { Logger } from './logger.ts';
import type { RuntimeMetrics } from './metrics.ts';
import type { OutboxRow, Store } from './store.ts';

const RESEND_AFTER_MS = 2_000;
const RESEND_AFTER_MAX_MS = 60_000;
const RESEND_LIMIT = 500;

export interface OutboxHost {
  readonly log: Log;
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
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

  constructor(host: OutboxHost) {
    this.#host = host;
  }

  /** Publications that the log has not acknowledged yet. */
  get inFlight(): number {
    return this.#inFlight;
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

  /** One round of upkeep: deletes what has arrived, publishes again what has not. */
  async sweep(): Promise<void> {
    const held = this.#host.held();
    if (held.length === 0) return;
    // Marks lost with a failed statement cost one more publication, which viewers drop.
    const out = this.#eventsOut.splice(0);
    if (out.length > 0) await this.#host.store.settleEvents(out);
    await this.#host.store.settleOutbox(held);
    const rows = await this.#host.store.unsent(held, RESEND_AFTER_MS, RESEND_LIMIT);
    const nowMs = this.#host.clock.now();
    const lanes = Map.groupBy(rows, (row) => `${row.partition}/${row.target}/${row.lane}`);
    for (const key of this.#waiting.keys()) if (!lanes.has(key)) this.#waiting.delete(key);
    for (const [key, unsent] of lanes) this.#resend(key, unsent, nowMs);
  }

  #resend(key: string, rows: readonly OutboxRow[], nowMs: number): void {
    const first = rows[0]?.n ?? 0;
    const before = this.#waiting.get(key);
    if (before && before.first === first && nowMs < before.againAtMs) return;
    const waitMs =
      before && before.first === first ? Math.min(before.waitMs * 2, RESEND_AFTER_MAX_MS) : RESEND_AFTER_MS;
    this.#waiting.set(key, { first, waitMs, againAtMs: nowMs + waitMs });
    this.#host.logger.debug({ outbox: key, first, rows: rows.length }, 'publishing again');
    this.#resends++;
    for (const row of rows) this.#publish(row, `${row.id}.${nowMs}.${this.#resends}`);
  }

  #publish(row: OutboxRow, id: string): void {
    this.#inFlight++;
    this.#host.metrics.published.inc({ kind: row.lane });
    this.#host.log
      .publish({ subject: row.subject, id, bytes: this.#encoder.encode(row.body) })
      .then(() => {
        if (row.lane === 'event') this.#eventsOut.push({ partition: row.partition, n: row.n });
      })
      .catch((error: unknown) => {
        this.#host.logger.warn(
          { err: error, subject: row.subject, id },
          'publication failed, kept in the outbox',
        );
      })
      .finally(() => {
        this.#inFlight--;
      });
  }
}
