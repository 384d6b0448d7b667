/**
 * The inbox of an agent: what its process must be told, asked again until it answers. Pure.
 *
 * I1. An item's id names task, attempt and process: a repeat is known to the process, and the answer of a process
 *     that was replaced is known here.
 * I2. Each item has one timer, named by its id. An item is asked at most ASKED_MAX times.
 */
import type { TurnContext } from '#protocols/actor.ts';
import type { Agent, InboxItem } from '#protocols/agent.ts';
import { toAgentIn } from '#protocols/eap/inbox.ts';
import { EAP_VERSION } from '#protocols/eap/message.ts';
import { cancel, deliver, type Effect, schedule } from '#protocols/effects.ts';
import { hash32 } from '#protocols/partition.ts';
import { agentIn } from '#protocols/subjects.ts';
import { isoTime, type Step, withEffects } from '../turn.ts';

const ASK_BASE_MS = 2_000;
const ASK_MAX_MS = 30_000;
export const ASKED_MAX = 10;

export type NewItem = Pick<InboxItem, 'kind' | 'task_id' | 'attempt' | 'payload' | 'ref'>;

/** Puts an item into the inbox and asks for the first time. One that is there already stays as it is. */
export function put(step: Step<Agent>, item: NewItem, context: TurnContext): Step<Agent> {
  const { instance, inbox } = step.state;
  if (instance === null) return step;
  const id = itemId(item, instance);
  if (inbox.some((one) => one.id === id)) return step;
  const state = { ...step.state, inbox: [...inbox, { ...item, id, asked: 0 }] };
  return ask({ ...step, state }, id, context);
}

/** Asks, and sets the time to ask again. */
export function ask(step: Step<Agent>, id: string, context: TurnContext): Step<Agent> {
  const { inbox, instance, tenant_id } = step.state;
  const item = inbox.find((one) => one.id === id);
  if (!item || instance === null) return step;
  const asked = { ...item, asked: item.asked + 1 };
  const waitMs = Math.min(ASK_MAX_MS, ASK_BASE_MS * 2 ** item.asked);
  const state = { ...step.state, inbox: inbox.map((one) => (one.id === id ? asked : one)) };
  return withEffects(
    { ...step, state },
    deliver(agentIn(tenant_id, step.state.id, instance), id, toAgentIn(asked, isoTime(context.now))),
    schedule(id, context.now + waitMs, { type: 'ask_again', id }),
  );
}

/** Takes out the items that `isGone` names, with their timers. */
export function take(step: Step<Agent>, isGone: (item: InboxItem) => boolean): Step<Agent> {
  const gone = step.state.inbox.filter(isGone);
  if (gone.length === 0) return step;
  const state = { ...step.state, inbox: step.state.inbox.filter((item) => !isGone(item)) };
  return withEffects({ ...step, state }, ...gone.map((item) => cancel(item.id)));
}

/** Tells a process that it no longer counts. Said once: what it still reports is refused anyway. */
export function tellLeaseLost(
  agent: Agent,
  about: { instance: string; reason: string },
  context: TurnContext,
): Effect {
  const id = context.id();
  const head = { eap: EAP_VERSION, id, ts: isoTime(context.now) };
  return deliver(agentIn(agent.tenant_id, agent.id, about.instance), id, {
    ...head,
    kind: 'lease_lost',
    reason: about.reason,
  });
}

export function isOfAttempt(
  one: { task_id: string; attempt: number },
  other: { task_id: string; attempt: number },
) {
  return one.task_id === other.task_id && one.attempt === other.attempt;
}

function itemId({ kind, task_id, attempt, ref }: NewItem, instance: string): string {
  const process = hash32(instance).toString(16);
  return ref === undefined ? `${kind}-${task_id}-${attempt}-${process}` : `${kind}-${ref}-${process}`;
}
