/**
 * Gathers publications while the last ones are not acknowledged yet, as Nagle's algorithm does with bytes: each that
 * travels alone wakes the server, the partition's owner and the next commit for itself. With one caller nothing waits.
 *
 * G1. None waits longer than `WAIT_MS`, whatever the acknowledgements do.
 * G2. They leave in the order of the calls.
 */
import type { Entry } from '../log.ts';
import type { Published, Publisher } from './publisher.ts';

const WAIT_MS = 2;

interface Held {
  readonly entry: Entry;
  readonly resolve: (published: Promise<Published>) => void;
}

export class Gathered {
  readonly #publisher: Pick<Publisher, 'publish'>;
  #held: Held[] = [];
  #inFlight = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(publisher: Pick<Publisher, 'publish'>) {
    this.#publisher = publisher;
  }

  publish(entry: Entry): Promise<Published> {
    return new Promise((resolve) => {
      this.#held.push({ entry, resolve });
      if (this.#inFlight === 0) this.#send();
      else this.#timer ??= setTimeout(() => this.#send(), WAIT_MS);
    });
  }

  #send(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const held = this.#held;
    this.#held = [];
    this.#inFlight += held.length;
    for (const { entry, resolve } of held) {
      const published = this.#publisher.publish(entry);
      const landed = (): void => this.#land();
      published.then(landed, landed);
      resolve(published);
    }
  }

  #land(): void {
    this.#inFlight--;
    if (this.#inFlight === 0 && this.#held.length > 0) this.#send();
  }
}
