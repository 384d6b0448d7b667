/** An agent's process for tests: answers what it is told, and works when the test says so. */
import type { Address } from '#protocols/address.ts';
import { type AgentCard, agentIdOf } from '#protocols/agent.ts';
import { CAPABILITIES } from '#protocols/capability.ts';
import { AgentIn } from '#protocols/eap/message.ts';
import type { Reply } from '#protocols/failure.ts';
import { agentIn } from '#protocols/subjects.ts';
import type { TaskResult } from '#protocols/task.ts';
import type { Delivery, World } from './world.ts';

export const TENANT = 'dev';

export interface Job {
  readonly taskId: string;
  readonly attempt: number;
  readonly title: string;
  readonly branch: string | null;
  readonly merge: readonly string[];
  readonly prompt: string;
  readonly model: string | null;
}

export class FakeAgent {
  readonly id: string;
  readonly subject: string;
  /** What it was given and has not ended. */
  readonly jobs: Job[] = [];
  /** All that it was ever given. */
  readonly taken: Job[] = [];
  readonly cancelled: string[] = [];
  /** Answers to what it asked, and what people said to it. */
  readonly told: AgentIn[] = [];
  isListening = true;
  isLeaseLost = false;
  readonly #name: string;
  readonly #instance: string;
  readonly #answers = new Map<string, unknown>();

  constructor(name: string, instance = 'one') {
    this.#name = name;
    this.#instance = instance;
    this.id = agentIdOf(name);
    this.subject = agentIn(TENANT, this.id, instance);
  }

  get address(): Address {
    return { type: 'agent', tenant: TENANT, id: this.id };
  }

  register(world: World, card: Partial<AgentCard> = {}, resume: readonly Job[] = []): Reply {
    const message = {
      type: 'register',
      instance: this.#instance,
      card: {
        name: this.#name,
        agent_type: 'implementer',
        capabilities: { primary: [...CAPABILITIES], secondary: [] },
        version: '1.0.0',
        ...card,
      },
      resume: resume.map(({ taskId, attempt }) => ({ task_id: taskId, attempt })),
    };
    this.jobs.push(...resume);
    return world.ask(this.address, message, `agent:${this.id}`);
  }

  /** What it is asked over NATS; a repeat is answered alike and does nothing more. */
  answer({ id, body }: Delivery): unknown {
    if (!this.isListening) return null;
    const answer = this.#answers.get(id) ?? this.#take(AgentIn.parse(body));
    this.#answers.set(id, answer);
    return answer;
  }

  /** Ends the job with success: a branch of its own if it has a workspace. */
  finish(world: World, job: Job): Reply {
    return this.report(world, job, {
      success: true,
      summary: `${job.title}: done`,
      commit: job.branch === null ? null : { branch: job.branch, sha: 'abc123' },
      changes: null,
      error: null,
    });
  }

  fail(world: World, job: Job, retryable = true): Reply {
    return this.report(world, job, {
      success: false,
      summary: 'it broke',
      commit: null,
      changes: null,
      error: { code: 'BROKEN', message: 'it broke', retryable },
    });
  }

  report(world: World, job: Job, result: TaskResult): Reply {
    const at = this.jobs.indexOf(job);
    if (at >= 0) this.jobs.splice(at, 1);
    return this.say(world, job, {
      type: 'result',
      result,
      usage: { tokens_in: 100, tokens_out: 10, cost_usd: 0.01 },
      cancelled: false,
    });
  }

  say(world: World, job: Job, message: { readonly type: string } & Readonly<Record<string, unknown>>): Reply {
    const to = { type: 'task', tenant: TENANT, id: job.taskId };
    return world.ask(to, { ...message, attempt: job.attempt, agent_id: this.id }, `agent:${this.id}`);
  }

  #take(said: AgentIn): unknown {
    switch (said.kind) {
      case 'assign': {
        const { title, workspace, prompt, model = null } = said.payload;
        const { taskId, attempt } = said;
        const job: Job = {
          taskId,
          attempt,
          title,
          branch: workspace?.branch ?? null,
          merge: workspace?.merge ?? [],
          prompt,
          model,
        };
        this.jobs.push(job);
        this.taken.push(job);
        return { accepted: true };
      }
      case 'cancel': {
        const at = this.jobs.findIndex((job) => job.taskId === said.taskId && job.attempt === said.attempt);
        if (at < 0) return { accepted: false, reason: 'unknown' };
        this.cancelled.push(said.taskId);
        this.jobs.splice(at, 1);
        return { accepted: true };
      }
      case 'permission.decision':
      case 'input':
      case 'steer':
        this.told.push(said);
        return { accepted: true };
      case 'lease_lost':
        this.isLeaseLost = true;
        this.jobs.length = 0;
        return { accepted: true };
    }
  }
}

/** A world's `onDeliver` for these processes. */
export function answerBy(agents: readonly FakeAgent[]): (delivery: Delivery) => unknown {
  return (delivery) => agents.find((agent) => agent.subject === delivery.subject)?.answer(delivery) ?? null;
}
