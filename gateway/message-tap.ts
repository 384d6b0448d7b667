/**
 * Reads the messages between actors while somebody wants to see or count them, and not a moment longer than `LINGER_MS`.
 *
 * I1. However many want it, the logs are read once.
 * I2. Where they can't be read it is tried again for as long as it is wanted; the rest of the feed goes on.
 */

import type { Logger } from '#runtime/logger.ts';
import type { LoggedMessage, Messages, MessageWatch } from '#runtime/messages.ts';

interface TapOptions {
  readonly messages: Pick<Messages, 'watch'>;
  readonly logger: Logger;
  readonly onMessage: (message: LoggedMessage) => void;
}

/** A page that is loaded anew finds it still open. */
const LINGER_MS = 1_000;
const AGAIN_MS = 1_000;

export class MessageTap {
  readonly #options: TapOptions;
  #isWanted = false;
  #watch: MessageWatch | null = null;
  #working: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: TapOptions) {
    this.#options = options;
  }

  /** Since when every message was heard; null: they are not read now. */
  get sinceMs(): number | null {
    return this.#watch?.sinceMs ?? null;
  }

  want(isWanted: boolean): void {
    if (isWanted === this.#isWanted) return;
    this.#isWanted = isWanted;
    this.#settleIn(isWanted ? 0 : LINGER_MS);
  }

  async stop(): Promise<void> {
    this.#isWanted = false;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#working;
    await this.#settle();
  }

  #settleIn(ms: number): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#working ??= this.#settle().finally(() => {
        this.#working = null;
        // It may have changed its mind meanwhile.
        if (this.#isWanted !== (this.#watch !== null)) this.#settleIn(AGAIN_MS);
      });
    }, ms).unref();
  }

  async #settle(): Promise<void> {
    const { messages, logger, onMessage } = this.#options;
    try {
      if (this.#isWanted) this.#watch ??= await messages.watch(onMessage);
      else {
        const watch = this.#watch;
        this.#watch = null;
        await watch?.stop();
      }
    } catch (error) {
      logger.warn({ err: error }, 'messages can not be read, trying again');
    }
  }
}
