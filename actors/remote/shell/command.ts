/**
 * Runs one command within its limits.
 *
 * C1. It reads its input and then the end of it; it works in the given folder, with the given environment only.
 * C2. However it ends, nothing that it started is left when `run` returns: neither its group nor what left the group.
 * C3. Past a limit it is ended at once. Of its output the beginning is kept, as much as the limit allows.
 * C4. When this process dies, a watchdog ends the command: its attempt goes to another.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { endMembers, type Family, findMembers, MARK, signalGroup } from '#actors/remote/processes/family.ts';
import { startWatchdog } from '#actors/remote/processes/watchdog.ts';

export interface CommandLimits {
  readonly memoryBytesMax: number;
  /** Of standard output and standard error together. */
  readonly outputBytesMax: number;
  /** From being told to end until it is ended. */
  readonly graceMs: number;
}

export interface CommandOptions {
  /** For `/bin/sh -c`. */
  readonly command: string;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly input: string;
  readonly limits: CommandLimits;
  /** Aborting tells the command to end (SIGTERM), and ends it after its grace. */
  readonly signal: AbortSignal;
  /** Each whole line of standard output and standard error as it comes. */
  readonly onLine: (line: string) => void;
}

export type CommandEnding =
  | { readonly type: 'exited'; readonly code: number }
  | { readonly type: 'killed'; readonly signal: string }
  | { readonly type: 'memory' | 'output' | 'aborted' }
  | { readonly type: 'unstartable'; readonly reason: string };

export interface CommandOutcome {
  readonly ending: CommandEnding;
  readonly output: Buffer;
}

const LOOK_EVERY_MS = 250;
const CLOSE_MS = 1_000;
const LINE_CHARS_MAX = 4_096;

export async function runCommand(options: CommandOptions): Promise<CommandOutcome> {
  const mark = randomUUID();
  const child = spawn('/bin/sh', ['-c', options.command], {
    cwd: options.directory,
    env: { ...options.environment, [MARK]: mark },
    // A group of its own: all of it can be told to end.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const exit = exitOf(child);
  const closed = new Promise((resolve) => child.once('close', resolve));
  if (child.pid === undefined) return { ending: await exit, output: Buffer.alloc(0) };
  const family = { group: child.pid, mark };
  const stopWatchdog = startWatchdog(family);
  const limits = watchLimits(family, options);
  const output = gather(child, { ...options, onTooMuch: () => limits.reach('output') });
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(options.input);
  const ending = await exit;
  const reached = limits.stop();
  await endMembers(family);
  stopWatchdog();
  // What it wrote last is still in the pipes, and nobody holds them open any more.
  await Promise.race([closed, pause(CLOSE_MS, undefined, { ref: false })]);
  return { ending: reached === null ? ending : { type: reached }, output: output.end() };
}

function exitOf(child: ChildProcess): Promise<CommandEnding> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ type: 'unstartable', reason: error.message }));
    // Its exit, not the end of its output: something that it left in the background may hold that open.
    child.once('exit', (code, signal) =>
      resolve(code === null ? { type: 'killed', signal: signal ?? 'unknown' } : { type: 'exited', code }),
    );
  });
}

type Reached = 'memory' | 'output' | 'aborted';

function watchLimits(family: Family, { limits, signal }: CommandOptions) {
  let reached: Reached | null = null;
  let isLooking = false;
  let grace: NodeJS.Timeout | undefined;
  const end = (why: Reached): void => {
    reached ??= why;
    signalGroup(family.group, 'SIGKILL');
  };
  const onAbort = (): void => {
    reached ??= 'aborted';
    signalGroup(family.group, 'SIGTERM');
    grace = setTimeout(() => end('aborted'), limits.graceMs);
  };
  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    const members = await findMembers(family);
    isLooking = false;
    const bytes = members.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
    if (bytes > limits.memoryBytesMax) end('memory');
  };
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return {
    reach: end,
    stop(): Reached | null {
      clearInterval(timer);
      clearTimeout(grace);
      signal.removeEventListener('abort', onAbort);
      return reached;
    },
  };
}

/** Keeps the output up to its limit and cuts it into lines. */
function gather(
  child: ChildProcess,
  { limits, onLine, onTooMuch }: CommandOptions & { readonly onTooMuch: () => void },
) {
  const kept: Buffer[] = [];
  let bytes = 0;
  for (const stream of [child.stdout, child.stderr]) {
    const decoder = new TextDecoder();
    let rest = '';
    stream?.on('data', (chunk: Buffer) => {
      const room = limits.outputBytesMax - bytes;
      bytes += chunk.length;
      if (room > 0) kept.push(chunk.subarray(0, room));
      if (bytes > limits.outputBytesMax) return onTooMuch();
      const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n|\r/);
      rest = (lines.pop() ?? '').slice(-LINE_CHARS_MAX);
      for (const line of lines) onLine(line.slice(0, LINE_CHARS_MAX));
    });
  }
  return {
    end(): Buffer {
      child.stdout?.destroy();
      child.stderr?.destroy();
      return Buffer.concat(kept);
    },
  };
}
