/** The world outside the logs, in memory: callers by subject, agents as functions, objects in a map. */
import type { Reply } from '#protocols/failure.ts';
import type { Objects, Remote, Speaker } from '../remote.ts';

export type Caller = (key: string, reply: Reply) => void;
/** An agent's process: takes a request, answers it, or null where it is silent. */
export type Agent = (body: unknown) => Promise<unknown>;

/** One network for all nodes of a cluster. */
export class RemoteNetwork {
  readonly callers = new Map<string, Caller>();
  readonly agents = new Map<string, Agent>();
  readonly #doors: ((speaker: Speaker, body: unknown) => Promise<unknown>)[] = [];
  readonly #ears = new Set<(speaker: Speaker) => void>();

  /** What an agent says, answered by the first node that serves. */
  async say(speaker: Speaker, body: unknown): Promise<unknown> {
    return (await this.#doors[0]?.(speaker, body)) ?? null;
  }

  beat(speaker: Speaker): void {
    for (const ear of this.#ears) ear(speaker);
  }

  open(door: (speaker: Speaker, body: unknown) => Promise<unknown>): void {
    this.#doors.push(door);
  }

  hear(ear: (speaker: Speaker) => void): void {
    this.#ears.add(ear);
  }
}

export class MemoryRemote implements Remote {
  readonly #network: RemoteNetwork;

  constructor(network: RemoteNetwork) {
    this.#network = network;
  }

  async request(subject: string, body: unknown, _timeoutMs: number): Promise<unknown> {
    return (await this.#network.agents.get(subject)?.(structuredClone(body))) ?? null;
  }

  serve(answer: (speaker: Speaker, body: unknown) => Promise<unknown>): void {
    this.#network.open(answer);
  }

  answer(replyTo: string, key: string, reply: Reply): void {
    this.#network.callers.get(replyTo)?.(key, structuredClone(reply));
  }

  onHeartbeat(listener: (speaker: Speaker) => void): void {
    this.#network.hear(listener);
  }

  async stop(): Promise<void> {
    return;
  }
}

export class MemoryObjects implements Objects {
  readonly #objects = new Map<string, Uint8Array>();

  async put(name: string, bytes: Uint8Array): Promise<void> {
    this.#objects.set(name, bytes.slice());
  }

  async get(name: string): Promise<Uint8Array | null> {
    return this.#objects.get(name)?.slice() ?? null;
  }
}
