/**
 * An agent that speaks ACP version 1 on its standard input and output. This file alone knows the SDK of ACP.
 *
 * L1. Every request but the prompt is answered within `answerMs`, or has failed.
 * L2. Updates are handed over in their order, and those of a turn before its end.
 */
import type { Readable, Writable } from 'node:stream';
import { Readable as ReadableStreams, Writable as WritableStreams } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ClientConnection, client, methods, ndJsonStream, RequestError } from '@agentclientprotocol/sdk';
import { AttemptFailure } from './failure.ts';
import {
  type AgentAbout,
  type AgentLink,
  type ClientSide,
  RefusedAsk,
  type SessionOpened,
  type SessionWish,
  type TurnEnd,
} from './link.ts';
import {
  type ModelsOffered,
  PROTOCOL_VERSION,
  readAbout,
  readOpened,
  readPermission,
  readTerminalWish,
  readTurnEnd,
  readUpdate,
  toFailure,
  toMcpServers,
} from './mapper-v1.ts';

export interface LinkOptions {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly client: ClientSide;
  /** The first answer may take long: some commands fetch the agent first. */
  readonly greetMs: number;
  readonly answerMs: number;
}

const CLIENT = { name: 'oio', title: 'OpenCode Industrial Orchestrator', version: '1.0.0' };
const CAPABILITIES = { fs: { readTextFile: true, writeTextFile: true }, terminal: true };

/** Greets the agent. Throws an `AttemptFailure` where it does not answer, or speaks another version. */
export async function openLink(options: LinkOptions): Promise<AgentLink> {
  const { stdin, stdout, greetMs, answerMs } = options;
  const stream = ndJsonStream(
    WritableStreams.toWeb(stdin),
    // Both are Node's; the types of its two worlds of streams differ in name only.
    ReadableStreams.toWeb(stdout) as ReadableStream<Uint8Array>,
  );
  const connection = serve(options.client).connect(stream);
  try {
    const greeting = connection.agent.request(methods.agent.initialize, {
      protocolVersion: PROTOCOL_VERSION,
      clientCapabilities: CAPABILITIES,
      clientInfo: CLIENT,
    });
    const about = readAbout(await within(greeting, 'an answer to the greeting', { ms: greetMs, logins: [] }));
    return new LinkV1(connection, about, answerMs);
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** What the agent may ask of us, each request answered or refused. */
function serve(side: ClientSide) {
  const ask = methods.client;
  return (
    client({ name: CLIENT.name })
      // With a parser of our own: what the SDK does not know yet is no fault.
      .onNotification(
        ask.session.update,
        (params: unknown) => params,
        ({ params }) => {
          for (const update of readUpdate(params)) side.onUpdate(update);
        },
      )
      .onRequest(ask.session.requestPermission, async ({ params }) => {
        const optionId = await side.askPermission(readPermission(params));
        return { outcome: optionId === null ? { outcome: 'cancelled' } : { outcome: 'selected', optionId } };
      })
      .onRequest(ask.fs.readTextFile, ({ params: { path, line = null, limit = null } }) =>
        answer(async () => ({ content: await side.readFile({ path, line, limit }) })),
      )
      .onRequest(ask.fs.writeTextFile, ({ params: { path, content } }) =>
        answer(() => side.writeFile({ path, content })),
      )
      .onRequest(ask.terminal.create, ({ params }) =>
        answer(async () => ({ terminalId: await side.createTerminal(readTerminalWish(params)) })),
      )
      .onRequest(ask.terminal.output, ({ params }) =>
        answer(async () => {
          const { output, isTruncated, exit } = side.terminalOutput(params.terminalId);
          return { output, truncated: isTruncated, exitStatus: exit };
        }),
      )
      .onRequest(ask.terminal.waitForExit, ({ params }) =>
        answer(() => side.awaitTerminal(params.terminalId)),
      )
      .onRequest(ask.terminal.kill, ({ params }) => answer(() => side.killTerminal(params.terminalId)))
      .onRequest(ask.terminal.release, ({ params }) => answer(() => side.releaseTerminal(params.terminalId)))
  );
}

async function answer<Value>(does: () => Promise<Value>): Promise<Value> {
  try {
    return await does();
  } catch (error) {
    if (!(error instanceof RefusedAsk)) throw error;
    if (error.kind === 'missing') throw RequestError.resourceNotFound(error.message);
    throw RequestError.invalidParams({ details: error.message }, error.message);
  }
}

class LinkV1 implements AgentLink {
  readonly about: AgentAbout;
  readonly #connection: ClientConnection;
  readonly #answerMs: number;
  #sessionId = '';
  #models: ModelsOffered | null = null;

  constructor(connection: ClientConnection, about: AgentAbout, answerMs: number) {
    this.#connection = connection;
    this.about = about;
    this.#answerMs = answerMs;
  }

  async authenticate(methodId: string): Promise<void> {
    await this.#ask('a login', this.#connection.agent.request(methods.agent.authenticate, { methodId }));
  }

  async newSession(wish: SessionWish): Promise<SessionOpened> {
    const request = this.#connection.agent.request(methods.agent.session.new, toParams(wish));
    const { sessionId, models } = readOpened(await this.#ask('a session', request));
    if (sessionId === null)
      throw new AttemptFailure('AGENT_REFUSED', 'the agent gave a session without an id');
    return this.#opened(sessionId, models);
  }

  async loadSession({
    sessionId,
    ...wish
  }: SessionWish & { readonly sessionId: string }): Promise<SessionOpened> {
    const params = { ...toParams(wish), sessionId };
    const request = this.#connection.agent.request(methods.agent.session.load, params);
    const { models } = readOpened(await this.#ask('the earlier session', request));
    await nextTurn();
    return this.#opened(sessionId, models);
  }

  async chooseModel(name: string): Promise<string> {
    const by = this.#models?.by;
    const { agent } = this.#connection;
    const sessionId = this.#sessionId;
    if (by?.method === 'config_option') {
      const params = { sessionId, configId: by.configId, value: name };
      const request = agent.request(methods.agent.session.setConfigOption, params);
      return readOpened(await this.#ask(`the model ${name}`, request)).models?.current ?? name;
    }
    // Of agents from before there were configuration options; it answers with nothing.
    await this.#ask(`the model ${name}`, agent.request('session/set_model', { sessionId, modelId: name }));
    return name;
  }

  async prompt(text: string): Promise<TurnEnd> {
    const params = { sessionId: this.#sessionId, prompt: [{ type: 'text' as const, text }] };
    const request = this.#connection.agent.request(methods.agent.session.prompt, params);
    const end = readTurnEnd(await this.#named('an answer to the prompt', request));
    // Updates that came before it are handed over in turns of their own.
    await nextTurn();
    return end;
  }

  async cancel(): Promise<void> {
    await this.#connection.agent.notify(methods.agent.session.cancel, { sessionId: this.#sessionId });
  }

  close(): void {
    this.#connection.close();
  }

  #opened(sessionId: string, models: ModelsOffered | null): SessionOpened {
    this.#sessionId = sessionId;
    this.#models = models;
    return { sessionId, models };
  }

  #ask<Answer>(what: string, request: Promise<Answer>): Promise<Answer> {
    return within(request, what, { ms: this.#answerMs, logins: this.about.logins });
  }

  #named<Answer>(what: string, request: Promise<Answer>): Promise<Answer> {
    return request.catch((error: unknown) => {
      throw nameFault(what, error, this.about.logins);
    });
  }
}

function toParams({ directory, mcp }: SessionWish) {
  return { cwd: directory, mcpServers: toMcpServers(mcp) };
}

interface Bound {
  readonly ms: number;
  readonly logins: AgentAbout['logins'];
}

async function within<Answer>(
  request: Promise<Answer>,
  what: string,
  { ms, logins }: Bound,
): Promise<Answer> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(
      new AttemptFailure('AGENT_UNAVAILABLE', `the agent did not give ${what} within ${ms / 1_000} s`),
    );
  }, ms);
  try {
    return await Promise.race([request, late.promise]);
  } catch (error) {
    throw nameFault(what, error, logins);
  } finally {
    clearTimeout(timer);
  }
}

function nameFault(what: string, error: unknown, logins: AgentAbout['logins']): AttemptFailure {
  if (error instanceof AttemptFailure) return error;
  if (error instanceof RequestError) return toFailure(what, error, logins);
  const said = error instanceof Error ? error.message : String(error);
  return new AttemptFailure('AGENT_CRASHED', `the agent did not give ${what}: ${said}`, error);
}
