/**
 * One agent under test: the line, the orchestrator that the kit plays, and the agent's process.
 *
 * T1. Every wait has a bound, and says what was heard where it is reached.
 * T2. `stop` leaves no process of the agent: it is started as a group, and the group is ended.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type AgentCard, agentIdOf } from '#protocols/agent.ts';
import type { InAnswer } from '#protocols/eap/message.ts';
import { openHttpLine } from './http-line.ts';
import { type Line, TENANT } from './line.ts';
import { openNatsLine } from './nats-line.ts';
import { agreeable, Orchestrator, readAnswer } from './orchestrator.ts';

export interface Subject {
  readonly name: string;
  /** For `/bin/sh -c`. */
  readonly command: string;
  readonly transport: Line['kind'];
  readonly environment?: Readonly<Record<string, string>>;
}

export class CheckFailed extends Error {
  override name = 'CheckFailed';
}
/** The check is of what this agent does not do and need not, by its own card. */
export class Skipped extends Error {
  override name = 'Skipped';
}

const AGENT_NAME = 'AGENT-UNDER-TEST';
const JOIN_WITHIN_MS = 45_000;
const LOOK_EVERY_MS = 25;
const OUTPUT_CHARS_MAX = 20_000;

export type Supported = keyof NonNullable<AgentCard['supports']>;

interface Running {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  readonly workDir: string;
  hasExited: boolean;
}

export class Stage {
  readonly orchestrator = new Orchestrator();
  readonly secret = `secret-${randomBytes(12).toString('hex')}`;
  readonly agentName = AGENT_NAME;
  readonly agentId = agentIdOf(AGENT_NAME);
  /** The end of what the agent wrote. */
  output = '';
  readonly #subject: Subject;
  readonly #folder: string;
  readonly #running = new Set<Running>();
  readonly #patience: number;
  #line: Line | null = null;
  #tasks = 0;
  #started = 0;

  /** `patience`: the part of its time that each wait is given. */
  constructor(subject: Subject, options: { readonly folder: string; readonly patience?: number }) {
    this.#subject = subject;
    this.#folder = options.folder;
    this.#patience = options.patience ?? 1;
  }

  async open(): Promise<void> {
    const ears = this.orchestrator;
    await mkdir(this.#folder, { recursive: true });
    const { agentId: agent } = this;
    this.#line =
      this.#subject.transport === 'http'
        ? await openHttpLine({ agent, ears })
        : await openNatsLine({ agent, ears, folder: join(this.#folder, 'nats') });
  }

  get line(): Line {
    if (!this.#line) throw new Error('the stage is not open');
    return this.#line;
  }

  newTask(): string {
    this.#tasks += 1;
    return `task-${this.#tasks}`;
  }

  /** Starts a process of the agent; a second one bears the same name. */
  start(workDir = this.#newWorkDir()): Running {
    const child = spawn('/bin/sh', ['-c', `exec ${this.#subject.command}`], {
      env: {
        ...process.env,
        ...this.#subject.environment,
        ...this.line.environment,
        OIO_TENANT: TENANT,
        OIO_AGENT_NAME: AGENT_NAME,
        OIO_CAPACITY: '2',
        OIO_WORK_DIR: workDir,
        OIO_HEARTBEAT_SECONDS: '1',
        OIO_CONFORMANCE_SECRET: this.secret,
      },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const keep = (part: Buffer) => {
      this.output = (this.output + part.toString('utf8')).slice(-OUTPUT_CHARS_MAX);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    const exited = new Promise<number | null>((resolve) => {
      child.once('error', () => resolve(null));
      child.once('exit', (code) => resolve(code));
    });
    const running: Running = { child, exited, workDir, hasExited: false };
    void exited.then(() => {
      running.hasExited = true;
    });
    this.#running.add(running);
    return running;
  }

  /** Starts a process and waits until it has registered; in a new folder, or in that of one that has ended. */
  async join(workDir = this.#newWorkDir()): Promise<Running> {
    const known = new Set(this.orchestrator.once('register').map(({ instance }) => instance));
    const running = this.start(workDir);
    const isThere = () =>
      running.hasExited || this.orchestrator.once('register').some(({ instance }) => !known.has(instance));
    await this.until('the agent registers', isThere, JOIN_WITHIN_MS);
    if (running.hasExited)
      throw new CheckFailed(`the agent ended before it registered: ${this.output.slice(-2_000)}`);
    return running;
  }

  /** Those that run, the oldest first. */
  processes(): Running[] {
    return [...this.#running].filter(({ hasExited }) => !hasExited);
  }

  signal({ child, hasExited }: Running, name: NodeJS.Signals): void {
    if (hasExited || child.pid === undefined) return;
    try {
      process.kill(child.pid, name);
    } catch {
      // It has ended just now.
    }
  }

  /** The process that registered last. */
  instance(): string {
    const last = this.orchestrator.once('register').at(-1);
    if (!last) throw new CheckFailed('no process has registered');
    return last.instance;
  }

  /** What the card of the process that registered last says that it does beside its tasks. */
  supports(what: Supported): boolean {
    return this.orchestrator.once('register').at(-1)?.card.supports?.[what] === true;
  }

  async tell(message: unknown, instance = this.instance()): Promise<InAnswer> {
    return readAnswer(await this.line.tell(instance, message));
  }

  /** Waits until `condition` holds; past its time the check has failed. */
  async until(what: string, condition: () => boolean, limitMs = 15_000): Promise<void> {
    const withinMs = limitMs * this.#patience;
    const deadline = Date.now() + withinMs;
    while (!condition()) {
      if (Date.now() > deadline) {
        const kinds = this.orchestrator.heard.slice(-12).map(({ said }) => said.kind);
        const faults = this.orchestrator.faults.slice(-2).join(' | ');
        throw new CheckFailed(`not within ${withinMs} ms: ${what}; heard last: ${kinds.join(' ')} ${faults}`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  /** Between two checks: the script is agreeable again. */
  reset(): void {
    this.orchestrator.script = agreeable;
    this.orchestrator.openMost = 0;
  }

  #newWorkDir(): string {
    this.#started += 1;
    return join(this.#folder, `work-${this.#started}`);
  }

  async stop(): Promise<void> {
    for (const { child, exited } of this.#running) {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // Nobody of it is left.
      }
      await exited;
    }
    await this.#line?.stop();
  }
}

/** Skips a check of what the agent's card does not say that it does. */
export function skipUnless(stage: Stage, what: Supported, otherwise: string): void {
  if (!stage.supports(what)) throw new Skipped(`its card does not say \`supports.${what}\`: ${otherwise}`);
}

export function demand(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new CheckFailed(otherwise);
}
