/**
 * Sends the dead letters again whose replay was asked for: the owner of the partition where they were set aside does.
 *
 * R1. Whatever was asked for is found here again after any crash: the letter's row says so until its outcome is
 *     committed. Sent twice, it is taken once (D2).
 */
import { parseAddress } from '#protocols/address.ts';
import { encodeEnvelope } from '#protocols/envelope.ts';
import { partitionOf } from '#protocols/partition.ts';
import { laneSubject } from '#protocols/subjects.ts';
import type { Routes } from './batch.ts';
import type { Clock } from './clock.ts';
import { replayEnvelope, replayName } from './dead-letter.ts';
import type { Log } from './log.ts';
import type { Logger } from './logger.ts';
import type { DueReplay, Store } from './store.ts';

export const REPLAYS_EVERY_MS = 250;
const REPLAYS_MAX = 200;
const AGAIN_MS = { first: 5_000, max: 60_000 } as const;
/** Not due any more for so long: it has its outcome, or another owner. */
const FORGOTTEN_MS = 5_000;

export interface ReplaysHost {
  readonly store: Pick<Store, 'dueReplays'>;
  readonly log: Pick<Log, 'publish'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly routes: Routes;
}

interface Sent {
  readonly waitMs: number;
  readonly againAtMs: number;
}

export class Replays {
  readonly #host: ReplaysHost;
  readonly #sent = new Map<string, Sent>();

  constructor(host: ReplaysHost) {
    this.#host = host;
  }

  async sweep(held: readonly number[]): Promise<void> {
    if (held.length === 0) return;
    const { store, clock } = this.#host;
    const nowMs = clock.now();
    const waiting = [...this.#sent].filter(([, { againAtMs }]) => nowMs < againAtMs).map(([name]) => name);
    const due = await store.dueReplays(held, waiting, REPLAYS_MAX);
    for (const replay of due) {
      const name = replayName(replay);
      const before = this.#sent.get(name);
      const waitMs = before ? Math.min(before.waitMs * 2, AGAIN_MS.max) : AGAIN_MS.first;
      this.#sent.set(name, { waitMs, againAtMs: nowMs + waitMs });
      await this.#send(replay, nowMs);
    }
    for (const [name, { againAtMs }] of this.#sent)
      if (nowMs - againAtMs > FORGOTTEN_MS) this.#sent.delete(name);
  }

  async #send(replay: DueReplay, nowMs: number): Promise<void> {
    const { log, logger, routes } = this.#host;
    const { letter, n } = replay;
    const envelope = replayEnvelope(replay);
    if (!envelope) return logger.error({ letter, n }, 'a letter without an envelope was to be replayed');
    const to = parseAddress(envelope.to);
    const lane = routes.isControl(to.type, envelope.message.type) ? 'control' : 'data';
    const subject = laneSubject(lane, partitionOf(to, routes.partitionCount));
    try {
      // The log's own filter must not keep out a repeat of one that it lost.
      await log.publish({ subject, id: `${envelope.id}.${nowMs}`, bytes: encodeEnvelope(envelope) });
    } catch (error) {
      logger.warn({ err: error, letter, n }, 'replay not sent, trying again');
      this.#sent.delete(replayName(replay));
    }
  }
}
