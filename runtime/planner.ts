/** Plans again and again: every so often, at once when something changed, less often while it fails. */
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';

const PAUSE_MAX_MS = 1_000;

export interface PlannerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly everyMs: number;
  plan(): Promise<void>;
}

export class Planner {
  readonly #options: PlannerOptions;
  readonly #stopping = new AbortController();
  #wake = Promise.withResolvers<void>();
  #running: Promise<void> = Promise.resolve();
  /** In a row. */
  failures = 0;

  constructor(options: PlannerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** There is something to plan for. */
  soon(): void {
    this.#wake.resolve();
  }

  /** Resolves when the plan that is being carried out has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.soon();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, logger, everyMs, plan } = this.#options;
    while (!this.#stopping.signal.aborted) {
      // Before the plan: a wake-up that comes meanwhile counts.
      this.#wake = Promise.withResolvers();
      try {
        await plan();
        this.failures = 0;
      } catch (error) {
        this.failures++;
        logger.warn({ err: error, failures: this.failures }, 'planning failed');
      }
      const pause = new AbortController();
      const waitMs = Math.min(everyMs * 2 ** Math.min(this.failures, 3), PAUSE_MAX_MS);
      await Promise.race([clock.sleep(waitMs, pause.signal), this.#wake.promise]);
      pause.abort();
    }
  }
}
