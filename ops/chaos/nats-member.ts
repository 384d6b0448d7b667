/**
 * One server of a JetStream cluster of three, as it would run on three machines: a name, a disk and ports of its own,
 * and every acknowledged message on the disk (`sync_interval: always`).
 *
 * N1. Its ports stay the same over restarts: the others and the clients find it again.
 * N2. Cluster members are not told to clients: each of them reaches the servers by its own proxies only.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startChild } from '../dev/child.ts';

const READY_MS = 30_000;
const STOP_MS = 10_000;
/** A lame duck moves its leaderships within a second, and shuts JetStream down then. */
const LAME_DUCK_MS = 1_500;
const STORE_BYTES_MAX = 16 * 1024 ** 3;

export interface NatsPorts {
  readonly client: number;
  readonly route: number;
  readonly monitoring: number;
}

export interface NatsMemberOptions {
  readonly binary: string;
  readonly name: string;
  /** May be a mounted disk of its own. */
  readonly dataDir: string;
  readonly ports: NatsPorts;
  /** Of all members. */
  readonly routes: readonly number[];
  /** Aborted: nothing is started any more. */
  readonly closing: AbortSignal;
  readonly onStart: (pid: number) => void;
  readonly onEnd: (pid: number) => void;
  readonly onLine: (line: string) => void;
}

export class NatsMember {
  readonly #options: NatsMemberOptions;
  #child: Child | null = null;

  constructor(options: NatsMemberOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get ports(): NatsPorts {
    return this.#options.ports;
  }

  get dataDir(): string {
    return this.#options.dataDir;
  }

  /** Resolves when it listens and JetStream is on; alone it has no leader yet. */
  async start(): Promise<void> {
    const { binary, dataDir, onLine, onStart, onEnd, name } = this.#options;
    this.#options.closing.throwIfAborted();
    mkdirSync(join(dataDir, 'store'), { recursive: true });
    const configFile = join(dataDir, 'nats-server.conf');
    writeFileSync(configFile, this.#configuration());
    const child = await startChild({ command: binary, parameters: ['--config', configFile], onLine });
    this.#child = child;
    onStart(child.pid);
    let hasExited = false;
    void child.exited.then(() => {
      hasExited = true;
      onEnd(child.pid);
      if (this.#child === child) this.#child = null;
    });
    const deadlineMs = performance.now() + READY_MS;
    while (!(await this.#isReady())) {
      if (hasExited) throw new Error(`${name} exited at its start`);
      if (performance.now() > deadlineMs) throw new Error(`${name} was not ready within ${READY_MS} ms`);
      await sleep(50);
    }
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  /** Ends it without a word, and waits until it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    child?.kill('SIGKILL');
    await child?.exited;
  }

  /** As an upgrade does it: it hands its leaderships over before it goes. */
  async retire(): Promise<void> {
    this.signal('SIGUSR2');
    await sleep(LAME_DUCK_MS);
    await this.stop();
  }

  async stop(): Promise<void> {
    const child = this.#child;
    child?.kill('SIGCONT');
    await child?.stop({ signals: ['SIGTERM'], deadlineMs: STOP_MS });
  }

  /** What its monitoring port says, or null. */
  async monitor(path: string): Promise<unknown> {
    try {
      const url = `http://127.0.0.1:${this.ports.monitoring}${path}`;
      const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
      return response.ok ? await response.json() : null;
    } catch {
      // It is away or paused.
      return null;
    }
  }

  async #isReady(): Promise<boolean> {
    return (await this.monitor('/healthz?js-enabled-only=true')) !== null;
  }

  #configuration(): string {
    const { name, dataDir, ports, routes } = this.#options;
    return [
      `server_name: ${name}`,
      'host: 127.0.0.1',
      `port: ${ports.client}`,
      `http: "127.0.0.1:${ports.monitoring}"`,
      'max_payload: 1048576',
      'cluster {',
      '  name: chaos',
      `  listen: "127.0.0.1:${ports.route}"`,
      `  routes: [${routes.map((port) => `"nats://127.0.0.1:${port}"`).join(', ')}]`,
      '  no_advertise: true',
      '}',
      // Clients of a lame duck are sent away at once; the duration has a least value.
      'lame_duck_grace_period: "100ms"',
      'lame_duck_duration: "30s"',
      'jetstream {',
      `  store_dir: ${JSON.stringify(join(dataDir, 'store'))}`,
      `  max_file_store: ${STORE_BYTES_MAX}`,
      '  max_memory_store: 268435456',
      '  sync_interval: "always"',
      '}',
      '',
    ].join('\n');
  }
}
