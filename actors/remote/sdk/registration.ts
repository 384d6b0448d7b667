/**
 * Keeps this instance registered: at the start, after every reconnect, when told that the lease was lost, and now and
 * then, since what would tell of a loss may get lost itself.
 *
 * R1. One round at a time. A new cause ends the round before it and takes a new id: a repeat of the old id would be
 *     answered from before the orchestrator counted this instance as gone.
 * R2. Two processes that bear one name take the lease from each other. Each waits longer each time.
 */

import type { AgentCard } from '#protocols/agent.ts';
import { type AgentOut, type Heartbeat, type OutAnswer, Registered } from '#protocols/eap/message.ts';
import { pauseUnlessAborted } from './ask.ts';
import { Deadline } from './deadline.ts';
import { newHead } from './head.ts';
import type { Logger } from './logger.ts';
import type { Timing } from './timing.ts';

export type Cause = 'join' | 'reconnect' | 'lease_lost' | 'oversleep' | 'refresh';

export interface RegistrationOptions {
  readonly card: AgentCard;
  readonly instance: string;
  readonly ask: (message: AgentOut, signal: AbortSignal) => Promise<OutAnswer | null>;
  /** Attempts that this process works on at this moment. */
  readonly running: () => Heartbeat['running'];
  readonly onRegistered: (registered: Registered) => void;
  readonly timing: Timing;
  readonly logger: Logger;
}

export class RegistrationRefused extends Error {
  override name = 'RegistrationRefused';
  readonly code: string;

  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

const LOST_PAUSE_MAX_MS = 30_000;
const LOST_FORGIVEN_MS = 120_000;

export class Registration {
  readonly #options: RegistrationOptions;
  #round = new AbortController();
  #refresh: NodeJS.Timeout | undefined;
  #isStopped = false;
  #isRegistered = false;
  #lost = { count: 0, atMs: 0 };

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  /** The first one: resolves when registered, throws `RegistrationRefused` when it never will be. */
  async join(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const refusal = await this.#tryOnce('join', signal);
      if (refusal) throw refusal;
      if (this.#isRegistered) return;
    }
    throw new RegistrationRefused('DEADLINE_EXCEEDED', 'the orchestrator did not answer in time');
  }

  /** Registers again, in the background, until it is done. */
  renew(cause: Exclude<Cause, 'join'>): void {
    if (this.#isStopped) return;
    this.#round.abort();
    this.#round = new AbortController();
    this.#renewUntilDone(cause, this.#round.signal).catch((error: unknown) => {
      this.#options.logger.error({ err: error }, 'agent registration failed');
    });
  }

  isRegistered(): boolean {
    return this.#isRegistered;
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#refresh);
    this.#round.abort();
  }

  async #renewUntilDone(cause: Cause, round: AbortSignal): Promise<void> {
    if (cause === 'lease_lost') await pauseUnlessAborted(this.#lostPauseMs(), round);
    this.#isRegistered = false;
    while (!round.aborted && !this.#isRegistered) {
      const refusal = await this.#tryOnce(cause, round);
      if (!refusal) continue;
      this.#options.logger.error({ err: refusal }, 'agent registration refused');
      await pauseUnlessAborted(this.#options.timing.refusedPauseMs, round);
    }
  }

  /** One id, repeated for a while. Says a refusal that a repeat would not change. */
  async #tryOnce(cause: Cause, round: AbortSignal): Promise<RegistrationRefused | null> {
    const { card, instance, running, ask, timing, logger } = this.#options;
    const message: AgentOut = { ...newHead(), kind: 'register', card, instance, resume: running() };
    using deadline = new Deadline(timing.registerRoundMs, round);
    const answer = await ask(message, deadline.signal);
    if (round.aborted || answer === null) return null;
    if (!answer.ok) return new RegistrationRefused(answer.error.code, answer.error.message);
    const registered = Registered.safeParse(answer.value);
    if (!registered.success) {
      return new RegistrationRefused('INTERNAL_ERROR', `unreadable answer: ${registered.error.message}`);
    }
    this.#isRegistered = true;
    logger.info({ cause, instance, resumed: message.resume.length }, 'agent registered');
    this.#options.onRegistered(registered.data);
    this.#refreshLater();
    return null;
  }

  #refreshLater(): void {
    clearTimeout(this.#refresh);
    if (this.#isStopped) return;
    const { refreshMs } = this.#options.timing;
    this.#refresh = setTimeout(() => this.renew('refresh'), refreshMs * (0.9 + Math.random() * 0.2));
  }

  #lostPauseMs(): number {
    const nowMs = Date.now();
    const count = nowMs - this.#lost.atMs > LOST_FORGIVEN_MS ? 0 : this.#lost.count + 1;
    this.#lost = { count, atMs: nowMs };
    return count === 0 ? 0 : Math.min(LOST_PAUSE_MAX_MS, 500 * 2 ** count);
  }
}
