/**
 * What the orchestrator says to this instance, and the answer to it. Decides at once and does nothing itself.
 *
 * I1. A message whose `id` is known is answered as before, and nothing is done a second time.
 * I2. An attempt is started at most once, whatever ids its assignment comes under.
 * I3. A newer attempt of a task ends the older one; an older one is refused.
 * I4. A cancel that overtook its assignment leaves a mark: that attempt is not started.
 * I5. No bytes make it throw: what it cannot read is `invalid`, a kind that it does not know is `unknown`.
 */
import { z } from 'zod';
import { AgentIn, type InAnswer } from '#protocols/eap/message.ts';

export type Assign = Extract<AgentIn, { kind: 'assign' }>;
type Cancel = Extract<AgentIn, { kind: 'cancel' }>;
/** Of an attempt at work: the answer to what it asked, or a person's word. */
export type Told = Extract<AgentIn, { kind: 'permission.decision' | 'input' | 'steer' }>;

/** The state of this instance at the moment of the message. */
export interface Desk {
  readonly isDraining: boolean;
  readonly capacity: number;
  /** Attempt by task. */
  readonly running: ReadonlyMap<string, number>;
  /** Whether the work of this task hears what people say. */
  readonly isSteerable: (taskId: string) => boolean;
}

export type Action =
  | { readonly type: 'none' }
  | { readonly type: 'start'; readonly assign: Assign }
  | { readonly type: 'cancel'; readonly cancel: Cancel }
  | { readonly type: 'tell'; readonly told: Told }
  | { readonly type: 'lease_lost'; readonly reason: string };

export interface Decision {
  readonly answer: InAnswer;
  readonly action: Action;
}

const NONE: Action = { type: 'none' };
const ACCEPTED: Decision = { answer: { accepted: true }, action: NONE };
const REMEMBERED_MAX = 2_000;

const decoder = new TextDecoder('utf-8', { fatal: true });
const AnyKind = z.looseObject({ kind: z.string() });
const KINDS: ReadonlySet<string> = new Set(AgentIn.options.map((option) => option.shape.kind.value));

export class Incoming {
  /** Answers by message id, oldest first. */
  readonly #answers = new Map<string, InAnswer>();
  /** The newest attempt of each task that was started here or cancelled before its start. */
  readonly #attempts = new Map<string, { attempt: number; isCancelled: boolean }>();

  /** What a process of before had accepted: its assignment, should it come again, begins nothing. */
  know({ taskId, attempt }: Pick<Assign, 'taskId' | 'attempt'>): void {
    remember(this.#attempts, taskId, { attempt, isCancelled: false });
  }

  take(bytes: Uint8Array, desk: Desk): Decision {
    const parsed = parse(bytes);
    if ('refusal' in parsed) return refuse(parsed.refusal);
    const said = parsed.message;
    const known = this.#answers.get(said.id);
    if (known) return { answer: known, action: NONE };
    const decision = this.#decide(said, desk);
    remember(this.#answers, said.id, decision.answer);
    return decision;
  }

  #decide(said: AgentIn, desk: Desk): Decision {
    switch (said.kind) {
      case 'assign':
        return this.#decideAssign(said, desk);
      case 'cancel':
        return this.#decideCancel(said, desk);
      case 'permission.decision':
      case 'input':
        // Of an attempt that is over it is of no use, and need not be said again.
        return isRunning(said, desk) ? { ...ACCEPTED, action: { type: 'tell', told: said } } : ACCEPTED;
      case 'steer':
        return isRunning(said, desk) && desk.isSteerable(said.taskId)
          ? { ...ACCEPTED, action: { type: 'tell', told: said } }
          : refuse('unknown');
      case 'lease_lost':
        return { answer: { accepted: true }, action: { type: 'lease_lost', reason: said.reason } };
    }
  }

  #decideAssign(assign: Assign, desk: Desk): Decision {
    const seen = this.#attempts.get(assign.taskId);
    if (seen && assign.attempt < seen.attempt) return refuse('unknown');
    if (seen && assign.attempt === seen.attempt) return seen.isCancelled ? refuse('unknown') : ACCEPTED;
    if (desk.isDraining) return refuse('draining');
    const others = desk.running.size - (desk.running.has(assign.taskId) ? 1 : 0);
    if (others >= desk.capacity) return refuse('capacity');
    remember(this.#attempts, assign.taskId, { attempt: assign.attempt, isCancelled: false });
    return { answer: { accepted: true }, action: { type: 'start', assign } };
  }

  #decideCancel(cancel: Cancel, desk: Desk): Decision {
    if (desk.running.get(cancel.taskId) === cancel.attempt) {
      return { answer: { accepted: true }, action: { type: 'cancel', cancel } };
    }
    const seen = this.#attempts.get(cancel.taskId);
    if (!seen || seen.attempt < cancel.attempt) {
      remember(this.#attempts, cancel.taskId, { attempt: cancel.attempt, isCancelled: true });
    }
    return ACCEPTED;
  }
}

function isRunning({ taskId, attempt }: Told, { running }: Desk): boolean {
  return running.get(taskId) === attempt;
}

function parse(bytes: Uint8Array): { message: AgentIn } | { refusal: 'invalid' | 'unknown' } {
  let body: unknown;
  try {
    body = JSON.parse(decoder.decode(bytes));
  } catch {
    return { refusal: 'invalid' };
  }
  const parsed = AgentIn.safeParse(body);
  if (parsed.success) return { message: parsed.data };
  const named = AnyKind.safeParse(body);
  return { refusal: named.success && !KINDS.has(named.data.kind) ? 'unknown' : 'invalid' };
}

function refuse(reason: 'capacity' | 'draining' | 'unknown' | 'invalid'): Decision {
  return { answer: { accepted: false, reason }, action: NONE };
}

/** Puts `key` last and forgets the oldest past the bound. */
function remember<V>(memory: Map<string, V>, key: string, value: V): void {
  memory.delete(key);
  memory.set(key, value);
  for (const oldest of memory.keys()) {
    if (memory.size <= REMEMBERED_MAX) return;
    memory.delete(oldest);
  }
}
