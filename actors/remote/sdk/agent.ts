/**
 * An agent that has joined: one instance, its registration, its heartbeat and the attempts that it works on.
 *
 * G1. A task is worked on by one attempt at a time here.
 * G2. An attempt counts against the capacity until its result was answered: as long as the orchestrator counts it.
 * G3. What this process must be told is kept by the orchestrator and asked again. What it has begun stands in its ledger,
 *     where it has one; of that it claims all at its first registration, and begins nothing before its answer.
 */
import { type AgentCard, agentIdOf } from '#protocols/agent.ts';
import {
  type AgentOut,
  type Heartbeat,
  type InAnswer,
  LEASE_REPLACED,
  type Registered,
} from '#protocols/eap/message.ts';
import { agentHeartbeat, agentIn, agentOut } from '#protocols/subjects.ts';
import { type Asking, askUntilAnswered, pauseUnlessAborted } from './ask.ts';
import { Assignment, type AssignmentOptions } from './assignment.ts';
import { Deadline } from './deadline.ts';
import { newHead, newId } from './head.ts';
import { startHeartbeat } from './heartbeat.ts';
import { type Assign, type Desk, Incoming } from './incoming.ts';
import type { AttemptLog, Ledger } from './ledger.ts';
import type { Logger } from './logger.ts';
import { Registration } from './registration.ts';
import type { EndReason, Work } from './task.ts';
import type { Timing } from './timing.ts';
import { type Listener, type Wire, WireFault } from './wire.ts';

export interface AgentOptions {
  readonly wire: Wire;
  readonly tenant: string;
  readonly card: AgentCard;
  readonly work: Work;
  readonly timing: Timing;
  readonly logger: Logger;
  readonly resume?: ResumeOptions | undefined;
}

/** For an agent whose work can go on after its process was killed. */
export interface ResumeOptions {
  readonly ledger: Ledger;
  /** Puts away what the work had kept of an attempt that does not go on. */
  readonly putAway: (kept: unknown) => Promise<void>;
}

const encoder = new TextEncoder();

export class Agent {
  readonly id: string;
  /** This process: a new one that bears the same name takes over from it. */
  readonly instance = `i-${newId()}`;

  /** Resolves when the agent has stopped: told to by `stop()`, or replaced by another process of its name. */
  readonly closed: Promise<void>;

  readonly #options: AgentOptions;
  readonly #asking: Asking;
  readonly #registration: Registration;
  readonly #incoming = new Incoming();
  readonly #running = new Map<string, Assignment>();
  /** Work that has not returned yet, also of attempts that are over. */
  readonly #working = new Set<Promise<void>>();
  #listener: Listener | null = null;
  #stopHeartbeat: () => void = () => undefined;
  readonly #closing = new AbortController();
  readonly #closed = Promise.withResolvers<void>();
  readonly #registered = Promise.withResolvers<void>();
  #state: 'open' | 'draining' | 'drained' | 'stopped' = 'open';

  constructor(options: AgentOptions) {
    const { wire, tenant, card, timing, logger } = options;
    this.#options = options;
    this.id = agentIdOf(card.name);
    this.closed = this.#closed.promise;
    this.#asking = { wire, subject: agentOut(tenant, this.id), timing, random: Math.random, logger };
    this.#registration = new Registration({
      card,
      instance: this.instance,
      ask: (message, signal) => askUntilAnswered(this.#asking, message, signal),
      running: () => this.running(),
      onRegistered: (registered) => this.#onRegistered(registered),
      timing,
      logger,
    });
  }

  /** Listens, then registers. Throws if it is refused or not answered before `signal` aborts. */
  async join(signal: AbortSignal): Promise<void> {
    const { wire, resume } = this.#options;
    for (const log of resume?.ledger.left ?? []) this.#takeUp(log);
    this.#listen();
    await wire.flush();
    if (this.#listener?.isClosed()) {
      throw new WireFault('forbidden', `${this.id} may not hear what it is told`);
    }
    try {
      await this.#registration.join(signal);
    } catch (error) {
      this.#registration.stop();
      throw error;
    }
    this.#registered.resolve();
    wire.onReconnect(() => this.#registration.renew('reconnect'));
  }

  /** The attempts that this instance works on. */
  running(): Heartbeat['running'] {
    return [...this.#running.values()].map(({ taskId, attempt }) => ({ taskId, attempt }));
  }

  /** Why no task can come to this agent just now; null if one can. */
  whyIdle(): string | null {
    if (this.#state !== 'open') return `it is ${this.#state}`;
    if (!this.#options.wire.isUp()) return 'it has no line to the orchestrator';
    return this.#registration.isRegistered() ? null : 'it is not registered';
  }

  /** Takes no more tasks, lets those that run come to their end within the time, and takes leave. */
  async drain(withinMs: number = this.#options.timing.drainWithinMs): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'draining';
    const over = new AbortController();
    const told = this.#tellDraining();
    const ended = Promise.all([...this.#running.values()].map((assignment) => assignment.over));
    await Promise.race([Promise.all([ended, told]), pauseUnlessAborted(withinMs, over.signal)]);
    over.abort();
    this.#endAll('stopped', 'the time to drain is over');
    if (this.#isStopped()) return;
    await this.#takeLeave();
    this.#state = 'drained';
  }

  /** Ends all work at once, takes leave and closes the connection. */
  async stop(): Promise<void> {
    if (this.#isStopped()) return this.closed;
    const hasLeft = this.#state === 'drained';
    this.#state = 'stopped';
    this.#closing.abort();
    this.#endAll('stopped', 'the agent stops');
    const over = new AbortController();
    const returned = Promise.all(this.#working);
    await Promise.race([returned, pauseUnlessAborted(this.#options.timing.stopGraceMs, over.signal)]);
    over.abort();
    if (!hasLeft) await this.#takeLeave();
    this.#listener?.close();
    await this.#options.wire.close();
    this.#closed.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #isStopped(): boolean {
    return this.#state === 'stopped';
  }

  #listen(): void {
    if (this.#listener?.isClosed() === false) return;
    const { wire, tenant } = this.#options;
    this.#listener = wire.listen(agentIn(tenant, this.id, this.instance), (body) =>
      encoder.encode(JSON.stringify(this.#take(body))),
    );
  }

  #take(body: Uint8Array): InAnswer {
    const { answer, action } = this.#incoming.take(body, this.#desk());
    this.#options.logger.debug({ answer, action: action.type }, 'agent was told');
    switch (action.type) {
      case 'none':
        break;
      case 'start':
        this.#start(action.assign);
        break;
      case 'cancel':
        this.#running.get(action.cancel.taskId)?.cancel(action.cancel.reason, action.cancel.graceSeconds);
        break;
      case 'tell':
        this.#running.get(action.told.taskId)?.tell(action.told);
        break;
      case 'lease_lost':
        this.#loseLease(action.reason);
    }
    return answer;
  }

  #loseLease(reason: string): void {
    this.#options.logger.warn({ instance: this.instance, reason }, 'agent lost its lease');
    this.#endAll('lease_lost', reason);
    if (this.#state === 'open' && reason !== LEASE_REPLACED) this.#registration.renew('lease_lost');
    if (reason !== LEASE_REPLACED) return;
    this.#registration.stop();
    this.#stopHeartbeat();
    if (!this.#isStopped()) this.#state = 'drained';
    // Once the answer to this is on its way.
    setImmediate(() => {
      this.stop().catch((error: unknown) =>
        this.#options.logger.error({ err: error }, 'agent could not stop'),
      );
    });
  }

  #desk(): Desk {
    const running = new Map([...this.#running.values()].map(({ taskId, attempt }) => [taskId, attempt]));
    return {
      isDraining: this.#state !== 'open',
      capacity: this.#options.card.max_concurrent_capacity,
      running,
      isSteerable: (taskId) => this.#running.get(taskId)?.isSteerable === true,
    };
  }

  #start(assign: Assign): void {
    this.#running.get(assign.taskId)?.end('superseded', `attempt ${assign.attempt} was assigned`);
    this.#run(assign, { log: this.#options.resume?.ledger.begin(assign) ?? null });
  }

  /** What a process of before had begun: it is claimed, and waits for the answer. */
  #takeUp(log: AttemptLog): void {
    const { resume } = this.#options;
    if (!resume) return;
    const { assign } = log.record;
    this.#incoming.know(assign);
    const { putAway } = resume;
    this.#run(assign, { log, resume: { registered: this.#registered.promise, putAway } });
  }

  #run(assign: Assign, keeping: Pick<AssignmentOptions, 'log' | 'resume'>): void {
    const { work, timing, logger } = this.#options;
    const ask: AssignmentOptions['ask'] = (message, signal) =>
      askUntilAnswered(this.#asking, message, signal);
    const assignment = new Assignment({ assign, work, ask, timing, logger, ...keeping });
    this.#running.set(assign.taskId, assignment);
    void assignment.over.then(() => {
      if (this.#running.get(assign.taskId) === assignment) this.#running.delete(assign.taskId);
    });
    this.#working.add(assignment.workEnded);
    void assignment.workEnded.then(() => this.#working.delete(assignment.workEnded));
  }

  #endAll(reason: Extract<EndReason, 'lease_lost' | 'stopped'>, detail: string): void {
    for (const assignment of this.#running.values()) assignment.end(reason, detail);
    this.#running.clear();
  }

  #onRegistered({ heartbeatSeconds, drop }: Registered): void {
    const { wire, tenant, logger } = this.#options;
    for (const { taskId, attempt } of drop) {
      const assignment = this.#running.get(taskId);
      if (assignment?.attempt !== attempt) continue;
      assignment.end('dropped', 'the orchestrator no longer wants this attempt');
      this.#running.delete(taskId);
    }
    for (const assignment of this.#running.values()) assignment.askAgain();
    this.#listen();
    this.#stopHeartbeat();
    this.#stopHeartbeat = startHeartbeat({
      wire,
      subject: agentHeartbeat(tenant, this.id),
      everyMs: heartbeatSeconds * 1_000,
      instance: this.instance,
      running: () => this.running(),
      onOversleep: (sleptMs) => {
        logger.warn({ sleptMs }, 'agent overslept its heartbeat');
        this.#registration.renew('oversleep');
      },
    });
    // A registration opens the agent again; one that drains says so again.
    if (this.#state === 'draining') void this.#tellDraining();
  }

  async #tellDraining(): Promise<void> {
    using deadline = new Deadline(this.#options.timing.registerRoundMs, this.#closing.signal);
    await this.#sayOfInstance('drain', deadline.signal);
  }

  async #takeLeave(): Promise<void> {
    this.#registration.stop();
    this.#stopHeartbeat();
    using deadline = new Deadline(this.#options.timing.farewellWithinMs);
    await this.#sayOfInstance('deregister', deadline.signal);
  }

  async #sayOfInstance(kind: 'drain' | 'deregister', signal: AbortSignal): Promise<void> {
    const message: AgentOut = { ...newHead(), kind, instance: this.instance };
    const answer = await askUntilAnswered(this.#asking, message, signal);
    if (answer?.ok) this.#options.logger.info({ instance: this.instance }, `agent said ${kind}`);
    else this.#options.logger.warn({ instance: this.instance, answer }, `agent could not say ${kind}`);
  }
}
