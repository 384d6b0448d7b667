/**
 * Keeps one opencode server for all tasks of this agent. It starts with the first task; one that has ended is
 * replaced when the next task asks.
 */
import { AttemptFailure } from './failure.ts';
import { type OpencodeServer, type ServerOptions, startServer } from './server.ts';

export class OpencodeHost {
  readonly #options: ServerOptions;
  #starting: Promise<OpencodeServer> | null = null;
  #current: OpencodeServer | null = null;
  #isStopped = false;

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  /** A server that lives. Callers that come while it starts share the start, and its failure. */
  async server(): Promise<OpencodeServer> {
    if (this.#isStopped) throw new AttemptFailure('OPENCODE_UNAVAILABLE', 'the agent is stopping');
    if (this.#current !== null && !this.#current.hasExited()) return this.#current;
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const starting = await this.#starting?.catch(() => null);
    await (starting ?? this.#current)?.stop();
  }

  async #start(): Promise<OpencodeServer> {
    try {
      this.#current = await startServer(this.#options);
      return this.#current;
    } finally {
      this.#starting = null;
    }
  }
}
