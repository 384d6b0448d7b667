/**
 * Sends the due timers of the held partitions into their logs.
 *
 * T1. A timer is sent when the store's clock says that it is due, and again, later and later, until its row is gone;
 *     the turn takes it once (U2).
 * T2. Each partition gives its share of a round: neither a backlog nor a partition that stands still holds up others.
 * T3. At most `UNDER_WAY_MAX` timers and one round are in memory, whatever is due. What the log did not take is
 *     published again, under the same id, before more is taken.
 */
import { formatAddress } from '#protocols/address.ts';
import type { Routes } from './batch.ts';
import type { Clock } from './clock.ts';
import { entryTo } from './entry.ts';
import type { Entry, Log } from './log.ts';
import type { Logger } from './logger.ts';
import type { Store, TimerRow } from './store.ts';

const UNDER_WAY_MAX = 1_024;
const ROUND_MAX = 512;
const EACH_MIN = 8;

export interface TimersHost {
  readonly store: Pick<Store, 'takeDueTimers'>;
  readonly log: Pick<Log, 'publish'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
  readonly routes: Routes;
  held(): readonly number[];
}

interface Sending {
  readonly partition: number;
  readonly entry: Entry;
}

export class Timers {
  readonly #host: TimersHost;
  readonly #underWay = new Set<Promise<void>>();
  #failed: Sending[] = [];

  constructor(host: TimersHost) {
    this.#host = host;
  }

  /** Sends all that is due now, round by round. */
  async send(signal: AbortSignal): Promise<void> {
    this.#sendFailed();
    let isMore = true;
    while (isMore && !signal.aborted) {
      if (this.#underWay.size >= UNDER_WAY_MAX) await Promise.all(this.#underWay);
      // The log does not take them: what is due waits in the store.
      if (this.#failed.length > 0) return;
      isMore = await this.#round();
    }
  }

  /** Whether a partition gave all that it may, and may have more. */
  async #round(): Promise<boolean> {
    const { store, clock, routes } = this.#host;
    const held = this.#host.held();
    if (held.length === 0) return false;
    const limitEach = Math.max(EACH_MIN, Math.floor(ROUND_MAX / held.length));
    const due = await store.takeDueTimers(held, limitEach);
    const nowMs = clock.now();
    const taken = new Map<number, number>();
    for (const timer of due) {
      taken.set(timer.partition, (taken.get(timer.partition) ?? 0) + 1);
      this.#publish({ partition: timer.partition, entry: entryOf(timer, nowMs, routes) });
    }
    return [...taken.values()].some((count) => count >= limitEach);
  }

  #sendFailed(): void {
    const failed = this.#failed.splice(0);
    if (failed.length === 0) return;
    this.#host.logger.warn({ timers: failed.length }, 'the log did not take timers, publishing them again');
    const held = new Set(this.#host.held());
    for (const sending of failed) if (held.has(sending.partition)) this.#publish(sending);
  }

  #publish(sending: Sending): void {
    const publication = this.#host.log
      .publish(sending.entry)
      .catch(() => void this.#failed.push(sending))
      .then(() => void this.#underWay.delete(publication));
    this.#underWay.add(publication);
  }
}

function entryOf({ address, key, generation, message }: TimerRow, nowMs: number, routes: Routes): Entry {
  const id = `t.${formatAddress(address)}.${key}.${generation}.${nowMs}`;
  return entryTo(address, { id, message, source: { kind: 'timer', key, generation } }, routes);
}
