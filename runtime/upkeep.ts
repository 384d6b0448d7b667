/**
 * What a node does beside its turns: timers into the log, the outbox swept, idle actors let go, silent agents told,
 * old log trimmed, reply tables made. Each job has its own pace; one that fails is tried again at its next time.
 *
 * J1. Trimming keeps the message at the cursor and `journalMs` of what is before it, less where the stream gets full.
 *     What is recorded of the batches goes first: it must never say of a message that it is still there.
 * J2. Silence counts only while this node hears itself: else an outage of NATS would take all agents for lost.
 */
import { formatAddress } from '#protocols/address.ts';
import { LANES, type Lane } from '#protocols/subjects.ts';
import type { Routes } from './batch.ts';
import type { Clock } from './clock.ts';
import { entryTo } from './entry.ts';
import type { Log } from './log.ts';
import type { Logger } from './logger.ts';
import type { RuntimeMetrics } from './metrics.ts';
import type { RuntimeNode } from './node.ts';
import type { Past } from './past.ts';
import type { Speaker } from './remote.ts';
import { REPLAYS_EVERY_MS, Replays } from './replays.ts';
import type { Store } from './store.ts';
import { Timers } from './timers.ts';

export interface UpkeepSettings {
  readonly idleMs: number;
  readonly journalMs: number;
}

export const UPKEEP_SETTINGS: UpkeepSettings = { idleMs: 60_000, journalMs: 3_600_000 };

/** A stream so full is trimmed up to the cursors, whatever the journal's time. */
const FILLING_FROM = 0.5;
const TIMERS_EVERY_MS = 200;
const FOLDS_EVERY_MS = 60_000;
const SILENT_AGAIN_MS = 30_000;
const FORGOTTEN_AFTER_MS = 3_600_000;
/** Names of agents that are remembered; one more is heard when another was forgotten. */
const HEARD_MAX = 100_000;
/** Longer without its own heartbeat: the node hears nobody. */
const DEAF_MS = 1_000;

export interface UpkeepHost {
  readonly node: RuntimeNode;
  readonly store: Store;
  readonly log: Log;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
  readonly routes: Routes;
  readonly settings: UpkeepSettings;
  readonly past: Pick<Past, 'trim'>;
  /** Folds some actors again and compares. */
  readonly checkFolds?: () => Promise<void>;
  /** How full a lane's stream is, 0 to 1: at 1 it takes no more. Left out: never full. */
  readonly fullness?: (lane: Lane) => Promise<number>;
}

/** How far a lane was committed at a time. */
interface TrimMark {
  readonly atMs: number;
  readonly seq: number;
  /** Number of the first batch that is not committed by then. */
  readonly batch: number;
  readonly isTrimmed?: true;
}

export class Upkeep {
  readonly #host: UpkeepHost;
  readonly #stopping = new AbortController();
  readonly #jobs: Promise<void>[] = [];
  readonly #timers: Timers;
  readonly #heardAtMs = new Map<string, number>();
  readonly #toldSilentAtMs = new Map<string, number>();
  readonly #marks = new Map<string, TrimMark[]>();
  readonly #replays: Replays;
  #deafAtMs = 0;

  constructor(host: UpkeepHost) {
    this.#host = host;
    this.#replays = new Replays(host);
    this.#timers = new Timers({ ...host, held: () => host.node.held() });
  }

  start(): void {
    this.#every('timers', TIMERS_EVERY_MS, () => this.#timers.send(this.#stopping.signal));
    this.#every('outbox', 500, () => this.#host.node.outbox.sweep());
    this.#every('replays', REPLAYS_EVERY_MS, () => this.#replays.sweep(this.#host.node.held()));
    this.#every('repeats', 1_000, () => this.#host.node.outbox.repeat());
    this.#every('passivation', 5_000, async () => this.#passivate());
    this.#every('silence', 1_000, () => this.#tellSilence());
    this.#every('trim', 15_000, () => this.#trim());
    const { checkFolds } = this.#host;
    if (checkFolds) this.#every('folds', FOLDS_EVERY_MS, checkFolds);
    this.#every('replies', 600_000, () => this.#host.store.maintain());
  }

  /** An agent gave a sign of life. */
  heard(speaker: Speaker): void {
    const name = `${speaker.tenant}/${speaker.agent}`;
    if (this.#heardAtMs.size >= HEARD_MAX && !this.#heardAtMs.has(name)) return;
    this.#heardAtMs.set(name, this.#host.clock.now());
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

  async #tellSilence(): Promise<void> {
    const { node, store, log, clock, logger, routes } = this.#host;
    const held = node.held();
    const nowMs = clock.now();
    if (node.peers.deafMs > DEAF_MS) this.#deafAtMs = nowMs;
    if (held.length === 0) return;
    for (const { address, watchMs } of await store.watched(held)) {
      const name = `${address.tenant}/${address.id}`;
      // One that this node never heard gets the whole time from now on.
      const heardAtMs = this.#heardAtMs.get(name);
      if (heardAtMs === undefined) this.#heardAtMs.set(name, nowMs);
      if (heardAtMs === undefined || nowMs - Math.max(heardAtMs, this.#deafAtMs) <= watchMs) continue;
      if (nowMs - (this.#toldSilentAtMs.get(name) ?? 0) < SILENT_AGAIN_MS) continue;
      this.#toldSilentAtMs.set(name, nowMs);
      logger.warn({ agent: name, silentMs: nowMs - heardAtMs }, 'agent fell silent');
      const id = `s.${formatAddress(address)}.${nowMs}`;
      const silent = { id, message: { type: 'silent' }, source: { kind: 'system' } } as const;
      await log.publish(entryTo(address, silent, routes));
    }
    for (const marks of [this.#heardAtMs, this.#toldSilentAtMs]) {
      for (const [name, atMs] of marks) if (nowMs - atMs > FORGOTTEN_AFTER_MS) marks.delete(name);
    }
  }

  #passivate(): void {
    const { node, clock, metrics, settings } = this.#host;
    const before = clock.now() - settings.idleMs;
    metrics.passivations.inc({ reason: 'idle' }, node.activations.passivateIdle(before));
    metrics.passivations.inc({ reason: 'memory' }, node.activations.shrink());
    metrics.activations.set(node.activations.size);
    metrics.activationBytes.set(node.activations.bytes);
    metrics.lag.set(node.lag);
    metrics.suspended.set(node.suspended);
  }

  async #trim(): Promise<void> {
    const { node, fullness } = this.#host;
    for (const lane of LANES) {
      const isFilling = ((await fullness?.(lane)) ?? 0) > FILLING_FROM;
      for (const cursor of node.cursors())
        await this.#trimLane(cursor.id, lane, { seq: cursor[lane], batch: cursor.batch, isFilling });
    }
  }

  async #trimLane(
    id: number,
    lane: Lane,
    { seq, batch, isFilling }: { seq: number; batch: number; isFilling: boolean },
  ): Promise<void> {
    const { log, past, clock, settings } = this.#host;
    const nowMs = clock.now();
    const key = `${id}/${lane}`;
    const newest = this.#marks.get(key)?.at(-1);
    // A cursor that went back reads the log anew: what was marked must not be taken from it.
    const marks = newest && newest.seq > seq ? [] : (this.#marks.get(key) ?? []);
    if (seq > 0 && newest?.seq !== seq) marks.push({ atMs: nowMs, seq, batch });
    const old = marks.findLastIndex((mark) => isFilling || nowMs - mark.atMs >= settings.journalMs);
    this.#marks.set(key, marks);
    const mark = marks[old];
    if (!mark || mark.isTrimmed) return;
    await past.trim(id, mark.batch);
    await log.trim(lane, id, mark.seq);
    marks.splice(0, old + 1, { ...mark, isTrimmed: true });
  }
}
