/** Which contexts a task, a session or an agent has, so that they can go with it. */
import { z } from 'zod';
import { ContextScope } from './context.ts';
import { type Effect, send } from './effects.ts';
import { EntityId } from './ids.ts';

export const ContextOwner = z.object({
  id: EntityId,
  tenant_id: z.string(),
  held: z.array(z.object({ context_id: EntityId, scope: ContextScope, at: z.string() })),
  /** When the owner ended, by scope: what it had until then goes, also what is told of later. */
  ended: z.partialRecord(ContextScope, z.string()),
});
export type ContextOwner = z.infer<typeof ContextOwner>;

export const ContextOwnerMessage = z.discriminatedUnion('type', [
  /** `at` is when the context was created. */
  z.object({ type: z.literal('hold'), context_id: EntityId, scope: ContextScope, at: z.string() }),
  z.object({ type: z.literal('let_go'), context_id: EntityId }),
  z.object({ type: z.literal('task_ended'), at: z.string() }),
  z.object({ type: z.literal('session_deleted'), at: z.string() }),
  z.object({ type: z.literal('agent_removed'), at: z.string() }),
]);
export type ContextOwnerMessage = z.infer<typeof ContextOwnerMessage>;

/** What a task, a session or an agent sends when it is over: its contexts go with it. */
export function endContexts(
  owner: { readonly tenant_id: string; readonly id: string },
  type: 'task_ended' | 'session_deleted' | 'agent_removed',
  at: string,
): Effect {
  return send({ type: 'context-owner', tenant: owner.tenant_id, id: owner.id }, { type, at });
}
