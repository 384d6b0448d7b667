/**
 * What was read of one lane of a partition and not taken yet.
 *
 * Y1. Holds at most `bufferMax` messages and `bufferBytesMax`, and one message more; whoever puts that one in waits
 *     until half of it is taken.
 */
import { PARTITION_LIMITS } from './bounds.ts';
import type { Delivery, Reader } from './log.ts';

export class LaneBuffer {
  #waiting: Delivery[] = [];
  #bytes = 0;
  #roomWanted: (() => void) | null = null;
  reader: Reader | null = null;

  /** Messages that wait in the log beyond the reader, as it last heard. */
  get pending(): number {
    return this.reader?.pending ?? 0;
  }

  /** All that wait: here and in the log. */
  get lag(): number {
    return this.#waiting.length + this.pending;
  }

  get waiting(): readonly Delivery[] {
    return this.#waiting;
  }

  /** Returns a promise where the buffer is full: it resolves when there is room again. */
  put(delivery: Delivery): void | Promise<void> {
    this.#waiting.push(delivery);
    this.#bytes += delivery.bytes.length;
    const { bufferMax, bufferBytesMax } = PARTITION_LIMITS;
    if (this.#waiting.length < bufferMax && this.#bytes < bufferBytesMax) return;
    return new Promise((resolve) => {
      this.#roomWanted = resolve;
    });
  }

  /** The next messages, at most `countMax`. */
  take(countMax: number): Delivery[] {
    const taken = this.#waiting.splice(0, countMax);
    for (const { bytes } of taken) this.#bytes -= bytes.length;
    const { bufferMax, bufferBytesMax } = PARTITION_LIMITS;
    if (this.#waiting.length < bufferMax / 2 && this.#bytes < bufferBytesMax / 2) this.letGo();
    return taken;
  }

  clear(): void {
    this.#waiting = [];
    this.#bytes = 0;
  }

  /** Whoever waits for room waits no more. */
  letGo(): void {
    this.#roomWanted?.();
    this.#roomWanted = null;
  }
}
