/**
 * A process of the simulated world: it can be paused, resumed and killed.
 *
 * W1. Everything from outside reaches the code of a process through `enter`: while it is paused that waits, and when
 *     it is dead it never comes. So a paused process wakes up with all that it believed before.
 */
import type { Clock } from '#runtime/clock.ts';
import type { VirtualClock } from '#runtime/testing/clock.ts';

export class SimProcess {
  readonly name: string;
  readonly #never = Promise.withResolvers<never>().promise;
  #resumed: PromiseWithResolvers<void> | null = null;
  #isDead = false;
  /** What its clock shows beside the true time. */
  clockOffMs = 0;
  /** Until then it, and only it, does not reach the store. */
  storeCutUntilMs = 0;

  constructor(name: string) {
    this.name = name;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  get isPaused(): boolean {
    return this.#resumed !== null;
  }

  get isRunning(): boolean {
    return !this.#isDead && this.#resumed === null;
  }

  pause(): void {
    this.#resumed ??= Promise.withResolvers();
  }

  resume(): void {
    this.#resumed?.resolve();
    this.#resumed = null;
  }

  kill(): void {
    this.#isDead = true;
    this.resume();
  }

  async enter(): Promise<void> {
    while (this.#resumed) await this.#resumed.promise;
    if (this.#isDead) await this.#never;
  }

  /** The clock as this process has it. */
  clockOn(world: VirtualClock): Clock {
    return {
      now: () => world.now() + this.clockOffMs,
      sleep: async (ms, signal) => {
        await world.sleep(ms, signal);
        await this.enter();
      },
    };
  }
}
