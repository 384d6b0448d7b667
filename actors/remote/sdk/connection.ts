/**
 * The NATS connection of an agent. Only here @nats-io is known.
 *
 * C1. A silent server is noticed within some 3 s: the library's defaults (a ping every 2 minutes, 20 s to dial)
 *     would hold on to a paused one for minutes.
 * C2. It is dialled again for ever, with jitter, also after refused credentials: a server that cannot ask its
 *     authority just now refuses everybody.
 * C3. What is under way when the line breaks fails at once, so that whoever asks can ask again.
 */
import { EventEmitter, once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type ConnectionOptions,
  connect,
  credsAuthenticator,
  errors,
  type Msg,
  type NatsConnection,
} from '@nats-io/transport-node';
import { Deadline, DeadlinePassed } from './deadline.ts';
import type { Logger } from './logger.ts';
import { backoffMs, type Timing } from './timing.ts';
import { type Listener, type Wire, WireFault } from './wire.ts';

export interface Login {
  readonly token?: string;
  readonly user?: { readonly name: string; readonly password: string };
  /** The text of a `.creds` file: a user's JWT and its seed. */
  readonly creds?: string;
}

export interface Dialling {
  readonly servers: string | readonly string[];
  readonly name: string;
  /** Replies come to subjects below it. Its credentials allow an agent this one only. */
  readonly inboxPrefix: string;
  readonly login: Login;
  readonly timing: Timing;
  readonly logger: Logger;
}

/** Connects, trying again until `withinMs` is over; then throws what was the matter last. */
export async function openConnection(dialling: Dialling, withinMs: number): Promise<Connection> {
  const until = Date.now() + withinMs;
  for (let turn = 0; ; turn++) {
    try {
      return new Connection(await connect(toOptions(dialling)), dialling.logger);
    } catch (error) {
      const waitMs = backoffMs(turn, dialling.timing, Math.random);
      if (Date.now() + waitMs > until) throw toWireFault(error);
      dialling.logger.warn({ err: error, waitMs }, 'agent cannot connect yet');
      await pause(waitMs);
    }
  }
}

function toOptions({ servers, name, inboxPrefix, ...dialling }: Dialling): ConnectionOptions {
  const given = readServers(servers);
  const login = { ...given.login, ...dialling.login };
  return {
    servers: given.servers,
    name,
    inboxPrefix,
    ...(login.token === undefined ? {} : { token: login.token }),
    ...(login.user === undefined ? {} : { user: login.user.name, pass: login.user.password }),
    ...(login.creds === undefined
      ? {}
      : { authenticator: credsAuthenticator(new TextEncoder().encode(login.creds)) }),
    pingInterval: 1_000,
    maxPingOut: 2,
    timeout: 1_000,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    reconnectDelayHandler: () => 100 + Math.random() * 400,
    noAsyncTraces: true,
  };
}

/** Addresses may bear a name and a password (`nats://name:password@host:4222`), or a token; the library wants them apart. */
export function readServers(servers: string | readonly string[]): { servers: string[]; login: Login } {
  const given = typeof servers === 'string' ? servers.split(',') : servers;
  let login: Login = {};
  const bare = given.map((server) => {
    const [, scheme = '', account, address = ''] = /^([a-z]+:\/\/)?(?:(.*)@)?(.*)$/.exec(server.trim()) ?? [];
    if (account === undefined) return scheme + address;
    const [name = '', password] = account.split(':', 2).map(decodeURIComponent);
    login = password === undefined ? { token: name } : { user: { name, password } };
    return scheme + address;
  });
  return { servers: bare, login };
}

export class Connection implements Wire {
  readonly #nats: NatsConnection;
  readonly #logger: Logger;
  /** Says `up` and `down`. */
  readonly #line = new EventEmitter();
  #isUp = true;

  constructor(nats: NatsConnection, logger: Logger) {
    this.#nats = nats;
    this.#logger = logger;
    this.#line.setMaxListeners(0);
    this.#watch().catch((error: unknown) => logger.error({ err: error }, 'agent connection watch ended'));
  }

  async ask(
    subject: string,
    body: Uint8Array,
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
  ): Promise<Uint8Array> {
    using deadline = new Deadline(timeoutMs, signal);
    const settled = new AbortController();
    deadline.signal.addEventListener('abort', () => settled.abort());
    try {
      deadline.signal.throwIfAborted();
      if (!this.#isUp) await once(this.#line, 'up', { signal: settled.signal });
      const reply = this.#nats.request(subject, body, { timeout: timeoutMs });
      const broken = once(this.#line, 'down', { signal: settled.signal }).then((): never => {
        throw new WireFault('disconnected', 'the line broke before the answer');
      });
      return (await Promise.race([reply, broken])).data;
    } catch (error) {
      throw toWireFault(deadline.signal.aborted ? deadline.signal.reason : error);
    } finally {
      settled.abort();
    }
  }

  tell(subject: string, body: Uint8Array): void {
    if (this.#isUp && !this.#nats.isClosed()) this.#nats.publish(subject, body);
  }

  listen(subject: string, answer: (body: Uint8Array) => Uint8Array): Listener {
    const subscription = this.#nats.subscribe(subject, {
      callback: (error, message) => {
        if (error) this.#logger.error({ err: error, subject }, 'agent subscription refused');
        else this.#respond(message, answer);
      },
    });
    return {
      isClosed: () => subscription.isClosed(),
      close: () => subscription.unsubscribe(),
    };
  }

  onReconnect(then: () => void): void {
    this.#line.on('up', then);
  }

  isUp(): boolean {
    return this.#isUp;
  }

  async flush(): Promise<void> {
    try {
      await this.#nats.flush();
    } catch (error) {
      throw toWireFault(error);
    }
  }

  async close(): Promise<void> {
    await this.#nats.close();
  }

  /** Whatever an answer throws ends here: the library would stop reading the connection. */
  #respond(message: Msg, answer: (body: Uint8Array) => Uint8Array): void {
    try {
      message.respond(answer(message.data));
    } catch (error) {
      this.#logger.error({ err: error, subject: message.subject }, 'agent could not answer');
    }
  }

  async #watch(): Promise<void> {
    for await (const status of this.#nats.status()) {
      switch (status.type) {
        case 'disconnect':
          this.#isUp = false;
          this.#line.emit('down');
          this.#logger.warn({ server: status.server }, 'agent disconnected');
          break;
        case 'reconnect':
          this.#isUp = true;
          this.#logger.info({ server: status.server }, 'agent reconnected');
          this.#line.emit('up');
          break;
        case 'error':
          this.#logger.warn({ err: status.error }, 'agent connection error');
          break;
        default:
          this.#logger.debug({ status: status.type }, 'agent connection status');
      }
    }
    this.#isUp = false;
    this.#line.emit('down');
  }
}

/** The library's errors, mapped once. */
function toWireFault(error: unknown): WireFault {
  if (error instanceof WireFault) return error;
  const cause = error instanceof errors.RequestError && error.cause instanceof Error ? error.cause : error;
  const message = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof errors.TimeoutError || cause instanceof DeadlinePassed) {
    return new WireFault('timeout', message, error);
  }
  if (cause instanceof errors.NoRespondersError) return new WireFault('no_responders', message, error);
  if (cause instanceof errors.PermissionViolationError) return new WireFault('forbidden', message, error);
  if (cause instanceof errors.AuthorizationError) return new WireFault('forbidden', message, error);
  if (cause instanceof errors.ClosedConnectionError) return new WireFault('closed', message, error);
  if (cause instanceof errors.InvalidArgumentError && message.includes('max_payload')) {
    return new WireFault('too_large', message, error);
  }
  if (cause instanceof Error && cause.name === 'AbortError') return new WireFault('aborted', message, error);
  return new WireFault('other', message, error);
}
