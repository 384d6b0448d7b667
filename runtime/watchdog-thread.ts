/** The thread of `watchdog.ts`: looks whether the loop of the process turns, and ends the process where it does not. */
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

export interface WatchdogTask {
  /** Signs of life so far, and whether to end. */
  readonly signs: Int32Array;
  readonly lookMs: number;
  readonly looksMax: number;
}

const STANDARD_ERROR = 2;

const task: WatchdogTask = workerData;
const { signs, lookMs, looksMax } = task;
let [seen, looks] = [Atomics.load(signs, 0), 0];
while (Atomics.wait(signs, 1, 0, lookMs) === 'timed-out') {
  const now = Atomics.load(signs, 0);
  looks = now === seen ? looks + 1 : 0;
  seen = now;
  if (looks < looksMax) continue;
  const line = { level: 'fatal', time: new Date().toISOString(), role: 'node', blockedMs: looks * lookMs };
  // The logger lives in the loop that stands still.
  writeSync(
    STANDARD_ERROR,
    `${JSON.stringify({ ...line, msg: 'event loop blocked, ending the process' })}\n`,
  );
  process.kill(process.pid, 'SIGKILL');
}
