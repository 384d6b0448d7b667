/**
 * Whether an outside command may go into the log, by what the owners of the partitions tell of their load.
 *
 * D1. Only commands of the data lane are ever refused: control overtakes what waits, and effects held back against each
 *     other would stop for ever.
 * D2. A refused command was not published: repeated later, it is as new.
 * D3. What was told is forgotten after a while: without news everything goes in, and the log's own bound holds.
 */
import type { Failure } from '#protocols/failure.ts';
import { LIMITS } from '#protocols/limits.ts';
import type { Lane } from '#protocols/subjects.ts';
import type { LoadReport } from './load-report.ts';

/** Owners tell five times a second. */
const STALE_AFTER_MS = 2_000;
/** After the log refused one, the next ones are not tried for so long. */
const LOG_FULL_MS = 500;
const RETRY_SECONDS = { actor: [1, 3], partition: [2, 10], log: [2, 10], client: [1, 3] } as const;

export interface Entrance {
  readonly to: string;
  readonly partition: number;
  readonly lane: Lane;
  /** Commands of this process to the same actor that were let in and have no answer yet. */
  readonly ownToActor: number;
  /** All that wait for their answer, this one included. */
  readonly ownInAll: number;
}

interface Told {
  readonly report: LoadReport;
  readonly atMs: number;
}

type Scope = keyof typeof RETRY_SECONDS;

export class Admission {
  readonly #random: () => number;
  readonly #told = new Map<string, Told>();
  #logFullUntilMs = Number.NEGATIVE_INFINITY;

  /** `random` gives numbers from 0 to 1: those refused together must not come back together. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** A node told its load. */
  hear(report: LoadReport, nowMs: number): void {
    for (const [node, { atMs }] of this.#told) if (nowMs - atMs > STALE_AFTER_MS) this.#told.delete(node);
    if (report.partitions.length === 0 && report.actors.length === 0) this.#told.delete(report.node);
    else this.#told.set(report.node, { report, atMs: nowMs });
  }

  /** The log had no room for a command of the data lane. */
  logWasFull(nowMs: number): Failure {
    this.#logFullUntilMs = nowMs + LOG_FULL_MS;
    return this.#refusal('log', 'The log has no room for another message now; nothing was done.');
  }

  /** Why a command may not go in, or null where it may. */
  refuse(entrance: Entrance, nowMs: number): Failure | null {
    const { to, partition, lane, ownToActor, ownInAll } = entrance;
    if (lane === 'control') return null;
    if (ownInAll > LIMITS.askedPerClientMax)
      return this.#refusal('client', 'Too many requests wait for their answer here.');
    if (nowMs < this.#logFullUntilMs)
      return this.#refusal('log', 'The log has no room for another message now.');
    const waiting = Math.max(ownToActor, this.#waitingFor(to, nowMs));
    if (waiting >= LIMITS.mailboxMax)
      return this.#refusal('actor', `About ${waiting} messages wait for ${to} already.`);
    const load = this.#loadOf(partition, nowMs);
    if (!load) return null;
    if (load.lag >= LIMITS.mailboxPartitionMax)
      return this.#refusal('partition', `${load.lag} messages wait in partition ${partition} already.`);
    if (load.oldestMs >= LIMITS.mailboxAgeMaxMs)
      return this.#refusal(
        'partition',
        `Partition ${partition} is ${Math.round(load.oldestMs / 1_000)} s behind.`,
      );
    return null;
  }

  #waitingFor(to: string, nowMs: number): number {
    let waiting = 0;
    for (const { report, atMs } of this.#told.values()) {
      if (nowMs - atMs > STALE_AFTER_MS) continue;
      waiting = Math.max(waiting, report.actors.find((actor) => actor.to === to)?.waiting ?? 0);
    }
    return waiting;
  }

  #loadOf(id: number, nowMs: number): LoadReport['partitions'][number] | undefined {
    for (const { report, atMs } of this.#told.values()) {
      const load = nowMs - atMs > STALE_AFTER_MS ? undefined : report.partitions.find((one) => one.id === id);
      if (load) return load;
    }
    return undefined;
  }

  #refusal(scope: Scope, detail: string): Failure {
    const [least, most] = RETRY_SECONDS[scope];
    return {
      code: 'MAILBOX_FULL',
      detail,
      scope,
      retry_after_seconds: least + Math.floor(this.#random() * (most - least + 1)),
    };
  }
}
