/**
 * One task in opencode: a session of its own in a directory of its own, from the prompt to its end.
 *
 * R1. Events are watched before the prompt is sent; they wake and show progress. Status and messages, which are
 *     polled, decide.
 * R2. Nothing that opencode asks stays unanswered: it is put to people, or rejected where there are none.
 * R3. Whatever ends the run, afterwards the session does nothing any more and no command of it runs.
 * R4. The end of the server's process ends the run as a failure that may be tried again.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Event, SessionStatus } from '@opencode-ai/sdk/v2/client';
import type { SteerHandler } from '#actors/remote/sdk/requests.ts';
import type { ToolServer } from '#actors/remote/sdk/tools.ts';
import { read, tell } from './ask.ts';
import { makeCoalescer } from './coalesce.ts';
import { makeEventWatch } from './event-watch.ts';
import { AttemptFailure } from './failure.ts';
import { findModel, requireSomeModel } from './model.ts';
import { openSession } from './opening.ts';
import { type Ending, readEnding, type SessionMessage, type Sum, sumUp, toFailure } from './outcome.ts';
import { Desk, type People } from './people.ts';
import { buildAskingPermissions, buildPermissions } from './permissions.ts';
import { type Memory, newMemory, type Progress, readEvent, remember } from './progress.ts';
import type { OpencodeServer, ServerExit } from './server.ts';
import { Steering } from './steering.ts';
import { addTools } from './tools.ts';

export type RunOptions = {
  readonly server: OpencodeServer;
  /** Absolute; no other run may use it at the same time. */
  readonly directory: string;
  readonly title: string;
  readonly prompt: string;
  readonly system?: string;
  /** `provider/model`; without it opencode's configuration decides. */
  readonly model?: string;
  /** Ends the work. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  /** Whom to ask; without, what opencode asks is rejected. */
  readonly people?: People;
  /** MCP servers for this directory alone; they go with it. */
  readonly tools?: readonly ToolServer[];
  /** Hands over what people say while the work goes on to a handler. */
  readonly onSteer?: (handler: SteerHandler) => void;
  /** The session of a run in this directory whose process was killed; null: it had none yet. Left out: a first run. */
  readonly earlier?: string | null;
  /** Before the prompt: the session, and whether it is the earlier one. */
  readonly onSession?: (id: string, isEarlier: boolean) => Promise<void>;
  readonly limits?: Partial<RunLimits>;
};

export type RunLimits = {
  readonly pollMs: number;
  /** Between the prompt and the first sign of an answer. */
  readonly beginMs: number;
  /** Without any sign of work. A command may be silent for long. */
  readonly silenceMs: number;
  /** Between an abort and the session's silence. */
  readonly abortMs: number;
  /** How often in a row opencode may repeat a request to the model. */
  readonly retriesMax: number;
  readonly textHoldMs: number;
};

export type RunOutcome = Sum & {
  readonly ending: Exclude<Ending, { type: 'open' }>;
  /** What was said and done; empty if the server ended. */
  readonly messages: readonly SessionMessage[];
};

const LIMITS: RunLimits = {
  pollMs: 1_500,
  beginMs: 60_000,
  silenceMs: 15 * 60_000,
  abortMs: 5_000,
  retriesMax: 5,
  textHoldMs: 250,
};
/** A request to a dead server fails a moment before its end is known. */
const EXIT_NOTICE_MS = 1_000;

/** Runs a task to its end. Never throws for what may be expected: the ending says it. */
export async function runTask(options: RunOptions): Promise<RunOutcome> {
  const { server, directory, signal } = options;
  const over = new AbortController();
  const cancel = (): void => over.abort(new AttemptFailure('CANCELLED', describeReason(signal)));
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  void server.exited.then((exit) => over.abort(toCrash(exit)));

  const run = new Run(options, over.signal);
  try {
    return await run.work();
  } catch (error) {
    const failure = await nameFailure(server, error);
    return await run.endEarly(failure);
  } finally {
    signal.removeEventListener('abort', cancel);
    await run.close();
    await server.endLeftovers(directory);
  }
}

class Run {
  readonly #options: RunOptions;
  readonly #limits: RunLimits;
  readonly #over: AbortSignal;
  #session: {
    readonly id: string;
    readonly watch: ReturnType<typeof makeEventWatch>;
    readonly desk: Desk;
    readonly steering: Steering;
  } | null = null;
  #hasNews = false;
  #wake: () => void = () => undefined;
  #error: AttemptFailure | null = null;
  #heardAt = performance.now();
  #promptedAt = performance.now();
  #partsSeen = 0;
  #memory: Memory | null = null;

  constructor(options: RunOptions, over: AbortSignal) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#over = over;
  }

  async work(): Promise<RunOutcome> {
    const { server, directory, title, prompt, system, model } = this.#options;
    const { client } = server;
    this.#over.throwIfAborted();
    await addTools(client, directory, this.#options.tools ?? []);
    const chosen = model === undefined ? {} : { model: await findModel(client, directory, model) };
    if (model === undefined) await requireSomeModel(client, directory);
    const { people = null, onSteer } = this.#options;
    const build = people === null ? buildPermissions : buildAskingPermissions;
    const permission = build(server.toolOutputDirectory);
    const { earlier, onSession } = this.#options;
    const before = earlier === undefined ? {} : { earlier };
    const opened = await openSession({ client, directory, title, prompt, permission, ...before });
    const { id } = opened;
    await onSession?.(id, id === earlier);
    const onEvent = this.#makeListener(id, opened.messages);
    const watch = makeEventWatch({ client, directory, onEvent });
    const told = system === undefined ? {} : { system };
    const about = { client, directory, sessionId: id };
    const desk = new Desk({ ...about, people });
    const settings = { ...chosen, ...told };
    const steering = new Steering({ ...about, settings, onSaid: () => this.#hearWord() });
    this.#session = { id, watch, desk, steering };
    await watch.connected;
    this.#over.throwIfAborted();
    if (opened.prompt !== null) {
      const parts = [{ type: 'text' as const, text: opened.prompt }];
      const said = client.session.promptAsync({ sessionID: id, directory, parts, ...settings });
      await tell('the prompt a hearing', said);
    }
    this.#promptedAt = performance.now();
    onSteer?.((word) => steering.say(word));
    const ending = await this.#follow(id, { desk, steering });
    return { ending, ...(await this.#collect(id)) };
  }

  /** After a failure: the session is made to stop, and what it did so far is kept. */
  async endEarly(failure: AttemptFailure): Promise<RunOutcome> {
    const ending = { type: 'failed', failure } as const;
    const { server, directory } = this.#options;
    if (this.#session === null || server.hasExited()) return { ending, ...sumUp([]), messages: [] };
    const { id } = this.#session;
    try {
      await tell('the session an end', server.client.session.abort({ sessionID: id, directory }));
      const deadline = performance.now() + this.#limits.abortMs;
      while (performance.now() < deadline && (await this.#status(id)).type !== 'idle') await sleep(50);
      return { ending, ...(await this.#collect(id)) };
    } catch (error) {
      if (!(error instanceof AttemptFailure)) throw error;
      return { ending, ...sumUp([]), messages: [] };
    }
  }

  /** Stops listening and lets the server forget the directory, so that its memory stays bounded. */
  async close(): Promise<void> {
    const { server, directory } = this.#options;
    this.#session?.desk.close();
    await this.#session?.watch.stop();
    if (server.hasExited()) return;
    try {
      await tell('the directory an end', server.client.instance.dispose({ directory }));
    } catch (error) {
      // The server is going: then it forgets everything anyway.
      if (!(error instanceof AttemptFailure)) throw error;
    }
  }

  #makeListener(sessionId: string, before: readonly SessionMessage[]): (event: Event) => void {
    const memory = newMemory(sessionId);
    remember(memory, before);
    this.#memory = memory;
    const coalescer = makeCoalescer(this.#options.onProgress, this.#limits.textHoldMs);
    return (event) => {
      for (const progress of readEvent(memory, event)) coalescer.take(progress);
      if (PULSES.has(event.type)) return;
      this.#heardAt = performance.now();
      if (
        event.type === 'session.error' &&
        event.properties.sessionID === sessionId &&
        event.properties.error
      ) {
        this.#error = toFailure(event.properties.error);
      }
      if (event.type === 'session.idle') coalescer.flush();
      if (WAKING.has(event.type)) this.#tellNews();
    };
  }

  /** Somebody spoke: the session begins to answer anew. */
  #hearWord(): void {
    this.#promptedAt = performance.now();
    this.#heardAt = this.#promptedAt;
    this.#error = null;
    this.#tellNews();
  }

  #tellNews(): void {
    this.#hasNews = true;
    this.#wake();
  }

  async #follow(
    sessionId: string,
    { desk, steering }: { readonly desk: Desk; readonly steering: Steering },
  ): Promise<RunOutcome['ending']> {
    while (true) {
      await this.#waitForNews();
      this.#over.throwIfAborted();
      await desk.look();
      const status = await this.#status(sessionId);
      if (status.type === 'retry' && status.attempt > this.#limits.retriesMax) {
        throw new AttemptFailure('MODEL_UNAVAILABLE', `${status.message} (${status.attempt} tries)`);
      }
      // People take their time, and what is broken off for a word is no end.
      if (desk.waiting > 0 || steering.isBusy) this.#heardAt = performance.now();
      if (status.type !== 'idle') {
        await this.#checkSilence(sessionId);
        continue;
      }
      if (steering.isBusy) continue;
      const ending = readEnding(await this.#messages(sessionId));
      if (steering.isBusy) continue;
      if (ending.type !== 'open') return ending;
      if (this.#error !== null) throw this.#error;
      if (performance.now() - this.#promptedAt > this.#limits.beginMs) {
        throw new AttemptFailure('STALLED', 'opencode took the prompt and never began to answer it');
      }
    }
  }

  async #waitForNews(): Promise<void> {
    const news = Promise.withResolvers<void>();
    this.#wake = news.resolve;
    // What came while this was looking elsewhere.
    if (this.#hasNews) news.resolve();
    const timer = setTimeout(news.resolve, this.#limits.pollMs);
    this.#over.addEventListener('abort', this.#wake, { once: true });
    await news.promise;
    this.#hasNews = false;
    this.#over.removeEventListener('abort', this.#wake);
    clearTimeout(timer);
  }

  /** Events may be silent because their stream is broken: the messages have the last word. */
  async #checkSilence(sessionId: string): Promise<void> {
    if (performance.now() - this.#heardAt < this.#limits.silenceMs) return;
    const messages = await this.#messages(sessionId);
    const parts = messages.reduce((sum, message) => sum + message.parts.length, 0);
    if (parts === this.#partsSeen) {
      throw new AttemptFailure(
        'STALLED',
        `no sign of work for ${Math.round(this.#limits.silenceMs / 1000)} s`,
      );
    }
    this.#partsSeen = parts;
    this.#heardAt = performance.now();
  }

  async #status(sessionId: string): Promise<SessionStatus> {
    const { server, directory } = this.#options;
    const all = await read('the state of its sessions', () => server.client.session.status({ directory }));
    return all[sessionId] ?? { type: 'idle' };
  }

  #messages(sessionID: string): Promise<readonly SessionMessage[]> {
    const { server, directory } = this.#options;
    return read('the messages', () => server.client.session.messages({ sessionID, directory }));
  }

  /** The session's messages, and the sum over it and its sub-agents. */
  async #collect(sessionId: string): Promise<Sum & { readonly messages: readonly SessionMessage[] }> {
    const { server, directory } = this.#options;
    const messages = await this.#messages(sessionId);
    const all = [...messages];
    const open = [sessionId];
    for (let parent = open.pop(); parent !== undefined; parent = open.pop()) {
      const children = await read('its sub-agents', () =>
        server.client.session.children({ sessionID: parent, directory }),
      );
      for (const { id } of children) {
        open.push(id);
        all.push(...(await this.#messages(id)));
      }
    }
    const sum = sumUp(all);
    return { messages, ...sum, apiErrors: sum.apiErrors + (this.#memory?.apiErrors ?? 0) };
  }
}

/** Events that come without any work. */
const PULSES: ReadonlySet<string> = new Set(['server.heartbeat', 'server.connected']);

/** Events after which it is worth looking at once. */
const WAKING: ReadonlySet<string> = new Set([
  'session.idle',
  'session.error',
  'permission.asked',
  'question.asked',
  'permission.replied',
] satisfies Event['type'][]);

function toCrash({ code, signal, lastOutput }: ServerExit): AttemptFailure {
  const how = signal === null ? `with code ${code}` : `by ${signal}`;
  const words = lastOutput.trim().split('\n').slice(-3).join(' / ');
  return new AttemptFailure('OPENCODE_CRASHED', `opencode ended ${how} in the middle of the work: ${words}`);
}

async function nameFailure(server: OpencodeServer, error: unknown): Promise<AttemptFailure> {
  const isLostRequest = error instanceof AttemptFailure && error.code === 'OPENCODE_UNAVAILABLE';
  if (isLostRequest) {
    const exit = await Promise.race([server.exited, sleep(EXIT_NOTICE_MS, null)]);
    return exit === null ? error : toCrash(exit);
  }
  if (error instanceof AttemptFailure) return error;
  throw error;
}

function describeReason(signal: AbortSignal): string {
  const reason: unknown = signal.reason;
  return reason instanceof Error && reason.message !== '' ? reason.message : 'the work was cancelled';
}
