/**
 * The process of one ACP agent, for one task.
 *
 * A1. It sees the environment that is named, works in the folder that is named, and speaks on its standard input and output.
 * A2. After `end`, or after this process died in any way, no process of it is left: neither its group nor what left it.
 * A3. What it writes to standard error is always read, and the end of it is kept for whoever asks why it failed.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { endMembers, MARK, signalGroup } from '#actors/remote/processes/family.ts';
import { startWatchdog } from '#actors/remote/processes/watchdog.ts';
import { AttemptFailure } from './failure.ts';

export interface ProcessOptions {
  /** For `/bin/sh -c`. */
  readonly command: string;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface AgentProcess {
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly exited: Promise<ProcessExit>;
  /** The last lines of its standard error. */
  lastWords(): string;
  /** Lets it end by itself for a moment, in which it may store something. Then it is ended. */
  end(leaveMs?: number): Promise<void>;
}

const WORDS_CHARS_KEPT = 4_000;
const LINES_KEPT = 8;
const LEAVE_MS = 2_000;
const TERM_MS = 1_000;

/** Throws where there is no shell; a command that there is not ends at once instead. */
export async function startAgentProcess(options: ProcessOptions): Promise<AgentProcess> {
  const mark = randomUUID();
  const child = spawn('/bin/sh', ['-c', options.command], {
    cwd: options.directory,
    env: { ...options.environment, [MARK]: mark },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    words = (words + chunk).slice(-WORDS_CHARS_KEPT);
  });
  // A process that has ended reads nothing any more; its end is told by `exited`.
  child.stdin.on('error', () => undefined);
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
  const group = child.pid;
  if (group === undefined) {
    throw new AttemptFailure(
      'AGENT_UNAVAILABLE',
      `there is no shell to start the agent in ${options.directory}`,
    );
  }
  const family = { group, mark };
  const stopWatchdog = startWatchdog(family);
  const ended = async (leaveMs: number): Promise<void> => {
    child.stdin.end();
    await Promise.race([exited, pause(leaveMs, undefined, { ref: false })]);
    signalGroup(group, 'SIGTERM');
    await Promise.race([exited, pause(TERM_MS, undefined, { ref: false })]);
    await endMembers(family);
    stopWatchdog();
  };
  let ending: Promise<void> | null = null;
  return {
    pid: group,
    stdin: child.stdin,
    stdout: child.stdout,
    exited,
    lastWords: () => words.trim().split('\n').slice(-LINES_KEPT).join('\n'),
    end(leaveMs = LEAVE_MS) {
      ending ??= ended(leaveMs);
      return ending;
    },
  };
}
