/**
 * The locks of one attempt: asked for, kept by renewal, let go at its end.
 *
 * K1. A lock counts as lost before its lease can be over: the lease is counted from when it was asked for, on this
 *     process' own clock, less a margin. So a process that slept knows it before it does anything else in a new turn.
 * K2. What it does in the middle of a turn that it slept in, no clock can prevent: the token does, at the resource.
 * K3. A lock is let go once, by the request that took it. Whatever is left goes with the attempt.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { LOCK_ANSWER_MS_MAX, LockSaid } from '#protocols/eap/lock.ts';
import type { AgentOut, OutAnswer } from '#protocols/eap/message.ts';
import type { LockWait } from '#protocols/lock.ts';
import { Deadline } from './deadline.ts';
import { newHead, newId } from './head.ts';
import type { Logger } from './logger.ts';

export type LockOut = Extract<AgentOut, { kind: 'lock_acquire' | 'lock_renew' | 'lock_release' }>;

export interface LockOptions {
  /** How long to wait in the queue of a lock that is held; a minute if left out. 0: not at all. */
  readonly waitMs?: number;
  /** The lease; renewed at a third of it. 30 s if left out. */
  readonly ttlMs?: number;
  /** Higher ones get it first. */
  readonly priority?: LockWait['priority'];
}

export interface TaskLock {
  readonly name: string;
  /** Give it to what the lock guards: a write with a smaller one than it has seen must be refused there. */
  readonly token: number;
  /** Aborts with a `LockLost` when the lock is lost, at the latest when its lease may be over. */
  readonly signal: AbortSignal;
  /** Lets it go; safe to call twice. Never throws: what cannot be said ends with the lease. */
  release(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The lock was not to be had. `code` says why: DEADLINE_EXCEEDED, LOCK_NOT_OWNED, DEADLOCK_DETECTED, … */
export class LockRefused extends Error {
  override name = 'LockRefused';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The `reason` of an aborted lock signal. */
export class LockLost extends Error {
  override name = 'LockLost';
  readonly reason = 'lease_lost';
}

export interface TaskLocksOptions {
  readonly taskId: string;
  readonly attempt: number;
  readonly ask: (message: LockOut, signal: AbortSignal) => Promise<OutAnswer | null>;
  /** Aborts when the work is to end: no lock is waited for any more. */
  readonly workSignal: AbortSignal;
  readonly logger: Logger;
}

const WAIT_MS_DEFAULT = 60_000;
const TTL_MS_DEFAULT = 30_000;
const ANSWER_WITHIN_MS = Math.min(3_000, LOCK_ANSWER_MS_MAX);
/** Asked again every few seconds: so long without a word, and this process is dead. */
const SILENT_MS = 15_000;
const RELEASE_WITHIN_MS = 3_000;
const PAUSE_MS = 100;
/** Of the lease, what is not used: for what clocks drift, and for a timer that is late. */
const MARGIN = 0.1;

export class TaskLocks {
  readonly #options: TaskLocksOptions;
  readonly #held = new Set<HeldLock>();
  #isOver = false;

  constructor(options: TaskLocksOptions) {
    this.#options = options;
  }

  async acquire(name: string, options: LockOptions = {}): Promise<TaskLock> {
    const { waitMs = WAIT_MS_DEFAULT, ttlMs = TTL_MS_DEFAULT, priority = 'normal' } = options;
    const { taskId, attempt, workSignal } = this.#options;
    const requestId = newId();
    for (;;) {
      const askedAtMs = performance.now();
      const answerWithinMs = Math.min(waitMs, ANSWER_WITHIN_MS);
      const terms = { name, requestId, ttlMs, priority, waitMs, silentMs: SILENT_MS, answerWithinMs };
      const message: LockOut = { ...newHead(), taskId, attempt, kind: 'lock_acquire', ...terms };
      const said = this.#isOver ? null : await this.#said(message, workSignal);
      if (said === null || this.#isOver) {
        void this.#letGo(name, requestId);
        throw new LockRefused('STALE_EPOCH', `lock ${name}: the attempt is over`);
      }
      if (said.state === 'granted')
        return this.#hold({ name, requestId, token: said.token, ttlMs, askedAtMs });
      if (said.state === 'gone')
        throw new LockRefused(codeOf(said), `lock ${name}: the request is over: ${said.reason}`);
      // Where the answer could not be held back, as by another node, not to ask all the time.
      if (performance.now() - askedAtMs < PAUSE_MS) await pause(PAUSE_MS);
    }
  }

  /** Lets all of them go; what is still held after that is lost for its holder. */
  async releaseAll(): Promise<void> {
    await Promise.all([...this.#held].map((lock) => lock.release()));
  }

  /** The attempt is over: nothing is said any more, and its end ends the locks. */
  end(detail: string): void {
    this.#isOver = true;
    for (const lock of this.#held) lock.lose(detail);
    this.#held.clear();
  }

  #hold(granted: Granted): TaskLock {
    const { taskId, attempt, logger } = this.#options;
    const lock: HeldLock = new HeldLock(granted, {
      renew: (signal) =>
        this.#ask(
          {
            ...newHead(),
            taskId,
            attempt,
            kind: 'lock_renew',
            name: granted.name,
            token: granted.token,
            ttlMs: granted.ttlMs,
          },
          signal,
        ),
      letGo: () => this.#letGo(granted.name, granted.requestId),
      onOver: () => this.#held.delete(lock),
      logger,
    });
    this.#held.add(lock);
    return lock;
  }

  /** Null: never said, or never answered. */
  async #said(message: LockOut, signal: AbortSignal): Promise<LockSaid | null> {
    const answer = await this.#ask(message, signal);
    if (answer === null) return null;
    if (!answer.ok) throw new LockRefused(answer.error.code, `lock ${message.name}: ${answer.error.message}`);
    return LockSaid.parse(answer.value);
  }

  async #letGo(name: string, requestId: string): Promise<void> {
    const { taskId, attempt } = this.#options;
    using deadline = new Deadline(RELEASE_WITHIN_MS);
    await this.#ask(
      { ...newHead(), taskId, attempt, kind: 'lock_release', name, requestId },
      deadline.signal,
    );
  }

  async #ask(message: LockOut, signal: AbortSignal): Promise<OutAnswer | null> {
    return this.#options.ask(message, signal);
  }
}

interface Granted {
  readonly name: string;
  readonly requestId: string;
  readonly token: number;
  readonly ttlMs: number;
  readonly askedAtMs: number;
}

interface HeldLockHost {
  readonly renew: (signal: AbortSignal) => Promise<OutAnswer | null>;
  readonly letGo: () => Promise<void>;
  readonly onOver: () => void;
  readonly logger: Logger;
}

class HeldLock implements TaskLock {
  readonly name: string;
  readonly token: number;
  readonly #granted: Granted;
  readonly #host: HeldLockHost;
  readonly #lost = new AbortController();
  /** Ends the renewals. */
  readonly #over = new AbortController();
  #endsAtMs: number;
  #end: NodeJS.Timeout;
  #releasing: Promise<void> | null = null;

  constructor(granted: Granted, host: HeldLockHost) {
    this.name = granted.name;
    this.token = granted.token;
    this.#granted = granted;
    this.#host = host;
    this.#endsAtMs = this.#endOf(granted.askedAtMs);
    this.#end = this.#loseLater();
    void this.#keepRenewing();
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  release(): Promise<void> {
    if (this.#over.signal.aborted) return this.#releasing ?? Promise.resolve();
    this.#stop();
    this.#releasing = this.#host.letGo();
    return this.#releasing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  lose(detail: string): void {
    if (this.#over.signal.aborted) return;
    this.#stop();
    this.#lost.abort(new LockLost(`lock ${this.name}: ${detail}`));
  }

  #stop(): void {
    this.#over.abort();
    clearTimeout(this.#end);
    this.#host.onOver();
  }

  #endOf(askedAtMs: number): number {
    return askedAtMs + this.#granted.ttlMs * (1 - MARGIN);
  }

  #loseLater(): NodeJS.Timeout {
    return setTimeout(
      () => this.lose('its lease may be over'),
      Math.max(0, this.#endsAtMs - performance.now()),
    );
  }

  async #keepRenewing(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      await pause(this.#granted.ttlMs / 3, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const askedAtMs = performance.now();
      if (askedAtMs >= this.#endsAtMs) return this.lose('its lease may be over');
      const answer = await this.#host.renew(signal);
      if (signal.aborted || answer === null) continue;
      if (!answer.ok) {
        this.#host.logger.warn({ lock: this.name, token: this.token, ...answer.error }, 'agent lost a lock');
        return this.lose(answer.error.message);
      }
      this.#endsAtMs = this.#endOf(askedAtMs);
      clearTimeout(this.#end);
      this.#end = this.#loseLater();
    }
  }
}

function codeOf({ reason }: Extract<LockSaid, { state: 'gone' }>): string {
  return reason === 'wait_timed_out' ? 'DEADLINE_EXCEEDED' : 'LOCK_NOT_OWNED';
}
