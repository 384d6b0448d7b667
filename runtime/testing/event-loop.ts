/**
 * Tells when the event loop has nothing left to do by itself, so that virtual time may move on.
 *
 * E1. While watched, every `setImmediate` of the process is counted; promises settle between two of them. So the loop
 *     is idle when none is left after a turn of its own. Real timers and real I/O are not seen: don't use them.
 */

export interface EventLoopWatch {
  /** Resolves when neither immediates nor settled promises wait. */
  idle(): Promise<void>;
  /** Gives the process its own functions back. */
  stop(): void;
}

export function watchEventLoop(): EventLoopWatch {
  const own = { setImmediate: globalThis.setImmediate, clearImmediate: globalThis.clearImmediate };
  const waiting = new Set<NodeJS.Immediate>();
  const counted = (run: (...values: unknown[]) => void, ...values: unknown[]) => {
    const handle = own.setImmediate(() => {
      waiting.delete(handle);
      run(...values);
    });
    waiting.add(handle);
    return handle;
  };
  globalThis.setImmediate = Object.assign(counted, {
    __promisify__: own.setImmediate.__promisify__,
  }) as typeof globalThis.setImmediate;
  globalThis.clearImmediate = (handle) => {
    if (handle) waiting.delete(handle);
    own.clearImmediate(handle);
  };
  return {
    async idle() {
      do {
        await new Promise<void>((resolve) => own.setImmediate(resolve));
      } while (waiting.size > 0);
    },
    stop() {
      Object.assign(globalThis, own);
    },
  };
}
