/**
 * One attempt of one task that this instance works on, from its acceptance to the answer to its result.
 *
 * T1. Exactly one result is said, unless the attempt ends silently (`end`): then nothing is said any more.
 * T2. It is said after everything that the work said before it.
 * T3. Told to stop, by a cancel or by its time, the work has its grace. Past that the result is said without it,
 *     and what it says later is not heard.
 * T4. Everything is repeated until answered, at the longest until some time past the attempt's own deadline.
 * T5. What a process of before had begun goes on when the orchestrator has said, of the task itself, that it may. A result
 *     that stood already is said again as it was, and nothing is done.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { OutAnswer } from '#protocols/eap/message.ts';
import { type TaskResult, TokenUsage } from '#protocols/task.ts';
import { ArtifactRefused, artifactIdOf, cutArtifact, type NewArtifact } from './artifacts.ts';
import { newHead, newId } from './head.ts';
import type { Assign, Told } from './incoming.ts';
import type { AttemptLog, LastWord } from './ledger.ts';
import { type LockOut, TaskLocks } from './locks.ts';
import type { Logger } from './logger.ts';
import { type AttemptOut, Outgoing } from './outgoing.ts';
import { TaskRequests } from './requests.ts';
import { clip, resultOfCancel, resultOfThrow, resultOfTimeout, resultOfWork, usageOf } from './result.ts';
import {
  type AgentTask,
  AttemptEnded,
  type EndReason,
  type ProgressReport,
  type ToolCall,
  type Work,
} from './task.ts';
import type { Timing } from './timing.ts';
import { askTools, type ToolsOut } from './tools.ts';

export interface AssignmentOptions {
  readonly assign: Assign;
  readonly work: Work;
  readonly ask: (message: AttemptOut | LockOut | ToolsOut, signal: AbortSignal) => Promise<OutAnswer | null>;
  readonly timing: Timing;
  readonly logger: Logger;
  /** Where it is kept for a process to come; null: it is not. */
  readonly log?: AttemptLog | null;
  /** Of what a process of before had begun. */
  readonly resume?: Resume;
}

export interface Resume {
  /** Resolves when this instance is registered; what it may not keep was ended before that. */
  readonly registered: Promise<void>;
  /** Puts away what the work had kept, where it does not go on. */
  readonly putAway: (kept: unknown) => Promise<void>;
}

/** What came of the work: `done` is false if it threw. */
interface Outcome {
  readonly result: TaskResult;
  readonly usage: unknown;
  readonly isDone: boolean;
}

const WAITING_MAX = 1_000;
const TIMER_MS_MAX = 2 ** 31 - 1;
/** Answers after which nobody wants to hear of this attempt any more. */
const STALE_CODES: ReadonlySet<string> = new Set(['STALE_EPOCH', 'TASK_NOT_FOUND']);

export class Assignment {
  readonly taskId: string;
  readonly attempt: number;
  /** Resolves when the result was answered or given up, or the attempt ended silently. */
  readonly over: Promise<void>;
  /** Resolves when the work function has returned, which may be later. */
  readonly workEnded: Promise<void>;

  readonly #options: AssignmentOptions;
  readonly #outgoing: Outgoing;
  readonly #locks: TaskLocks;
  readonly #requests: TaskRequests;
  readonly #stopWork = new AbortController();
  readonly #giveUp = new AbortController();
  readonly #pastGrace = Promise.withResolvers<null>();
  readonly #pending = new Set<Promise<unknown>>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #reported: TokenUsage | null;
  #cancelReason: string | null = null;

  constructor(options: AssignmentOptions) {
    this.#options = options;
    this.taskId = options.assign.taskId;
    this.attempt = options.assign.attempt;
    this.#reported = options.log?.record.usage ?? null;
    this.#outgoing = new Outgoing({ ask: (message) => this.#tell(message), waitingMax: WAITING_MAX });
    this.#locks = new TaskLocks({
      taskId: this.taskId,
      attempt: this.attempt,
      ask: (message, signal) => this.#askBeside(message, signal),
      workSignal: this.#stopWork.signal,
      logger: options.logger,
    });
    this.#requests = new TaskRequests({
      taskId: this.taskId,
      attempt: this.attempt,
      say: (message) => this.#outgoing.say(message),
      workSignal: this.#stopWork.signal,
      againMs: options.timing.requestAgainMs,
      logger: options.logger,
    });
    this.#startDeadline();
    const said = options.resume ? (options.log?.record.lastWord ?? null) : null;
    const outcome = said === null ? this.#work() : Promise.resolve(null);
    this.workEnded = outcome.then(() => undefined);
    const told = said === null ? this.#finish(outcome) : this.#sayAgain(said);
    this.over = told.then(() => options.log?.remove());
  }

  /** The work is to end; the result says so. A second cancel may shorten the grace. */
  cancel(reason: string, graceSeconds: number): void {
    if (this.#giveUp.signal.aborted) return;
    this.#cancelReason = reason;
    this.#stopWork.abort(new AttemptEnded('cancelled', reason));
    this.#after(Math.max(0, graceSeconds) * 1_000, () => this.#pastGrace.resolve(null));
  }

  get isSteerable(): boolean {
    return this.#requests.isSteerable;
  }

  /** The answer to a request of the work, or a person's word to it. */
  tell(told: Told): void {
    this.#requests.take(told);
  }

  /** After a reconnect: answers may have been lost. */
  askAgain(): void {
    this.#requests.askAgain();
  }

  /** Ends it at once; the orchestrator is told nothing. */
  end(reason: Exclude<EndReason, 'cancelled' | 'timed_out'>, detail: string): void {
    this.#stopWork.abort(new AttemptEnded(reason, detail));
    this.#locks.end(detail);
    this.#giveUp.abort();
    this.#outgoing.close();
    this.#pastGrace.resolve(null);
  }

  #startDeadline(): void {
    const { assign, timing } = this.#options;
    const { timeoutSeconds } = assign.payload;
    const { begunAt } = this.#options.log?.record ?? { begunAt: Date.now() };
    const deadlineMs = Math.max(0, timeoutSeconds * 1_000 - (Date.now() - begunAt));
    this.#after(deadlineMs, () => {
      this.#stopWork.abort(new AttemptEnded('timed_out', `${timeoutSeconds} s are over`));
      this.#after(timing.timeoutGraceMs, () => this.#pastGrace.resolve(null));
    });
    this.#after(deadlineMs + timing.timeoutGraceMs + timing.afterDeadlineMs, () => {
      this.#options.logger.error(this.#ref(), 'agent gives up telling the end of an attempt');
      this.#giveUp.abort();
    });
  }

  async #work(): Promise<Outcome> {
    // The answer to the assignment goes out before the work can hold up this process.
    await nextTurn();
    try {
      await this.#takeUp();
      this.#stopWork.signal.throwIfAborted();
      const returned = await this.#options.work(this.#task());
      return { result: resultOfWork(returned), usage: returned?.usage, isDone: true };
    } catch (error) {
      if (!this.#stopWork.signal.aborted) {
        this.#options.logger.error({ ...this.#ref(), err: error }, 'work threw');
      }
      return { result: resultOfThrow(error), usage: undefined, isDone: false };
    }
  }

  /** Before the work: it is on disk, or it is what was there, and may be gone on with. */
  async #takeUp(): Promise<void> {
    const { log, resume } = this.#options;
    if (!resume) return await log?.saved();
    const ended = new Promise<void>((resolve) => {
      this.#stopWork.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([resume.registered, ended]);
    const note = 'Its agent was started again and goes on';
    // The task itself has the last word: refused, this attempt is over and has ended.
    await this.#outgoing.say({ ...newHead(), ...this.#ref(), kind: 'progress', note });
    if (this.#stopWork.signal.aborted) await resume.putAway(log?.record.kept);
  }

  /** The work was done, and its result may not have arrived. */
  async #sayAgain(said: LastWord): Promise<void> {
    await this.#options.resume?.registered;
    if (!this.#giveUp.signal.aborted) await this.#outgoing.sayLast(said);
    this.#outgoing.close();
    for (const timer of this.#timers) clearTimeout(timer);
  }

  async #finish(work: Promise<Outcome | null>): Promise<void> {
    const outcome = await Promise.race([work, this.#pastGrace.promise]);
    if (outcome) {
      const told = Promise.allSettled([...this.#pending, this.#locks.releaseAll()]);
      await Promise.race([told, this.#pastGrace.promise]);
    } else if (!this.#giveUp.signal.aborted) {
      this.#options.logger.warn(this.#ref(), 'work did not end within its grace');
    }
    // Work that goes on past its grace goes on without its locks.
    this.#locks.end('the attempt is over');
    if (!this.#giveUp.signal.aborted) {
      const lastWord = this.#lastWord(outcome);
      await this.#options.log?.note({ lastWord });
      await this.#outgoing.sayLast(lastWord);
    }
    this.#outgoing.close();
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #lastWord(outcome: Outcome | null): LastWord {
    const usage = usageOf(outcome?.usage, this.#reported);
    const cancelled = this.#cancelReason !== null;
    return { ...newHead(), ...this.#ref(), kind: 'result', result: this.#result(outcome), usage, cancelled };
  }

  #result(outcome: Outcome | null): TaskResult {
    if (outcome?.isDone && !this.#isTimedOut()) return outcome.result;
    if (this.#cancelReason !== null) return resultOfCancel(this.#cancelReason);
    if (outcome && !this.#isTimedOut()) return outcome.result;
    return resultOfTimeout(this.#options.assign.payload.timeoutSeconds);
  }

  #isTimedOut(): boolean {
    const reason: unknown = this.#stopWork.signal.reason;
    return reason instanceof AttemptEnded && reason.reason === 'timed_out';
  }

  #task(): AgentTask {
    return {
      id: this.taskId,
      attempt: this.attempt,
      payload: this.#options.assign.payload,
      signal: this.#stopWork.signal,
      resumed: this.#resumed(),
      keep: async (kept) => await this.#options.log?.note({ kept }),
      progress: (report) => this.#progress(report),
      tool: (call) => this.#track(this.#tool(call)),
      artifact: (artifact) => this.#track(this.#upload(artifact)),
      lock: (name, terms) => this.#locks.acquire(name, terms),
      askPermission: (question) => this.#noting(question, (noted) => this.#requests.askPermission(noted)),
      askInput: (question) => this.#noting(question, (noted) => this.#requests.askInput(noted)),
      withdraw: (requestId) => this.#withdraw(requestId),
      onSteer: (handler) => this.#requests.onSteer(handler),
      tools: () => askTools(this.#ref(), (message) => this.#askBeside(message, this.#stopWork.signal)),
    };
  }

  #resumed(): AgentTask['resumed'] {
    const { log, resume } = this.#options;
    if (!resume || !log) return null;
    const { kept, usage, asked } = log.record;
    return { kept, usage, asked };
  }

  /** A process to come must know what this one has asked of people. */
  async #noting<Q extends { readonly requestId?: string }, A>(
    question: Q,
    ask: (question: Q & { readonly requestId: string }) => Promise<A>,
  ): Promise<A> {
    const { requestId = newId() } = question;
    const { log } = this.#options;
    await log?.noteAsked(requestId, true);
    try {
      return await ask({ ...question, requestId });
    } finally {
      await log?.noteAsked(requestId, false);
    }
  }

  async #withdraw(requestId: string): Promise<void> {
    await this.#outgoing.say({ ...newHead(), ...this.#ref(), kind: 'request.withdrawn', requestId });
    await this.#options.log?.noteAsked(requestId, false);
  }

  async #progress({ percent, note, usage, waitsFor, training }: ProgressReport): Promise<void> {
    const counted = TokenUsage.safeParse(usage);
    if (counted.success) {
      this.#reported = counted.data;
      void this.#options.log?.note({ usage: counted.data });
    }
    this.#outgoing.report({
      ...newHead(),
      ...this.#ref(),
      kind: 'progress',
      ...(Number.isFinite(percent) ? { percent: Math.min(100, Math.max(0, Number(percent))) } : {}),
      ...(note === undefined ? {} : { note: clip(note, 2_000) }),
      ...(counted.success ? { usage: counted.data } : {}),
      ...(waitsFor === undefined ? {} : { waitsFor }),
      ...(training === undefined ? {} : { training }),
    });
  }

  async #tool({ callId, tool, title, status }: ToolCall): Promise<void> {
    const said = { callId: clip(callId, 128), tool: clip(tool, 128), title: clip(title, 500), status };
    await this.#outgoing.put({ ...newHead(), ...this.#ref(), kind: 'tool', ...said });
  }

  async #upload(artifact: NewArtifact): Promise<string> {
    const artifactId = artifactIdOf(this.#ref(), artifact);
    for (const piece of cutArtifact(artifactId, artifact)) {
      const answer = await this.#outgoing.say({ ...newHead(), ...this.#ref(), kind: 'artifact', ...piece });
      if (answer === null) throw new ArtifactRefused(`artifact ${artifact.name}: the attempt is over`);
      if (!answer.ok)
        throw new ArtifactRefused(`artifact ${artifact.name}: ${answer.error.code}: ${answer.error.message}`);
    }
    return artifactId;
  }

  /** Work that does not await what it said still has it said before its result. */
  #track<T>(said: Promise<T>): Promise<T> {
    const settled = said.then(
      () => undefined,
      (error: unknown) =>
        this.#options.logger.warn({ ...this.#ref(), err: error }, 'agent could not say something'),
    );
    this.#pending.add(settled);
    void settled.then(() => this.#pending.delete(settled));
    return said;
  }

  async #tell(message: AttemptOut): Promise<OutAnswer | null> {
    const answer = await this.#options.ask(message, this.#giveUp.signal);
    if (answer && !answer.ok) {
      const { code, message: detail } = answer.error;
      const isStale = STALE_CODES.has(code);
      // A cancelled attempt is over for the orchestrator before its work is told: nothing to warn of.
      const say = isStale && this.#cancelReason !== null ? 'debug' : 'warn';
      this.#options.logger[say]({ ...this.#ref(), kind: message.kind, code, detail }, 'orchestrator refused');
      if (isStale) this.end('stale', detail);
    }
    return answer;
  }

  /** Beside what is said in order: a lock that is waited for holds nothing up. */
  async #askBeside(message: LockOut | ToolsOut, signal: AbortSignal): Promise<OutAnswer | null> {
    const answer = await this.#options.ask(message, AbortSignal.any([signal, this.#giveUp.signal]));
    if (answer && !answer.ok && STALE_CODES.has(answer.error.code)) this.end('stale', answer.error.message);
    return answer;
  }

  #ref(): { taskId: string; attempt: number } {
    return { taskId: this.taskId, attempt: this.attempt };
  }

  #after(ms: number, then: () => void): void {
    const timer = setTimeout(then, Math.min(ms, TIMER_MS_MAX));
    this.#timers.add(timer);
  }
}
