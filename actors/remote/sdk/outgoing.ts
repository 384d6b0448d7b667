/**
 * What one attempt still has to say, in order.
 *
 * O1. One request is under way at a time, so the orchestrator hears things in the order they were said.
 * O2. A progress report that waits is replaced by a newer one, in its place: however fast the work reports, at most
 *     one waits. What the newer one leaves out is taken from the older.
 * O3. Tool calls, artifacts and results are never dropped. Past `waitingMax` whoever speaks waits for room.
 * O4. After `sayLast`, and after `close`, nothing is taken any more.
 */
import type { AgentOut, OutAnswer } from '#protocols/eap/message.ts';
import { REPORT_POINTS_MAX } from '#protocols/training-report.ts';
import type { RequestOut } from './requests.ts';

/** What an attempt says. */
export type AttemptOut =
  | Extract<AgentOut, { kind: 'progress' | 'tool' | 'artifact' | 'result' }>
  | RequestOut;
type Progress = Extract<AttemptOut, { kind: 'progress' }>;

interface Waiting {
  readonly message: AttemptOut;
  /** Called with the answer, or with null if it was never said or never answered. */
  readonly settle: (answer: OutAnswer | null) => void;
}

export interface OutgoingOptions {
  readonly ask: (message: AttemptOut) => Promise<OutAnswer | null>;
  readonly waitingMax: number;
}

export class Outgoing {
  readonly #ask: OutgoingOptions['ask'];
  readonly #waitingMax: number;
  #waiting: Waiting[] = [];
  #roomSought: (() => void)[] = [];
  #isSaying = false;
  #isClosed = false;

  constructor(options: OutgoingOptions) {
    this.#ask = options.ask;
    this.#waitingMax = options.waitingMax;
  }

  /** Takes a progress report at once. */
  report(message: Progress): void {
    if (this.#isClosed) return;
    const at = this.#waiting.findIndex((one) => one.message.kind === 'progress');
    const older = this.#waiting[at];
    if (older?.message.kind === 'progress') {
      this.#waiting[at] = { ...older, message: mergeProgress(older.message, message) };
    } else {
      this.#push({ message, settle: () => undefined });
    }
  }

  /** Takes a message; resolves when it waits its turn. */
  async put(message: AttemptOut): Promise<void> {
    if (this.#isFull()) await this.#room();
    if (!this.#isClosed) this.#push({ message, settle: () => undefined });
  }

  /** Takes a message; resolves with its answer, or null. */
  async say(message: AttemptOut): Promise<OutAnswer | null> {
    if (this.#isFull()) await this.#room();
    if (this.#isClosed) return null;
    return new Promise((settle) => this.#push({ message, settle }));
  }

  /** Says `message` after all that waits, and takes nothing more. */
  sayLast(message: AttemptOut): Promise<OutAnswer | null> {
    if (this.#isClosed) return Promise.resolve(null);
    return new Promise((settle) => {
      this.#push({ message, settle });
      this.#isClosed = true;
      this.#tellRoom();
    });
  }

  /** Drops what waits. What is under way ends with its own signal. */
  close(): void {
    this.#isClosed = true;
    const dropped = this.#waiting;
    this.#waiting = [];
    for (const one of dropped) one.settle(null);
    this.#tellRoom();
  }

  #isFull(): boolean {
    return !this.#isClosed && this.#waiting.length >= this.#waitingMax;
  }

  async #room(): Promise<void> {
    while (this.#isFull()) {
      await new Promise<void>((resolve) => this.#roomSought.push(resolve));
    }
  }

  #push(one: Waiting): void {
    this.#waiting.push(one);
    if (!this.#isSaying) void this.#sayAll();
  }

  async #sayAll(): Promise<void> {
    this.#isSaying = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#tellRoom();
      next.settle(await this.#ask(next.message));
    }
    this.#isSaying = false;
  }

  #tellRoom(): void {
    const sought = this.#roomSought;
    this.#roomSought = [];
    for (const resolve of sought) resolve();
  }
}

/** The newer report, with what only the older one told. */
export function mergeProgress(older: Progress, newer: Progress): Progress {
  return {
    ...newer,
    ...(newer.percent === undefined && older.percent !== undefined ? { percent: older.percent } : {}),
    ...(newer.note === undefined && older.note !== undefined ? { note: older.note } : {}),
    ...(newer.usage === undefined && older.usage !== undefined ? { usage: older.usage } : {}),
    ...mergeTraining(older, newer),
  };
}

/** Points of a loss curve add up: those that were not said yet go with the newer ones. */
function mergeTraining(older: Progress, newer: Progress): Pick<Progress, 'training'> {
  if (!older.training) return {};
  if (!newer.training) return { training: older.training };
  const points = [...older.training.points, ...newer.training.points].slice(-REPORT_POINTS_MAX);
  return { training: { ...older.training, ...newer.training, points } };
}
