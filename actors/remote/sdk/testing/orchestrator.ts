/** For tests of agents: the orchestrator's side of the protocol, as far as a script says it. Applies no rules. */
import { connect, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { AgentOut, type AssignPayload, Heartbeat, InAnswer, type OutAnswer } from '#protocols/eap/message.ts';
import { agentHeartbeat, agentIn, agentOut } from '#protocols/subjects.ts';
import { newHead } from '../head.ts';

/** What it answers; null is silence. */
export type Script = (message: AgentOut, time: number) => OutAnswer | null | Promise<OutAnswer | null>;

export const OK: OutAnswer = { ok: true, value: null };

/** Registers whoever comes, lets them keep what they work on, and says yes to all else. */
export const agreeable: Script = (message) => {
  if (message.kind !== 'register') return OK;
  const agentId = message.card.name.toLowerCase();
  return { ok: true, value: { agentId, heartbeatSeconds: 1, adopt: message.resume, drop: [] } };
};

export class ScriptedOrchestrator {
  /** Everything heard, repeats as well. */
  readonly heard: AgentOut[] = [];
  readonly beats: Heartbeat[] = [];
  script: Script = agreeable;
  readonly #nats: NatsConnection;
  readonly #tenant: string;
  readonly #agent: string;
  readonly #times = new Map<string, number>();
  readonly #watchers = new Set<() => void>();

  private constructor(nats: NatsConnection, tenant: string, agent: string) {
    this.#nats = nats;
    this.#tenant = tenant;
    this.#agent = agent;
    nats.subscribe(agentOut(tenant, agent), { callback: (_, message) => void this.#hear(message) });
    nats.subscribe(agentHeartbeat(tenant, agent), {
      callback: (_, message) => {
        this.beats.push(Heartbeat.parse(message.json()));
        this.#look();
      },
    });
  }

  static async start(servers: string, tenant: string, agent: string): Promise<ScriptedOrchestrator> {
    const dialling = { servers, reconnectTimeWait: 100, maxReconnectAttempts: -1, timeout: 1_000 };
    return new ScriptedOrchestrator(await connect(dialling), tenant, agent);
  }

  /** Each message once, in the order in which it was first heard. */
  once<K extends AgentOut['kind']>(kind: K): Extract<AgentOut, { kind: K }>[] {
    const byId = new Map(this.heard.map((message) => [message.id, message]));
    return [...byId.values()].filter((one): one is Extract<AgentOut, { kind: K }> => one.kind === kind);
  }

  /** The instance that registered last. */
  instance(): string {
    return this.once('register').at(-1)?.instance ?? 'none';
  }

  async tell(body: unknown, instance = this.instance()): Promise<InAnswer> {
    const bytes = body instanceof Uint8Array ? body : new TextEncoder().encode(JSON.stringify(body));
    const subject = agentIn(this.#tenant, this.#agent, instance);
    return InAnswer.parse((await this.#nats.request(subject, bytes, { timeout: 5_000 })).json());
  }

  /** Resolves when `condition` holds after something was heard; throws past its time. */
  until(condition: () => boolean, withinMs = 10_000): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const end = (then: () => void) => {
        this.#watchers.delete(watcher);
        clearTimeout(timer);
        then();
      };
      const watcher = () => {
        if (condition()) end(resolve);
      };
      const kinds = () => this.heard.map((message) => message.kind).join(' ');
      const timer = setTimeout(() => end(() => reject(new Error(`heard only: ${kinds()}`))), withinMs);
      this.#watchers.add(watcher);
    });
  }

  async stop(): Promise<void> {
    await this.#nats.close();
  }

  async #hear(message: Msg): Promise<void> {
    const said = AgentOut.parse(message.json());
    const time = (this.#times.get(said.id) ?? 0) + 1;
    this.#times.set(said.id, time);
    this.heard.push(said);
    const answer = await this.script(said, time);
    if (answer) message.respond(JSON.stringify(answer));
    this.#look();
  }

  #look(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

export function assignment(
  taskId: string,
  fields: { attempt?: number; payload?: Partial<AssignPayload> } = {},
) {
  const payload: AssignPayload = {
    sessionId: 's1',
    sessionTitle: 'A session',
    title: 'A task',
    description: '',
    taskType: 'execution',
    prompt: 'Do it.',
    timeoutSeconds: 60,
    ...fields.payload,
  };
  return { ...newHead(), kind: 'assign' as const, taskId, attempt: fields.attempt ?? 1, payload };
}

export function cancellation(taskId: string, graceSeconds: number, attempt = 1) {
  return { ...newHead(), kind: 'cancel' as const, taskId, attempt, reason: 'not needed', graceSeconds };
}
