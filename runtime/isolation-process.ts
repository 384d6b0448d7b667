/**
 * Takes one turn alone in a process of its own, with a bounded heap and time.
 *
 * J2. Whatever the turn does (ends its process, never ends, takes all memory) ends that process only.
 * J3. A turn counts as deadly only when two processes died of it after they had loaded the kinds: what keeps a process
 *     from starting says nothing of the message.
 * J4. Time is counted in ticks of this process: one that was frozen meanwhile has not waited.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type AloneResult, STEP, STEPS_FD, type TakeAlone } from './isolation.ts';
import type { AloneJob, AloneNews, AloneOutcome } from './isolation-main.ts';
import type { Logger } from './logger.ts';

export interface AloneLimits {
  readonly heapMiB: number;
  /** For loading the kinds, and for the turn. */
  readonly loadMs: number;
  readonly turnMs: number;
}

export const ALONE_LIMITS: AloneLimits = { heapMiB: 512, loadMs: 30_000, turnMs: 5_000 };

const PROGRAM = fileURLToPath(new URL('./isolation-main.ts', import.meta.url));
const TICK_MS = 100;
const TRIES = 2;
const STDERR_CHARS_MAX = 2_000;

type Attempt =
  | { readonly type: 'taken'; readonly outcome: AloneOutcome }
  | { readonly type: 'died'; readonly at: 'loading' | 'state' | 'turn'; readonly error: string };

/** `kindsModule` exports ACTOR_KINDS: functions can't be sent to another process. */
export function takeAloneIn(options: { kindsModule: URL; logger: Logger; limits?: AloneLimits }): TakeAlone {
  const { kindsModule, logger, limits = ALONE_LIMITS } = options;
  return async (kind, turn): Promise<AloneResult> => {
    for (let tries = 1; ; tries++) {
      const attempt = await attemptOnce(
        { kindsModule: kindsModule.href, type: kind.type, turn, heapMiB: limits.heapMiB },
        limits,
      );
      if (attempt.type === 'taken') {
        const { cell, ...outcome } = attempt.outcome;
        return { type: 'taken', outcome: { ...outcome, cell: { ...cell, kind } } };
      }
      logger.error({ address: turn.address, at: attempt.at, error: attempt.error }, 'a turn alone died');
      if (attempt.at === 'loading') throw new Error(`no process to take a turn alone: ${attempt.error}`);
      const reason = attempt.at === 'state' ? 'poison_state' : 'poison';
      if (tries === TRIES) return { type: 'died', reason, error: attempt.error };
    }
  };
}

function attemptOnce(job: AloneJob, limits: AloneLimits): Promise<Attempt> {
  // Of the environment it needs nothing, least of all what this process knows of the stores.
  const child = fork(PROGRAM, [], {
    env: {},
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'],
  });
  return new Promise((resolve) => follow(child, { job, limits, resolve }));
}

function follow(
  child: ChildProcess,
  { job, limits, resolve }: { job: AloneJob; limits: AloneLimits; resolve: (attempt: Attempt) => void },
): void {
  let at: 'loading' | 'state' | 'turn' = 'loading';
  let errors = '';
  let ticks = 0;
  const clock = setInterval(() => {
    const limitMs = at === 'loading' ? limits.loadMs : limits.turnMs;
    if (++ticks * TICK_MS >= limitMs) end(`it was still at it after ${limitMs} ms`);
  }, TICK_MS);
  const settle = (attempt: Attempt) => {
    clearInterval(clock);
    child.kill('SIGKILL');
    resolve(attempt);
  };
  const end = (how: string) => {
    const error = `Taken alone, its process died: ${how}. ${errors}`.trim();
    settle({ type: 'died', at, error });
  };
  child.stderr?.on('data', (text: Buffer) => {
    errors = `${errors}${text.toString()}`.slice(-STDERR_CHARS_MAX);
  });
  child.stdio[STEPS_FD]?.on('data', (steps: Buffer) => {
    ticks = 0;
    at = steps.toString().endsWith(STEP.loaded) ? 'state' : 'turn';
  });
  child.on('message', ({ outcome }: AloneNews) => settle({ type: 'taken', outcome }));
  child.once('error', (error) => end(error.message));
  child.once('close', (code, signal) => end(signal ?? `exit code ${code}`));
  child.send(job, (error) => {
    if (error) end(error.message);
  });
}
