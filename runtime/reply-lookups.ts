/** Looks for known replies: one read for all that ask meanwhile, the next as soon as the last is done. */
import type { KeyedReply } from './store.ts';

/** What one read may ask for. */
const KEYS_MAX = 1_000;

export interface ReplyKey {
  readonly tenant: string;
  readonly key: string;
}

interface Waiter {
  readonly key: ReplyKey;
  readonly resolve: (reply: KeyedReply | null) => void;
  readonly reject: (error: unknown) => void;
}

export class ReplyLookups {
  readonly #find: (keys: readonly ReplyKey[]) => Promise<readonly KeyedReply[]>;
  #waiting: Waiter[] = [];
  #isRunning = false;

  constructor(find: (keys: readonly ReplyKey[]) => Promise<readonly KeyedReply[]>) {
    this.#find = find;
  }

  find(key: ReplyKey): Promise<KeyedReply | null> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, resolve, reject });
      if (this.#isRunning) return;
      this.#isRunning = true;
      // After all who ask in this turn of the event loop.
      setImmediate(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const waiters = this.#waiting.splice(0, KEYS_MAX);
      try {
        const found = new Map(
          (await this.#find(waiters.map(({ key }) => key))).map((reply) => [nameOf(reply), reply]),
        );
        for (const { key, resolve } of waiters) resolve(found.get(nameOf(key)) ?? null);
      } catch (error) {
        for (const { reject } of waiters) reject(error);
      }
    }
    this.#isRunning = false;
  }
}

function nameOf({ tenant, key }: ReplyKey): string {
  return `${tenant}/${key}`;
}
