/** Loads snapshots: one read for all that wait, the next as soon as the last is done. */
import { type Address, formatAddress } from '#protocols/address.ts';
import type { LoadedActor, Store } from './store.ts';

const LOAD_MAX = 1_000;

interface Waiter {
  readonly addresses: readonly Address[];
  readonly resolve: (actors: LoadedActor[]) => void;
  readonly reject: (error: unknown) => void;
}

export class Loader {
  readonly #store: Pick<Store, 'load'>;
  #waiting: Waiter[] = [];
  #isRunning = false;

  constructor(store: Pick<Store, 'load'>) {
    this.#store = store;
  }

  load(addresses: readonly Address[]): Promise<LoadedActor[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ addresses, resolve, reject });
      if (this.#isRunning) return;
      this.#isRunning = true;
      // After the other partitions of this turn of the event loop had their say.
      queueMicrotask(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const waiters: Waiter[] = [];
      let count = 0;
      while (this.#waiting[0] && (count === 0 || count + this.#waiting[0].addresses.length <= LOAD_MAX)) {
        const waiter = this.#waiting.shift();
        if (!waiter) break;
        waiters.push(waiter);
        count += waiter.addresses.length;
      }
      try {
        const actors = await this.#store.load(waiters.flatMap((waiter) => waiter.addresses));
        const found = new Map(actors.map((actor) => [formatAddress(actor.address), actor]));
        for (const waiter of waiters) {
          waiter.resolve(waiter.addresses.flatMap((address) => found.get(formatAddress(address)) ?? []));
        }
      } catch (error) {
        for (const waiter of waiters) waiter.reject(error);
      }
    }
    this.#isRunning = false;
  }
}
