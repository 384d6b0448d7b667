/**
 * What a node does beside its turns: timers into the log, the outbox swept, idle actors let go, silent agents told,
 * old log trimmed, reply tables made. Each job has its own pace; one that fails is tried again at its next time.
 *
 * T1. A timer is sent when the store's clock says that it is due, and again until its row is gone; the turn takes it
 *     once (U2).
 * T2. Trimming keeps the message at the cursor and `journalMs` of what is before it.
 */
import type { Address } from '#protocols/address.ts';
import { formatAddress } from '#protocols/address.ts';
import { encodeEnvelope } from '#protocols/envelope.ts';
import { partitionOf } from '#protocols/partition.ts';
import { LANES, laneSubject } from '#protocols/subjects.ts';
import type { Routes } from './batch.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import type { Logger } from './logger.ts';
import type { RuntimeMetrics } from './metrics.ts';
import type { RuntimeNode } from './node.ts';
import type { Speaker } from './remote.ts';
import type { Store, TimerRow } from './store.ts';

export interface UpkeepSettings {
  readonly idleMs: number;
  readonly journalMs: number;
}

export const UPKEEP_SETTINGS: UpkeepSettings = { idleMs: 60_000, journalMs: 3_600_000 };

const TIMERS_EVERY_MS = 200;
const TIMERS_MAX = 1_000;
const TIMER_AGAIN_MS = 5_000;
const SILENT_AGAIN_MS = 30_000;

export interface UpkeepHost {
  readonly node: RuntimeNode;
  readonly store: Store;
  readonly log: Log;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
  readonly routes: Routes;
  readonly settings: UpkeepSettings;
}

export class Upkeep {
  readonly #host: UpkeepHost;
  readonly #stopping = new AbortController();
  readonly #jobs: Promise<void>[] = [];
  readonly #sentTimers = new Map<string, number>();
  readonly #heardAtMs = new Map<string, number>();
  readonly #toldSilentAtMs = new Map<string, number>();
  readonly #marks = new Map<string, { atMs: number; seq: number }[]>();

  constructor(host: UpkeepHost) {
    this.#host = host;
  }

  start(): void {
    this.#every('timers', TIMERS_EVERY_MS, () => this.#sendTimers());
    this.#every('outbox', 500, () => this.#host.node.outbox.sweep());
    this.#every('passivation', 5_000, async () => this.#passivate());
    this.#every('silence', 1_000, () => this.#tellSilence());
    this.#every('trim', 60_000, () => this.#trim());
    this.#every('replies', 600_000, () => this.#host.store.maintain());
  }

  /** An agent gave a sign of life. */
  heard(speaker: Speaker): void {
    this.#heardAtMs.set(`${speaker.tenant}/${speaker.agent}`, this.#host.clock.now());
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#jobs);
  }

  #every(job: string, everyMs: number, run: () => Promise<void>): void {
    const { clock, logger } = this.#host;
    const keepRunning = async () => {
      while (!this.#stopping.signal.aborted) {
        await clock.sleep(everyMs, this.#stopping.signal);
        if (this.#stopping.signal.aborted) return;
        try {
          await run();
        } catch (error) {
          logger.warn({ err: error, job }, 'upkeep failed, trying again');
        }
      }
    };
    this.#jobs.push(keepRunning());
  }

  async #sendTimers(): Promise<void> {
    const { node, store, clock } = this.#host;
    const held = node.held();
    if (held.length === 0) return;
    const nowMs = clock.now();
    for (const [id, atMs] of this.#sentTimers) if (nowMs - atMs > TIMER_AGAIN_MS) this.#sentTimers.delete(id);
    for (const timer of await store.dueTimers(held, TIMERS_MAX)) {
      const id = `t.${formatAddress(timer.address)}.${timer.key}.${timer.generation}`;
      if (this.#sentTimers.has(id)) continue;
      this.#sentTimers.set(id, nowMs);
      await this.#send(timer.address, {
        id: `${id}.${nowMs}`,
        message: timer.message,
        source: { kind: 'timer', key: timer.key, generation: timer.generation },
      });
    }
  }

  async #send(
    address: Address,
    part: {
      id: string;
      message: TimerRow['message'];
      source: { kind: 'timer'; key: string; generation: number } | { kind: 'system' };
    },
  ): Promise<void> {
    const { log, routes } = this.#host;
    const lane = routes.isControl(address.type, part.message.type) ? 'control' : 'data';
    const bytes = encodeEnvelope({ ...part, to: formatAddress(address), root: part.id });
    await log.publish({
      subject: laneSubject(lane, partitionOf(address, routes.partitionCount)),
      id: part.id,
      bytes,
    });
  }

  async #tellSilence(): Promise<void> {
    const { node, store, clock, logger } = this.#host;
    const held = node.held();
    if (held.length === 0) return;
    const nowMs = clock.now();
    for (const { address, watchMs } of await store.watched(held)) {
      const name = `${address.tenant}/${address.id}`;
      // One that this node never heard gets the whole time from now on.
      const heardAtMs = this.#heardAtMs.get(name);
      if (heardAtMs === undefined) this.#heardAtMs.set(name, nowMs);
      if (heardAtMs === undefined || nowMs - heardAtMs <= watchMs) continue;
      if (nowMs - (this.#toldSilentAtMs.get(name) ?? 0) < SILENT_AGAIN_MS) continue;
      this.#toldSilentAtMs.set(name, nowMs);
      logger.warn({ agent: name, silentMs: nowMs - heardAtMs }, 'agent fell silent');
      await this.#send(address, {
        id: `s.${formatAddress(address)}.${nowMs}`,
        message: { type: 'silent' },
        source: { kind: 'system' },
      });
    }
    for (const [name, atMs] of this.#heardAtMs) if (nowMs - atMs > 3_600_000) this.#heardAtMs.delete(name);
  }

  #passivate(): void {
    const { node, clock, metrics, settings } = this.#host;
    const before = clock.now() - settings.idleMs;
    for (const name of node.activations.idleSince(before)) {
      if (!node.isDirty(name)) node.activations.passivate(name);
    }
    metrics.activations.set(node.activations.size);
    metrics.lag.set(node.lag);
  }

  async #trim(): Promise<void> {
    const { node, log, clock, settings } = this.#host;
    const nowMs = clock.now();
    for (const { id, data, control } of node.cursors()) {
      for (const lane of LANES) {
        const key = `${id}/${lane}`;
        const marks = this.#marks.get(key) ?? [];
        marks.push({ atMs: nowMs, seq: lane === 'data' ? data : control });
        this.#marks.set(key, marks);
        const old = marks.findLastIndex((mark) => nowMs - mark.atMs >= settings.journalMs);
        const mark = old < 0 ? undefined : marks[old];
        if (!mark) continue;
        marks.splice(0, old + 1);
        if (mark.seq > 0) await log.trim(lane, id, mark.seq);
      }
    }
  }
}
