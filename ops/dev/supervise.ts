/**
 * Keeps one of our processes running: one that dies is started again, ever later, until it gives up.
 *
 * S1. At most one process of the role at a time: the next is started after the last has exited.
 * S2. stop() ends it in whatever state it is: running, starting, or waiting for its next start.
 * S3. Restarts are bounded: RESTARTS_MAX in a row without `healthyMs` of life between, then `broken` resolves.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Exit } from './child.ts';
import type { RunningProcess } from './stack.ts';
import { EXIT, reasonOf, StartFailure } from './start-failure.ts';

const RESTARTS_MAX = 8;
const TIMING = { firstWaitMs: 500, longestWaitMs: 15_000, healthyMs: 60_000 };

export interface SuperviseOptions {
  readonly role: string;
  readonly start: () => Promise<RunningProcess>;
  /** Ends the first start, while it is under way; from then on stop() does. */
  readonly startSignal?: AbortSignal;
  readonly timing?: typeof TIMING;
  readonly onRestart: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

export interface Supervised {
  readonly role: string;
  /** Resolves when it is not started again any more; never for one that was stopped. */
  readonly broken: Promise<StartFailure>;
  stop(): Promise<void>;
}

/** Resolves when the process is ready for the first time; rejects, with nothing left, if it never is. */
export async function supervise(options: SuperviseOptions): Promise<Supervised> {
  const { firstWaitMs, longestWaitMs, healthyMs } = options.timing ?? TIMING;
  const stopping = new AbortController();
  const starting = AbortSignal.any([stopping.signal, ...(options.startSignal ? [options.startSignal] : [])]);
  let current = await begin(options, starting);
  const keep = async (): Promise<StartFailure | null> => {
    let exit = await current.exited;
    for (let restarts = 0, readyAt = performance.now(); !stopping.signal.aborted; ) {
      restarts = performance.now() - readyAt > healthyMs ? 1 : restarts + 1;
      if (restarts > RESTARTS_MAX) return givenUp(options.role, exit);
      const waitMs = Math.min(firstWaitMs * 2 ** (restarts - 1), longestWaitMs);
      options.onRestart(`${options.role} exited, starting it again`, { ...exit, in_ms: waitMs, restarts });
      if (!(await pause(waitMs, stopping.signal))) return null;
      try {
        current = await begin(options, stopping.signal);
        readyAt = performance.now();
        exit = await current.exited;
      } catch (thrown) {
        if (!stopping.signal.aborted) options.onRestart(reasonOf(thrown), {});
      }
    }
    return null;
  };
  const kept = keep();
  return {
    role: options.role,
    broken: kept.then((failure) => failure ?? Promise.withResolvers<StartFailure>().promise),
    stop: async () => {
      stopping.abort();
      await current.stop();
      await kept;
    },
  };
}

/** Starts it and waits until it is ready; where it is not, or shall stop meanwhile, it is gone when this rejects. */
async function begin({ start }: SuperviseOptions, signal: AbortSignal): Promise<RunningProcess> {
  const started = await start();
  const end = (): void => void started.stop();
  signal.addEventListener('abort', end, { once: true });
  try {
    signal.throwIfAborted();
    await started.ready;
    return started;
  } catch (thrown) {
    await started.stop();
    // Stopped before it was ready is what was asked for, not its failure.
    signal.throwIfAborted();
    throw thrown;
  } finally {
    signal.removeEventListener('abort', end);
  }
}

function givenUp(role: string, { code, signal }: Exit): StartFailure {
  return new StartFailure(
    EXIT.failed,
    `${role} died ${RESTARTS_MAX + 1} times in a row (last: ${signal ?? `exit code ${code}`}); giving up.`,
  );
}

/** False if it was told to stop meanwhile. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal });
    return true;
  } catch {
    // Aborted: that is what the signal is for.
    return false;
  }
}
