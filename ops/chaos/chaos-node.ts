/** One runtime node of the run: a place with a name, in which one process at a time lives. */
import { writeFileSync } from 'node:fs';
import type { Exit } from '../dev/child.ts';
import { type RunningProcess, startProcess } from '../dev/stack.ts';
import type { Access } from './access.ts';

const NODE_FILE = 'ops/chaos/node-main.ts';
export const REPLICAS = 3;
/** More than by default: each node that comes back soon has partitions again, and more change hands. */
const MOVE_PERCENT = 20;
const READY = /"node":"([^"]+)","msg":"ready"/;

export interface ChaosNodeOptions {
  readonly name: string;
  readonly access: Access;
  readonly databaseUrl: string;
  readonly logFile: string;
  readonly partitions: number;
  /** Aborted: nothing is started any more. */
  readonly closing: AbortSignal;
  readonly onStart: (pid: number) => void;
  readonly onEnd: (pid: number) => void;
}

export class ChaosNode {
  readonly #options: ChaosNodeOptions;
  #running: RunningProcess | null = null;
  #failpoint: string | null = null;
  #id: string | null = null;

  constructor(options: ChaosNodeOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get access(): Access {
    return this.#options.access;
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  /** Of the process that runs, as the store names its owner; null until it is ready. */
  get id(): string | null {
    return this.#id;
  }

  /** What the last process said before it killed itself at its failpoint; null where none did. */
  get failpointReached(): string | null {
    return this.#failpoint;
  }

  /** Resolves when it is ready; it may hold no partition yet. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const { ready } = await this.begin(env);
    await ready;
  }

  /** Starts the process; the caller awaits its readiness, or its death. */
  async begin(env: Readonly<Record<string, string>> = {}): Promise<RunningProcess> {
    const { name, access, databaseUrl, partitions, onStart, onEnd } = this.#options;
    this.#options.closing.throwIfAborted();
    this.#failpoint = null;
    this.#id = null;
    const running = await startProcess({
      role: name,
      file: NODE_FILE,
      env: {
        NATS_URL: access.natsUrl,
        DATABASE_URL: access.databaseUrl(databaseUrl),
        OIO_NODE_ID: name,
        OIO_REPLICAS: String(REPLICAS),
        OIO_PARTITIONS: String(partitions),
        OIO_MOVE_PERCENT: String(MOVE_PERCENT),
        LOG_LEVEL: 'debug',
        ...env,
      },
      onLine: (line) => this.#read(line),
    });
    this.#running = running;
    onStart(running.pid);
    void running.exited.then(() => {
      onEnd(running.pid);
      if (this.#running === running) this.#running = null;
    });
    return running;
  }

  signal(name: NodeJS.Signals): void {
    this.#running?.kill(name);
  }

  async exited(): Promise<Exit | null> {
    return (await this.#running?.exited) ?? null;
  }

  async kill(): Promise<void> {
    const running = this.#running;
    running?.kill('SIGKILL');
    await running?.exited;
  }

  /** In order: it hands its partitions over. */
  async stop(): Promise<void> {
    const running = this.#running;
    running?.kill('SIGCONT');
    await running?.stop();
  }

  #read(line: string): void {
    writeFileSync(this.#options.logFile, `${line}\n`, { flag: 'a' });
    if (line.startsWith('{"msg":"failpoint"')) this.#failpoint = line;
    this.#id ??= READY.exec(line)?.[1] ?? null;
  }
}
