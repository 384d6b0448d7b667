/**
 * The commands that an agent has us run, in its working copy.
 *
 * T1. At most `openMax` at a time; each has a time, and of its output the end is kept, as much as its limit allows.
 * T2. However a command ends, nothing that it started is left. `close` ends all of them.
 * T3. A terminal is known until it is released; its output and exit can be asked for as often as one likes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { endMembers, type Family, MARK, signalGroup } from '#actors/remote/processes/family.ts';
import { startWatchdog } from '#actors/remote/processes/watchdog.ts';
import { locateFolder } from './files.ts';
import { RefusedAsk, type TerminalExit, type TerminalOutput, type TerminalWish } from './link.ts';

export interface TerminalLimits {
  readonly openMax: number;
  readonly outputBytesMax: number;
  /** Of one command, however long it wishes to run. */
  readonly runMs: number;
}

export const TERMINAL_LIMITS: TerminalLimits = {
  openMax: 16,
  outputBytesMax: 1_024 * 1_024,
  runMs: 3_600_000,
};

const CLOSE_MS = 1_000;

export interface TerminalsOptions {
  /** The working copy. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly limits?: Partial<TerminalLimits>;
}

export class Terminals {
  readonly #options: TerminalsOptions;
  readonly #limits: TerminalLimits;
  readonly #open = new Map<string, Terminal>();
  #isClosed = false;

  constructor(options: TerminalsOptions) {
    this.#options = options;
    this.#limits = { ...TERMINAL_LIMITS, ...options.limits };
  }

  /** How many commands run just now. */
  get running(): number {
    return [...this.#open.values()].filter(({ exit }) => exit === null).length;
  }

  /** Starts the command and resolves with the terminal's id. Throws `RefusedAsk`. */
  async create(wish: TerminalWish): Promise<string> {
    const { directory, environment } = this.#options;
    const { openMax, outputBytesMax, runMs } = this.#limits;
    const cwd = await locateFolder(directory, wish.directory ?? directory);
    // Read after the wait: others may have come meanwhile.
    if (this.#isClosed) throw new RefusedAsk('invalid', 'the work is over');
    if (this.#open.size >= openMax)
      throw new RefusedAsk('invalid', `${openMax} terminals are open: release those that are done with`);
    const id = `terminal-${randomUUID()}`;
    const bytesMax = Math.min(wish.outputBytesMax ?? outputBytesMax, outputBytesMax);
    this.#open.set(id, new Terminal({ wish, cwd, environment, bytesMax, runMs }));
    return id;
  }

  output(id: string): TerminalOutput {
    return this.#find(id).output();
  }

  async awaitExit(id: string): Promise<TerminalExit> {
    return this.#find(id).exited;
  }

  /** Ends the command. The terminal stays, with what was written. */
  async kill(id: string): Promise<void> {
    await this.#find(id).end();
  }

  async release(id: string): Promise<void> {
    const terminal = this.#find(id);
    this.#open.delete(id);
    await terminal.end();
  }

  /** Ends all; none can be made afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(all.map((terminal) => terminal.end()));
  }

  #find(id: string): Terminal {
    const terminal = this.#open.get(id);
    if (terminal === undefined) throw new RefusedAsk('missing', `there is no terminal ${id}`);
    return terminal;
  }
}

interface TerminalOptions {
  readonly wish: TerminalWish;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly bytesMax: number;
  readonly runMs: number;
}

class Terminal {
  readonly exited: Promise<TerminalExit>;
  exit: TerminalExit | null = null;
  readonly #bytesMax: number;
  readonly #family: Family | null;
  readonly #kept: Buffer[] = [];
  #bytes = 0;
  #isTruncated = false;

  constructor({ wish, cwd, environment, bytesMax, runMs }: TerminalOptions) {
    this.#bytesMax = bytesMax;
    const mark = randomUUID();
    // Agents give a whole line for a shell, or a program and its arguments.
    const [program, args] =
      wish.args.length === 0 ? ['/bin/sh', ['-c', wish.command]] : [wish.command, [...wish.args]];
    const child = spawn(program, args, {
      cwd,
      env: { ...environment, ...wish.environment, [MARK]: mark },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => this.#keep(chunk));
    this.#family = child.pid === undefined ? null : { group: child.pid, mark };
    const stopWatchdog = this.#family === null ? () => undefined : startWatchdog(this.#family);
    const timer = setTimeout(() => void this.end(), runMs);
    this.exited = this.#follow(child).then((exit) => {
      clearTimeout(timer);
      stopWatchdog();
      this.exit = exit;
      return exit;
    });
  }

  output(): TerminalOutput {
    const output = this.#text();
    return { output, isTruncated: this.#isTruncated, exit: this.exit };
  }

  /** Resolves when nothing of it is left. */
  async end(): Promise<void> {
    if (this.exit === null && this.#family !== null) signalGroup(this.#family.group, 'SIGKILL');
    await this.exited;
  }

  async #follow(child: ChildProcess): Promise<TerminalExit> {
    const closed = new Promise((resolve) => child.once('close', resolve));
    const exit = await new Promise<TerminalExit>((resolve) => {
      child.once('error', (error) => {
        this.#keep(Buffer.from(`${error.message}\n`));
        resolve({ exitCode: 127, signal: null });
      });
      child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
    });
    if (this.#family === null) return exit;
    // What it left in the background would hold its output open, and run on.
    await endMembers(this.#family);
    // What it wrote last is still in the pipes.
    await Promise.race([closed, pause(CLOSE_MS, undefined, { ref: false })]);
    return exit;
  }

  #keep(chunk: Buffer): void {
    this.#kept.push(chunk);
    this.#bytes += chunk.length;
    for (
      let first = this.#kept[0];
      first && this.#bytes - first.length >= this.#bytesMax;
      first = this.#kept[0]
    ) {
      this.#kept.shift();
      this.#bytes -= first.length;
      this.#isTruncated = true;
    }
  }

  /** Never begins in the middle of a character. */
  #text(): string {
    const all = Buffer.concat(this.#kept);
    let from = Math.max(0, all.length - this.#bytesMax);
    if (from > 0) this.#isTruncated = true;
    while (this.#isTruncated && ((all[from] ?? 0) & 0xc0) === 0x80) from += 1;
    return all.subarray(from).toString('utf8');
  }
}
