/**
 * What one attempt asks of people, and what people say to it.
 *
 * R1. A request has one name; its answer is found by it, whatever order answers come in.
 * R2. An answer is pushed. Should it be lost, the request is asked again now and then, and after every reconnect.
 * R3. Who asks gets an answer: a person's, a rule's, or that there will be none. Only a refusal of the request throws.
 */
import type {
  InputDecision,
  InputRequest,
  PermissionDecision,
  PermissionRequest,
} from '#protocols/eap/approval.ts';
import { RequestSaid } from '#protocols/eap/approval.ts';
import type { AgentOut, OutAnswer } from '#protocols/eap/message.ts';
import { pauseUnlessAborted } from './ask.ts';
import { newHead, newId } from './head.ts';
import type { Told } from './incoming.ts';
import type { Logger } from './logger.ts';
import { clip } from './result.ts';

export type RequestOut = Extract<
  AgentOut,
  { kind: 'permission.request' | 'input.request' | 'request.withdrawn' }
>;

interface AskOptions {
  /** Your own name for it: the same again is the same request, also after a restart. */
  readonly requestId?: string;
  /** How long to wait for a person; the tenant's policy where nothing is said. */
  readonly expiresSeconds?: number;
  /** The sub-agent that asks, by your own name for it. */
  readonly originTaskId?: string;
  /** Ends the wait: what it was about is no more. */
  readonly signal?: AbortSignal;
}

export interface PermissionQuestion extends AskOptions {
  /** What the tenant's rules speak of: `bash`, `edit`, `webfetch`, … */
  readonly permission: string;
  /** Each thing that it wants to do: the command, the path, the address. */
  readonly patterns: readonly string[];
  /** What "always" would allow; the `patterns` where nothing is said. */
  readonly always?: readonly string[];
  readonly subject: {
    readonly type: PermissionRequest['subject']['type'];
    readonly title: string;
    readonly detail?: string;
    readonly paths?: readonly string[];
    readonly command?: readonly string[];
  };
  readonly options?: PermissionRequest['options'];
  readonly risk?: PermissionRequest['risk'];
}

export interface PermissionAnswer extends Omit<PermissionDecision, 'kind' | 'requestId'> {
  readonly isAllowed: boolean;
}

export interface InputQuestion extends AskOptions {
  readonly prompt: string;
  /** Left out: the prompt itself is the question. */
  readonly questions?: InputRequest['questions'];
}

export type InputAnswer = Omit<InputDecision, 'kind' | 'requestId'>;

/** What a person says to the work. `interrupt`: what is under way shall be broken off for it. */
export interface SteerWord {
  readonly message: string;
  readonly delivery: 'steer' | 'interrupt';
  readonly by: string;
}
export type SteerHandler = (word: SteerWord) => void | Promise<void>;

/** The request was not taken: it is malformed, or too many wait. `code` says why. */
export class RequestRefused extends Error {
  override name = 'RequestRefused';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface TaskRequestsOptions {
  readonly taskId: string;
  readonly attempt: number;
  /** Says it in its turn, until it is answered; null: the attempt is over. */
  readonly say: (message: RequestOut) => Promise<OutAnswer | null>;
  /** Aborts when the work is to end: nobody is waited for any more. */
  readonly workSignal: AbortSignal;
  readonly againMs: number;
  readonly logger: Logger;
}

type Decision = PermissionDecision | InputDecision;
type Asked = Pick<RequestOut, 'kind'> & Record<string, unknown>;

export class TaskRequests {
  readonly #options: TaskRequestsOptions;
  /** By the name of the request: how its answer is handed over, and how it is asked again. */
  readonly #waiting = new Map<string, { answer: (decision: Decision) => void; again: () => void }>();
  #onSteer: SteerHandler | null = null;

  constructor(options: TaskRequestsOptions) {
    this.#options = options;
  }

  get isSteerable(): boolean {
    return this.#onSteer !== null;
  }

  async askPermission(question: PermissionQuestion): Promise<PermissionAnswer> {
    const { permission, patterns, always = [], subject, options, risk = 'unknown' } = question;
    const asked = {
      kind: 'permission.request' as const,
      permission,
      patterns: patterns.map((one) => clip(one, 2_000)),
      always: always.filter((one) => one.length <= 500).slice(0, 20),
      subject: cutSubject(subject),
      risk,
      ...(options ? { options } : {}),
    };
    const decision = await this.#ask(asked, question);
    const none = { outcome: 'cancelled', optionId: null, optionKind: null } as const;
    const { outcome, optionId, optionKind } = decision.kind === 'permission.decision' ? decision : none;
    const isAllowed = optionKind === 'allow_once' || optionKind === 'allow_always';
    return { isAllowed, outcome, optionId, optionKind, by: decision.by, note: decision.note };
  }

  async askInput(question: InputQuestion): Promise<InputAnswer> {
    const { prompt, questions } = question;
    const text = clip(prompt, 4_000);
    const asked = { kind: 'input.request' as const, prompt: text, ...(questions ? { questions } : {}) };
    const decision = await this.#ask(asked, question);
    const { by, note } = decision;
    if (decision.kind !== 'input') return { outcome: 'cancelled', answers: null, by, note };
    return { outcome: decision.outcome, answers: decision.answers, by, note };
  }

  onSteer(handler: SteerHandler): void {
    this.#onSteer = handler;
  }

  /** From the orchestrator. */
  take(told: Told): void {
    if (told.kind !== 'steer') {
      this.#waiting.get(told.requestId)?.answer(told);
      return;
    }
    const { message, delivery, by } = told;
    const heard = Promise.resolve({ message, delivery, by }).then((word) => this.#onSteer?.(word));
    heard.catch((error: unknown) =>
      this.#options.logger.warn({ ...this.#ref(), err: error }, 'work could not be steered'),
    );
  }

  /** What waits is asked for again now: an answer may have been lost. */
  askAgain(): void {
    for (const { again } of this.#waiting.values()) again();
  }

  async #ask(asked: Asked, options: AskOptions): Promise<Decision> {
    const { requestId = newId(), expiresSeconds, originTaskId, signal } = options;
    const wishes = {
      ...(expiresSeconds === undefined ? {} : { expiresSeconds }),
      ...(originTaskId === undefined ? {} : { originTaskId: clip(originTaskId, 128) }),
    };
    const over = AbortSignal.any([this.#options.workSignal, ...(signal ? [signal] : [])]);
    const answered = Promise.withResolvers<Decision>();
    const ended = endOf(over);
    try {
      while (!over.aborted) {
        const woken = Promise.withResolvers<null>();
        this.#waiting.set(requestId, {
          answer: answered.resolve,
          again: () => woken.resolve(null),
        });
        const said = await Promise.race([this.#say({ ...asked, requestId, ...wishes }), ended.promise]);
        if (said) return said;
        const decision = await this.#wait([answered.promise, woken.promise, ended.promise]);
        if (decision) return decision;
      }
    } finally {
      ended.stop();
      this.#waiting.delete(requestId);
    }
    if (!this.#options.workSignal.aborted) void this.#withdraw(requestId);
    return noAnswer(asked.kind, requestId);
  }

  /** Null: it waits. */
  async #say(asked: Asked): Promise<Decision | null> {
    // Its parts were put together from a question of this kind.
    const answer = await this.#options.say({ ...newHead(), ...this.#ref(), ...asked } as RequestOut);
    if (answer === null) return noAnswer(asked.kind, String(asked.requestId));
    if (!answer.ok) throw new RequestRefused(answer.error.code, answer.error.message);
    const said = RequestSaid.parse(answer.value);
    return said.state === 'pending' ? null : said.decision;
  }

  async #wait(news: readonly Promise<Decision | null>[]): Promise<Decision | null> {
    const over = new AbortController();
    const later = pauseUnlessAborted(this.#options.againMs, over.signal).then(() => null);
    const decision = await Promise.race([...news, later]);
    over.abort();
    return decision;
  }

  async #withdraw(requestId: string): Promise<void> {
    await this.#options.say({ ...newHead(), ...this.#ref(), kind: 'request.withdrawn', requestId });
  }

  #ref(): { taskId: string; attempt: number } {
    return { taskId: this.#options.taskId, attempt: this.#options.attempt };
  }
}

function noAnswer(kind: Asked['kind'], requestId: string): Decision {
  const about = { requestId, by: 'agent', note: 'the work no longer waits' } as const;
  return kind === 'input.request'
    ? { kind: 'input', ...about, outcome: 'cancelled', answers: null }
    : { kind: 'permission.decision', ...about, outcome: 'cancelled', optionId: null, optionKind: null };
}

function endOf(signal: AbortSignal): { readonly promise: Promise<null>; stop(): void } {
  const ended = Promise.withResolvers<null>();
  const end = () => ended.resolve(null);
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  return { promise: ended.promise, stop: () => signal.removeEventListener('abort', end) };
}

function cutSubject({ type, title, detail, paths = [], command }: PermissionQuestion['subject']) {
  return {
    type,
    title: clip(title, 500),
    ...(detail === undefined ? {} : { detail: clip(detail, 4_000) }),
    paths: paths.slice(0, 20).map((one) => clip(one, 1_000)),
    ...(command ? { command: command.slice(0, 64).map((one) => clip(one, 2_000)) } : {}),
  };
}
