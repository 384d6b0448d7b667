/**
 * Ends a process whose event loop stands still. Its heartbeats have stopped with the loop and the others take its
 * partitions; the epoch keeps it from writing. What is left is a process that would do nothing for as long as it lives.
 *
 * G1. The sign of life comes from the loop that does the work; the thread only looks whether it came.
 * G2. The thread counts its own looks, not the time: after the whole process was stopped or starved it has looked as
 *     seldom as the loop has turned, and nothing is ended for that.
 * G3. A process that somebody debugs is left alone.
 */
import inspector from 'node:inspector';
import { Worker } from 'node:worker_threads';
import type { WatchdogTask } from './watchdog-thread.ts';

/** Twice the lease of a node: by then the others have taken over. */
export const BLOCKED_MAX_MS = 2_000;
const LOOK_MS = 100;
const SIGN_MS = 50;

/** Starts to watch; returns what ends it. Where the loop is blocked for too long the process ends by SIGKILL. */
export function startWatchdog(blockedMaxMs = BLOCKED_MAX_MS): () => Promise<void> {
  if (inspector.url() !== undefined) return async () => undefined;
  const signs = new Int32Array(new SharedArrayBuffer(8));
  const timer = setInterval(() => Atomics.add(signs, 0, 1), SIGN_MS);
  timer.unref();
  const task: WatchdogTask = { signs, lookMs: LOOK_MS, looksMax: Math.ceil(blockedMaxMs / LOOK_MS) };
  const worker = new Worker(new URL('./watchdog-thread.ts', import.meta.url), {
    workerData: task,
    // It inherits neither the settings nor flags that belong to the process, as a profile of it.
    env: {},
    execArgv: [],
  });
  worker.unref();
  return async () => {
    clearInterval(timer);
    Atomics.store(signs, 1, 1);
    Atomics.notify(signs, 1);
    await worker.terminate();
  };
}
