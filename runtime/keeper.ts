/**
 * Looks after what a node needs and does not own: streams and buckets that were lost are made again, how far the
 * events are is noted, and what people watch is written. A job that fails is tried again at its next time.
 */
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';

export interface KeeperJob {
  readonly name: string;
  readonly everyMs: number;
  run(): Promise<void>;
}

export class Keeper {
  readonly #stopping = new AbortController();
  readonly #jobs: Promise<void>[];

  constructor(jobs: readonly KeeperJob[], { clock, logger }: { clock: Clock; logger: Logger }) {
    const { signal } = this.#stopping;
    this.#jobs = jobs.map(async ({ name, everyMs, run }) => {
      while (!signal.aborted) {
        await clock.sleep(everyMs, signal);
        if (signal.aborted) return;
        try {
          await run();
        } catch (error) {
          logger.warn({ err: error, job: name }, 'keeping failed, trying again');
        }
      }
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#jobs);
  }
}
