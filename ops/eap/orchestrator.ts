/** The orchestrator as the kit plays it: hears all, answers by script, and notes what is not as it should be. */

import { newHead } from '#actors/remote/sdk/head.ts';
import { agentIdOf } from '#protocols/agent.ts';
import { AgentOut, Heartbeat, InAnswer, type OutAnswer, type Registered } from '#protocols/eap/message.ts';
import type { Ears } from './line.ts';

export interface Heard {
  readonly said: AgentOut;
  /** As it came. */
  readonly text: string;
  readonly atMs: number;
}

export type Script = (said: AgentOut, time: number) => OutAnswer | null | Promise<OutAnswer | null>;
type Kind = AgentOut['kind'];
type Of<K extends Kind> = Extract<AgentOut, { kind: K }>;

export const HEARTBEAT_SECONDS = 1;
/** How long people may take to answer. */
const ASKED_FOR_MS = 60_000;
const OK: OutAnswer = { ok: true, value: null };

export function refusal(code: string, retryable: boolean): OutAnswer {
  return { ok: false, error: { code, message: 'as the test wants it', retryable } };
}

/** Registers whoever comes, lets them keep what they work on, permits what is asked, and says yes to all else. */
export const agreeable: Script = (said) => {
  if (said.kind === 'permission.request') {
    const about = { kind: 'permission.decision', requestId: said.requestId, by: 'policy', note: null };
    const decision = { ...about, outcome: 'selected', optionId: 'once', optionKind: 'allow_once' };
    return { ok: true, value: { state: 'decided', decision } };
  }
  if (said.kind === 'input.request') return untilSomebodyAnswers(said.requestId);
  return said.kind === 'register' ? { ok: true, value: registeredOf(said) } : OK;
};

/** It may keep all that it works on. */
export function registeredOf({ card, resume }: Of<'register'>): Registered {
  return {
    agentId: agentIdOf(card.name),
    heartbeatSeconds: HEARTBEAT_SECONDS,
    adopt: resume,
    drop: [],
  };
}

/** As `agreeable`, but what is asked waits for people. */
export const waitingForPeople: Script = (said, time) =>
  said.kind === 'permission.request' ? untilSomebodyAnswers(said.requestId) : agreeable(said, time);

function untilSomebodyAnswers(requestId: string): OutAnswer {
  const expiresAt = new Date(Date.now() + ASKED_FOR_MS).toISOString();
  return { ok: true, value: { state: 'pending', requestId, expiresAt } };
}

export class Orchestrator implements Ears {
  /** Repeats too. */
  readonly heard: Heard[] = [];
  readonly beats: { readonly beat: Heartbeat; readonly atMs: number }[] = [];
  /** What could not be read. */
  readonly faults: string[] = [];
  readonly texts: string[] = [];
  /** The most requests of one task that were open at once, those of locks aside. */
  openMost = 0;
  script: Script = agreeable;
  readonly #open = new Map<string, number>();

  async onOut(text: string): Promise<OutAnswer | null> {
    this.texts.push(text);
    const parsed = AgentOut.safeParse(readJson(text));
    if (!parsed.success) {
      this.faults.push(`${text.slice(0, 300)}: ${parsed.error.message.slice(0, 300)}`);
      return refusal('VALIDATION_FAILED', false);
    }
    const said = parsed.data;
    this.heard.push({ said, text, atMs: Date.now() });
    const time = this.heard.filter((one) => one.said.id === said.id).length;
    const task = 'taskId' in said && !isAside(said.kind) ? said.taskId : null;
    if (task === null) return this.script(said, time);
    this.#count(task, 1);
    try {
      return await this.script(said, time);
    } finally {
      this.#count(task, -1);
    }
  }

  onBeat(text: string): void {
    this.texts.push(text);
    const parsed = Heartbeat.safeParse(readJson(text));
    if (parsed.success) this.beats.push({ beat: parsed.data, atMs: Date.now() });
    else this.faults.push(`heartbeat ${text.slice(0, 300)}`);
  }

  /** Each message of a kind once, in the order in which it was first heard; of one task, where it is named. */
  once<K extends Kind>(kind: K, taskId?: string): Of<K>[] {
    const byId = new Map(this.heard.map(({ said }) => [said.id, said]));
    return [...byId.values()].filter(
      (one): one is Of<K> =>
        one.kind === kind && (taskId === undefined || ('taskId' in one && one.taskId === taskId)),
    );
  }

  /** All that was heard of a task, repeats too. */
  of(taskId: string): Heard[] {
    return this.heard.filter(({ said }) => 'taskId' in said && said.taskId === taskId);
  }

  #count(task: string, by: number): void {
    const open = (this.#open.get(task) ?? 0) + by;
    this.#open.set(task, open);
    this.openMost = Math.max(this.openMost, open);
  }
}

export type Wish = 'finish' | 'slow' | 'wait' | 'artifact' | 'ask';

/** A task of the kit: what it wants stands in its title and in its prompt. */
export function assignment(taskId: string, wish: Wish, attempt = 1) {
  const text = `conformance: ${wish}`;
  const payload = {
    ...{ sessionId: 'conformance', sessionTitle: 'Conformance', title: text, description: '' },
    ...{ taskType: 'execution', prompt: text, timeoutSeconds: 120 },
  };
  return { ...newHead(), kind: 'assign' as const, taskId, attempt, payload };
}

export function cancellation(taskId: string, graceSeconds: number, attempt = 1) {
  return { ...newHead(), kind: 'cancel' as const, taskId, attempt, reason: 'not needed', graceSeconds };
}

export function readAnswer(answer: unknown): InAnswer {
  return InAnswer.parse(answer);
}

/** What waits holds nothing up: locks, and what is asked of people, are beside what is said in order. */
function isAside(kind: Kind): boolean {
  return kind.startsWith('lock_') || kind.endsWith('.request') || kind === 'request.withdrawn';
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Noted as what could not be read.
    return undefined;
  }
}
