/**
 * One task with an ACP agent: a process and a session of its own in a directory of its own, from the prompt to its end.
 *
 * R1. What the agent asks is answered: by people and rules, and `cancelled` once its turn is to end.
 * R2. What people say is said in turns, one after the other; an interruption ends the turn that runs first.
 * R3. Whatever ends the run, afterwards no process and no command of it is left.
 * R4. The end of the agent's process in the middle of the work is a failure that may be tried again.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { SteerHandler, SteerWord } from '#actors/remote/sdk/requests.ts';
import type { AgentTask } from '#actors/remote/sdk/task.ts';
import type { TokenUsage } from '#protocols/task.ts';
import { Calls } from './calls.ts';
import { Conversation } from './conversation.ts';
import { Desk, type People } from './desk.ts';
import { AttemptFailure } from './failure.ts';
import { readTextFile, writeTextFile } from './files.ts';
import type { AgentLink, ClientSide, McpServer, TurnEnd, Update } from './link.ts';
import { openLink } from './link-v1.ts';
import { requireModel } from './model.ts';
import { firstWords, type OpenedSession, type Opening, openSession } from './opening.ts';
import { type AgentProcess, type ProcessExit, startAgentProcess } from './process.ts';
import { Reporter } from './report.ts';
import { type TerminalLimits, Terminals } from './terminals.ts';

export interface AgentProgram {
  /** For `/bin/sh -c`. */
  readonly command: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Of the agent's own login methods, the one to use; null: it is logged in already. */
  readonly loginMethod: string | null;
  /** What is known here of how to log in; the agent itself says little of it, or nothing. */
  readonly loginHint: string | null;
}

export interface RunOptions {
  readonly program: AgentProgram;
  /** Absolute; no other run may use it at the same time. */
  readonly directory: string;
  readonly title: string;
  readonly prompt: string;
  /** By the agent's own name; null: its own choice. */
  readonly model: string | null;
  readonly mcp: readonly McpServer[];
  readonly task: Pick<AgentTask, 'progress' | 'tool'>;
  readonly people: People;
  /** Ends the work. */
  readonly signal: AbortSignal;
  /** Of a task that an earlier process had begun. */
  readonly earlier?: Opening['earlier'];
  /** What that process had told of its use. */
  readonly usedBefore?: TokenUsage | null;
  /** The session that is worked in, before anything is said in it. */
  readonly onSession?: (opened: OpenedSession) => Promise<void>;
  /** Hands over what people say while the work goes on to a handler. */
  readonly onSteer: (handler: SteerHandler) => void;
  readonly onFault: (error: unknown) => void;
  readonly limits?: Partial<RunLimits>;
}

export interface RunLimits {
  /** For the first answer: some commands fetch the agent first. */
  readonly greetMs: number;
  readonly answerMs: number;
  /** Without any sign of work, while nobody is asked and no command runs. */
  readonly silenceMs: number;
  /** Between a cancel and the end of the turn. */
  readonly cancelMs: number;
  readonly textHoldMs: number;
  readonly terminals: Partial<TerminalLimits>;
}

export interface RunOutcome {
  readonly ending:
    | { readonly type: 'answered'; readonly text: string }
    | { readonly type: 'failed'; readonly failure: AttemptFailure };
  readonly usage: TokenUsage;
  readonly conversation: Conversation;
}

const LIMITS: RunLimits = {
  greetMs: 120_000,
  answerMs: 60_000,
  silenceMs: 15 * 60_000,
  cancelMs: 5_000,
  textHoldMs: 250,
  terminals: {},
};
/** A broken pipe is known a moment before the end of the process behind it. */
const EXIT_NOTICE_MS = 1_000;
const LOOK_MS = 250;
const REPEAT_MS = 1_000;
const WORDS_MAX = 100;

/** Runs a task to its end. Never throws for what may be expected: the ending says it. */
export async function runTask(options: RunOptions): Promise<RunOutcome> {
  const run = new Run(options);
  try {
    const ending = await run.work();
    return { ending, ...run.sum() };
  } catch (error) {
    const failure = await run.endEarly(error);
    return { ending: { type: 'failed', failure }, ...run.sum() };
  } finally {
    await run.close();
  }
}

class Run {
  readonly #options: RunOptions;
  readonly #limits: RunLimits;
  readonly #over = new AbortController();
  readonly #calls = new Calls();
  readonly #conversation = new Conversation(this.#calls);
  readonly #desk: Desk;
  readonly #reporter: Reporter;
  readonly #terminals: Terminals;
  readonly #stopListening: () => void;
  #agent: AgentProcess | null = null;
  #link: AgentLink | null = null;
  /** The turn that runs; its end, whatever it is. */
  #turn: Promise<unknown> | null = null;
  /** What is heard until then was said in an earlier process. */
  #isOpening = true;
  #heardAt = performance.now();
  /** What is still to be said. */
  readonly #words: string[] = [];
  /** When the turn that runs was told to end for a word; null: it was not. */
  #interruptedAt: number | null = null;

  constructor(options: RunOptions) {
    const { directory, people, task, signal, onFault, program } = options;
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#desk = new Desk({ people, directory, calls: this.#calls });
    const holdMs = this.#limits.textHoldMs;
    this.#reporter = new Reporter({ task, directory, calls: this.#calls, holdMs, onFault });
    const { environment } = program;
    this.#terminals = new Terminals({ directory, environment, limits: this.#limits.terminals });
    const cancel = (): void => this.#over.abort(new AttemptFailure('CANCELLED', describeReason(signal)));
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel, { once: true });
    this.#stopListening = () => signal.removeEventListener('abort', cancel);
  }

  async work(): Promise<RunOutcome['ending']> {
    const {
      directory,
      title,
      prompt,
      model,
      onSteer,
      onSession,
      program,
      mcp,
      earlier = null,
    } = this.#options;
    this.#over.signal.throwIfAborted();
    const link = await this.#start();
    if (program.loginMethod !== null) await this.#orOver(link.authenticate(program.loginMethod));
    const opening = { directory, mcp, earlier };
    const opened = await this.#orOver(openSession(link, opening));
    if (model !== null) await this.#orOver(requireModel(link, opened.models, model));
    this.#reporter.countOn(this.#options.usedBefore ?? null, opened.isEarlier);
    await onSession?.(opened);
    this.#isOpening = false;
    this.#words.push(firstWords({ title, prompt }, opening, opened));
    onSteer((word) => this.#hear(word));
    return readEnding(await this.#takeTurns(link), this.#conversation.answer);
  }

  /** After a failure: the agent is told to stop, and why it failed is said. */
  async endEarly(error: unknown): Promise<AttemptFailure> {
    const failure = withHint(await this.#nameFailure(error), this.#options.program);
    this.#desk.close();
    if (this.#turn === null || this.#link === null) return failure;
    await this.#link.cancel().catch(() => undefined);
    await Promise.race([
      this.#turn,
      this.#agent?.exited,
      pause(this.#limits.cancelMs, undefined, { ref: false }),
    ]);
    return failure;
  }

  sum(): Pick<RunOutcome, 'usage' | 'conversation'> {
    return { usage: this.#reporter.usage, conversation: this.#conversation };
  }

  async close(): Promise<void> {
    this.#stopListening();
    this.#desk.close();
    this.#reporter.flush();
    await this.#terminals.close();
    this.#link?.close();
    // One that never spoke has nothing to store.
    await (this.#link === null ? this.#agent?.end(0) : this.#agent?.end());
  }

  async #start(): Promise<AgentLink> {
    const { program, directory } = this.#options;
    const agent = await startAgentProcess({ ...program, directory });
    this.#agent = agent;
    void agent.exited.then((exit) => this.#over.abort(toCrash(exit, agent.lastWords())));
    const { greetMs, answerMs } = this.#limits;
    const { stdin, stdout } = agent;
    const link = await this.#orOver(
      openLink({ stdin, stdout, client: this.#clientSide(), greetMs, answerMs }),
    );
    this.#link = link;
    return link;
  }

  /** Until nothing more is to be said. The last turn decides. */
  async #takeTurns(link: AgentLink): Promise<TurnEnd> {
    for (;;) {
      const text = this.#words.shift() ?? '';
      this.#conversation.tell(text);
      const end = await this.#takeTurn(link, text);
      this.#reporter.count(end);
      if (this.#words.length === 0) return end;
    }
  }

  async #takeTurn(link: AgentLink, text: string): Promise<TurnEnd> {
    this.#heardAt = performance.now();
    this.#interruptedAt = null;
    const turn = link.prompt(text);
    this.#turn = turn.catch(() => undefined);
    const timer = setInterval(() => this.#look(), LOOK_MS);
    try {
      return await this.#orOver(turn);
    } finally {
      clearInterval(timer);
    }
  }

  #look(): void {
    // An agent that was only about to begin may not have heard it.
    const isUnheard = this.#interruptedAt !== null && performance.now() - this.#interruptedAt > REPEAT_MS;
    if (isUnheard) void this.#interrupt().catch(this.#options.onFault);
    // People take their time, and so do commands.
    if (this.#desk.waiting > 0 || this.#terminals.running > 0) this.#heardAt = performance.now();
    if (performance.now() - this.#heardAt < this.#limits.silenceMs) return;
    const seconds = Math.round(this.#limits.silenceMs / 1_000);
    this.#over.abort(new AttemptFailure('STALLED', `no sign of work for ${seconds} s`));
  }

  /** A person's word: the next turn says it. */
  async #hear({ message, delivery }: SteerWord): Promise<void> {
    if (this.#words.length >= WORDS_MAX) throw new Error(`${WORDS_MAX} words wait to be said`);
    this.#words.push(message);
    if (delivery === 'interrupt') await this.#interrupt();
  }

  async #interrupt(): Promise<void> {
    this.#interruptedAt = performance.now();
    this.#desk.takeBack();
    await this.#link?.cancel();
  }

  #clientSide(): ClientSide {
    const { directory } = this.#options;
    const heard = (): void => {
      this.#heardAt = performance.now();
    };
    return {
      onUpdate: (update) => {
        heard();
        this.#take(update);
      },
      askPermission: (asked) => this.#desk.permit(asked).finally(heard),
      readFile: (wish) => readTextFile(directory, wish).finally(heard),
      writeFile: async ({ path, content }) => {
        await this.#desk.mayWrite(path);
        await writeTextFile(directory, path, content);
        heard();
      },
      createTerminal: async (wish) => {
        await this.#desk.mayRun(wish);
        heard();
        return this.#terminals.create(wish);
      },
      terminalOutput: (id) => this.#terminals.output(id),
      awaitTerminal: (id) => this.#terminals.awaitExit(id).finally(heard),
      killTerminal: (id) => this.#terminals.kill(id),
      releaseTerminal: (id) => this.#terminals.release(id),
    };
  }

  #take(update: Update): void {
    if (this.#isOpening) return;
    if (update.type === 'tool') this.#calls.take(update);
    this.#conversation.take(update);
    this.#reporter.take(update);
  }

  async #orOver<Value>(work: Promise<Value>): Promise<Value> {
    const { signal } = this.#over;
    const over = Promise.withResolvers<never>();
    const end = (): void => over.reject(signal.reason);
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
    try {
      return await Promise.race([work, over.promise]);
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  async #nameFailure(error: unknown): Promise<AttemptFailure> {
    const reason: unknown = this.#over.signal.reason;
    if (reason instanceof AttemptFailure) return reason;
    if (!(error instanceof AttemptFailure)) throw error;
    if (error.code !== 'AGENT_CRASHED' || this.#agent === null) return error;
    const exit = await Promise.race([this.#agent.exited, pause(EXIT_NOTICE_MS, null, { ref: false })]);
    return exit === null ? error : toCrash(exit, this.#agent.lastWords());
  }
}

/** A login that is missing, with what is known here of it. */
export function withHint(
  failure: AttemptFailure,
  { loginHint }: Pick<AgentProgram, 'loginHint'>,
): AttemptFailure {
  if (failure.code !== 'AUTH_REQUIRED' || loginHint === null) return failure;
  return new AttemptFailure(failure.code, `${failure.message}. ${loginHint}`);
}

function readEnding({ reason }: TurnEnd, answer: string): RunOutcome['ending'] {
  const fail = (code: AttemptFailure['code'], why: string): RunOutcome['ending'] => {
    const failure = new AttemptFailure(code, answer === '' ? why : `${why}. Its last words: ${answer}`);
    return { type: 'failed', failure };
  };
  switch (reason) {
    case 'end_turn':
      return { type: 'answered', text: answer };
    case 'max_tokens':
      return fail('OUTPUT_TOO_LONG', 'the model wrote as much as it may at once, and did not come to an end');
    case 'max_turn_requests':
      return fail('TURN_LIMIT', 'the agent asked its model as often as it may, and did not come to an end');
    case 'refusal':
      return fail('MODEL_REFUSED', 'the model refused');
    case 'cancelled':
      return fail('ABORTED', 'the agent ended its turn as cancelled, and nobody had cancelled it');
    case 'other':
      return fail('AGENT_FAILED', 'the agent ended its turn for a reason that is not known here');
  }
}

function toCrash({ code, signal }: ProcessExit, words: string): AttemptFailure {
  const how = signal === null ? `with code ${code}` : `by ${signal}`;
  // 126 and 127 are the shell's own: there is no such program.
  const isMissing = code === 126 || code === 127;
  const what = isMissing ? 'the agent could not be started: its command ended' : 'the agent ended';
  const said = words === '' ? '' : `: ${words}`;
  return new AttemptFailure(isMissing ? 'AGENT_UNAVAILABLE' : 'AGENT_CRASHED', `${what} ${how}${said}`);
}

function describeReason(signal: AbortSignal): string {
  const reason: unknown = signal.reason;
  return reason instanceof Error && reason.message !== '' ? reason.message : 'the work was cancelled';
}
