/**
 * Takes turns alone in a process of their own, with a bounded heap and time.
 *
 * J2. Whatever a turn does (ends its process, never ends, takes all memory) ends that process only.
 * J3. A turn counts as deadly only when two processes died of it after they had loaded the kinds, the second of them
 *     made for it: what keeps a process from starting says nothing of the message, nor what an earlier turn left behind.
 * J4. Time is counted in ticks of this process: one that was frozen meanwhile has not waited.
 * J5. There is one such process at a time, and it is used again while there is work for it: each partition of an owner
 *     that died may have a suspect, and as many processes as partitions would starve the node until it counts as dead
 *     itself, which makes new suspects.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type AloneResult, type AloneTurn, STEP, STEPS_FD, type TakeAlone } from './isolation.ts';
import type { AloneJob, AloneNews, AloneOutcome } from './isolation-main.ts';
import type { Logger } from './logger.ts';

export interface AloneLimits {
  readonly heapMiB: number;
  /** For loading the kinds, and for the turn. */
  readonly loadMs: number;
  readonly turnMs: number;
  /** A process without work ends after this time. */
  readonly idleMs: number;
}

export const ALONE_LIMITS: AloneLimits = { heapMiB: 512, loadMs: 30_000, turnMs: 5_000, idleMs: 10_000 };

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
  let warm: AloneProcess | null = null;
  let last: Promise<unknown> = Promise.resolve();
  const takeTurn = async (type: string, turn: AloneTurn): Promise<Attempt> => {
    warm = warm?.isAlive ? warm : new AloneProcess(kindsModule.href, limits);
    return warm.take(type, turn);
  };
  const take: TakeAlone = async (kind, turn): Promise<AloneResult> => {
    for (let tries = 1; ; tries++) {
      const attempt = await takeTurn(kind.type, turn);
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
  return (kind, turn) => {
    const result = last.then(() => take(kind, turn));
    last = result.catch(() => undefined);
    return result;
  };
}

/** Takes one turn after the other until it dies of one, or has had none for a while. Does not keep its parent alive. */
class AloneProcess {
  readonly #limits: AloneLimits;
  readonly #child: ChildProcess;
  #isAlive = true;
  #isLoaded = false;
  #jobs = 0;
  #errors = '';
  #onStep: (step: string) => void = () => undefined;
  #onNews: (news: AloneNews) => void = () => undefined;
  #onEnd: (how: string) => void = () => undefined;
  #idle: NodeJS.Timeout | null = null;

  constructor(kindsModule: string, limits: AloneLimits) {
    this.#limits = limits;
    // Of the environment it needs nothing, least of all what this process knows of the stores.
    const child = fork(PROGRAM, [kindsModule, String(limits.heapMiB)], {
      env: {},
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'],
    });
    this.#child = child;
    child.unref();
    child.channel?.unref();
    for (const pipe of child.stdio) if (pipe instanceof Socket) pipe.unref();
    child.stderr?.on('data', (text: Buffer) => {
      this.#errors = `${this.#errors}${text.toString()}`.slice(-STDERR_CHARS_MAX);
    });
    child.stdio[STEPS_FD]?.on('data', (steps: Buffer) => {
      for (const step of steps.toString().split('\n')) this.#onStep(step);
    });
    child.on('message', (news: AloneNews) => this.#onNews(news));
    child.once('error', (error) => this.#end(error.message));
    child.once('close', (code, signal) => this.#end(signal ?? `exit code ${code}`));
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  take(type: string, turn: AloneTurn): Promise<Attempt> {
    if (this.#idle) clearTimeout(this.#idle);
    const job: AloneJob = { n: ++this.#jobs, type, turn };
    const { promise, resolve } = Promise.withResolvers<Attempt>();
    let at: 'loading' | 'state' | 'turn' = this.#isLoaded ? 'state' : 'loading';
    let ticks = 0;
    const clock = setInterval(() => {
      const limitMs = at === 'loading' ? this.#limits.loadMs : this.#limits.turnMs;
      if (++ticks * TICK_MS >= limitMs) this.#end(`it was still at it after ${limitMs} ms`);
    }, TICK_MS);
    this.#onStep = (step) => {
      if (step === STEP.loaded) [at, this.#isLoaded] = ['state', true];
      else if (step === `${STEP.read}${job.n}`) at = 'turn';
      else return;
      ticks = 0;
    };
    this.#onNews = ({ outcome }) => {
      clearInterval(clock);
      this.#idle = setTimeout(() => this.#end('it had no work'), this.#limits.idleMs).unref();
      resolve({ type: 'taken', outcome });
    };
    this.#onEnd = (how) => {
      clearInterval(clock);
      const error = `Taken alone, its process died: ${how}. ${this.#errors}`.trim();
      resolve({ type: 'died', at, error });
    };
    this.#child.send(job, (error) => {
      if (error) this.#end(error.message);
    });
    return promise;
  }

  #end(how: string): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#child.kill('SIGKILL');
    this.#onEnd(how);
  }
}
