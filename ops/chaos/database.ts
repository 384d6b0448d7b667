/**
 * The Postgres under test: started, killed with all its parts, started again on the same data. Its port changes with
 * each start, so everybody comes by a proxy.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { type Postgres, startPostgres } from '../dev/postgres.ts';
import { signal as sendSignal, startTimeOf } from '../dev/process-table.ts';

export interface DatabaseOptions {
  readonly dataDir: string;
  /** Aborted: nothing is started any more. */
  readonly closing: AbortSignal;
  readonly onStart: (pid: number) => void;
  readonly onEnd: (pid: number) => void;
  readonly onLine: (line: string) => void;
  /** Where it listens from now on. */
  readonly onPort: (port: number) => void;
}

export class Database {
  readonly #options: DatabaseOptions;
  #running: Postgres | null = null;

  constructor(options: DatabaseOptions) {
    this.#options = options;
  }

  /** Resolves when it has answered a query. Returns its address, by its own port. */
  async start(): Promise<string> {
    const { dataDir, onStart, onEnd, onLine, onPort } = this.#options;
    this.#options.closing.throwIfAborted();
    const running = await startPostgres({
      dataDir,
      throwAway: true,
      onLog: ({ level, message }) => onLine(`${level} ${message}`),
    });
    this.#running = running;
    onStart(running.pid);
    void running.exited.then(() => {
      onEnd(running.pid);
      if (this.#running === running) this.#running = null;
    });
    onPort(Number(new URL(running.url).port));
    return running.url;
  }

  /** The postmaster and all its children, which would live on for a moment: as if the machine were gone. */
  async kill(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    const children = childrenOf(running.pid).map((pid) => ({ pid, startTime: startTimeOf(pid) }));
    running.kill('SIGKILL');
    for (const { pid, startTime } of children) {
      // An id that was used again meanwhile is somebody else's.
      if (startTime !== null && startTimeOf(pid) === startTime) sendSignal(pid, 'SIGKILL');
    }
    await running.exited;
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
  }
}

function childrenOf(parent: number): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent);
}

function parentOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    // Gone between the look and the read.
    return null;
  }
}
