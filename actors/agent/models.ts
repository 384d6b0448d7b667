/**
 * Models of the registry: a session or the agent's own card names one by reference, and which version that is now is asked
 * for when work is assigned. The agent's process is told the concrete model; the task keeps which one it was. Pure.
 *
 * M1. A process is never told a reference: where nobody can say what it stands for, the assignment is refused.
 * M2. What the session names goes before what the agent names.
 */
import type { TurnContext } from '#protocols/actor.ts';
import type { Agent } from '#protocols/agent.ts';
import { type Answered, ask, type Effect, emit, send } from '#protocols/effects.ts';
import { parseModelReference, ResolvedModel } from '#protocols/model-name.ts';
import { beginWith, type Step, withEffects } from '../turn.ts';

type Payload = Readonly<Record<string, unknown>>;
interface OfAttempt {
  readonly task_id: string;
  readonly attempt: number;
}

const ANSWER_WITHIN_MS = 30_000;
const KEY = /^model\/([^/]+)\/(\d+)$/;

/** The reference that must be looked up before the process can be told; null: there is none. */
export function registryModelOf(agent: Agent, { model = agent.model }: Payload): string | null {
  return typeof model === 'string' && parseModelReference(model) ? model : null;
}

export function askForModel(
  agent: Agent,
  { of: { task_id, attempt }, reference }: { readonly of: OfAttempt; readonly reference: string },
  context: TurnContext,
): Step<Agent> {
  const id = parseModelReference(reference)?.name ?? '';
  const to = { type: 'model', tenant: agent.tenant_id, id };
  const options = { key: `model/${task_id}/${attempt}`, deadlineMs: context.now + ANSWER_WITHIN_MS };
  return withEffects(beginWith(agent), ask(to, { type: 'resolve', reference }, options));
}

/** The assignment that an answer is about; null: the answer is about something else. */
export function assignmentOf(key: string): OfAttempt | null {
  const [, task_id, attempt] = KEY.exec(key) ?? [];
  return task_id === undefined ? null : { task_id, attempt: Number(attempt) };
}

/** The version that the registry named, or why there is none. */
export function readResolved({ reply }: Answered): ResolvedModel | { readonly fault: string } {
  const resolved = ResolvedModel.safeParse(reply.ok ? reply.value : null);
  if (resolved.success) return resolved.data;
  return { fault: `model: ${reply.ok ? 'an answer that nobody understands' : reply.failure.detail}` };
}

/** The task keeps which version its attempt is done with. */
export function tellChosen(agent: Agent, of: OfAttempt, model: ResolvedModel): Effect[] {
  const told = { type: 'model_chosen', attempt: of.attempt, agent_id: agent.id, model };
  return [
    send({ type: 'task', tenant: agent.tenant_id, id: of.task_id }, told),
    emit('model_chosen', { ...of, ...model }),
  ];
}
