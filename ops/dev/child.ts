/**
 * One child process, led by us alone: it has its own process group, so that a Ctrl-C on the terminal
 * reaches the stack and not the child, and the stack decides who stops when.
 *
 * C1. What is left of its group is killed as soon as it exits, however it does.
 * C2. stop() returns only when it has exited; past the deadline it is killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { signal } from './process-table.ts';

export interface ChildOptions {
  readonly command: string;
  readonly parameters: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly onLine: (line: string) => void;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface StopOptions {
  /** Asked in this order, each with this long to follow; the last resort is always SIGKILL. */
  readonly signals: readonly NodeJS.Signals[];
  readonly deadlineMs: number;
}

export interface Child {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  stop(options: StopOptions): Promise<Exit>;
  /** Sends one signal to the process and waits for nothing. */
  kill(name: NodeJS.Signals): void;
}

/** Rejects where the command can't be run at all (missing, not executable). */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { command, parameters, env, cwd, uid, gid } = options;
  const spawned = spawn(command, [...parameters], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(env && { env }),
    ...(cwd !== undefined && { cwd }),
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
  });
  const exited = new Promise<Exit>((resolve) => {
    // 'close' comes after the last line was read, 'exit' may come before it.
    spawned.once('close', (code, name) => resolve({ code, signal: name }));
  });
  spawned.once('exit', () => {
    if (spawned.pid !== undefined) signal(-spawned.pid, 'SIGKILL');
  });
  for (const stream of [spawned.stdout, spawned.stderr]) {
    createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', options.onLine);
  }
  const pid = await pidOf(spawned);
  return {
    pid,
    exited,
    stop: (stopOptions) => stop(spawned, exited, stopOptions),
    kill: (name) => {
      spawned.kill(name);
    },
  };
}

function pidOf(spawned: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    spawned.once('error', reject);
    spawned.once('spawn', () => {
      if (spawned.pid !== undefined) resolve(spawned.pid);
    });
  });
}

async function stop(spawned: ChildProcess, exited: Promise<Exit>, options: StopOptions): Promise<Exit> {
  for (const name of [...options.signals, 'SIGKILL' as const]) {
    // False where it has exited already: its id may be another process's by now, so no signal is sent.
    if (!spawned.kill(name) || (await within(exited, options.deadlineMs))) break;
  }
  return exited;
}

async function within(exited: Promise<Exit>, deadlineMs: number): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(deadlineMs, false, { signal: timer.signal }).catch(() => false);
  const inTime = await Promise.race([exited.then(() => true), late]);
  timer.abort();
  return inTime;
}
