/** An agent that says just what a test wants it to say: good and bad, in its own name and in others'. */
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { newHead } from '#actors/remote/sdk/head.ts';
import { agentIdOf } from '#protocols/agent.ts';
import { OutAnswer } from '#protocols/eap/message.ts';
import { agentHeartbeat, agentIn, agentOut } from '#protocols/subjects.ts';

export interface Told {
  readonly id: string;
  readonly kind: string;
  readonly taskId: string;
  readonly attempt: number;
}

const TENANT = 'dev';
const HEARTBEAT_MS = 700;
const ANSWER_MS = 10_000;

export class RawAgent {
  readonly id: string;
  readonly instance: string;
  readonly told: Told[] = [];
  /** What it answers; null is silence. */
  answer: (told: Told) => object | null = () => ({ accepted: true });
  readonly #nats: NatsConnection;
  readonly #name: string;
  #beating: NodeJS.Timeout | undefined;

  private constructor(nats: NatsConnection, name: string) {
    this.#nats = nats;
    this.#name = name;
    this.id = agentIdOf(name);
    this.instance = `i-${newHead().id}`;
    nats.subscribe(agentIn(TENANT, this.id, this.instance), {
      callback: (_, message) => {
        const told = message.json<Told>();
        this.told.push(told);
        const answer = this.answer(told);
        if (answer) message.respond(JSON.stringify(answer));
      },
    });
  }

  static async join(natsUrl: string, name: string, capability: string): Promise<RawAgent> {
    const agent = new RawAgent(await connect({ servers: natsUrl }), name);
    agent.beat(true);
    const answer = await agent.say({
      kind: 'register',
      instance: agent.instance,
      card: agent.card(capability),
    });
    if (!answer.ok) throw new Error(JSON.stringify(answer));
    return agent;
  }

  card(capability: string) {
    return {
      ...{ name: this.#name, agent_type: 'implementer', version: '1', heartbeat_seconds: 1 },
      capabilities: { primary: [capability] },
    };
  }

  beat(isOn: boolean): void {
    clearInterval(this.#beating);
    if (!isOn) return;
    this.#beating = setInterval(() => {
      const beat = { instance: this.instance, ts: new Date().toISOString(), running: [] };
      this.#nats.publish(agentHeartbeat(TENANT, this.id), JSON.stringify(beat));
    }, HEARTBEAT_MS);
  }

  /** Says it as itself, or on the subject of another: here the server lets everybody say everything. */
  async say(said: object, as = this.id): Promise<OutAnswer> {
    return this.sayText(JSON.stringify({ ...newHead(), ...said }), as);
  }

  async sayText(text: string, as = this.id): Promise<OutAnswer> {
    const answer = await this.#nats.request(agentOut(TENANT, as), text, { timeout: ANSWER_MS });
    return OutAnswer.parse(answer.json());
  }

  result({ taskId, attempt }: Told, summary: string) {
    const usage = { tokens_in: 1, tokens_out: 1, cost_usd: 0 };
    const result = { success: true, summary, commit: null, changes: null, error: null };
    return { ...newHead(), kind: 'result', taskId, attempt, result, usage, cancelled: false };
  }

  async stop(): Promise<void> {
    this.beat(false);
    await this.#nats.close();
  }
}

export function codeOf(answer: OutAnswer): string {
  return answer.ok ? 'OK' : answer.error.code;
}
