/** What a person did by force, for good: who, what, why, and what was there before. An entry never changes. */
import { z } from 'zod';
import { type Effect, send } from './effects.ts';
import { EntityId } from './ids.ts';

/** What is audited. The word before the dot is the kind of what was acted on. */
export const AuditAct = z.enum([
  'lock.broken',
  'agent.drained',
  'agent.maintenance',
  'agent.deregistered',
  'approval.decided',
  'approval_policy.set',
  'key.issued',
  'key.rotated',
  'key.revoked',
  'dataset.consented',
  'model.promoted',
  'model.rolled_back',
]);
export type AuditAct = z.infer<typeof AuditAct>;

const entryFields = {
  at: z.string(),
  by: z.string().describe('Who did it: `user:…`, `agent:…`.'),
  act: AuditAct,
  target: z
    .string()
    .describe(
      'What it was done to: the name of the lock, of the data set, of the model with its version, the id of the agent, of the approval, of the key.',
    ),
  reason: z.string().describe('Why, in their words.'),
  before: z.record(z.string(), z.unknown()).describe('What was there before.'),
};

export const AuditEntry = z.object({ id: EntityId, tenant_id: z.string(), ...entryFields });
export type AuditEntry = z.infer<typeof AuditEntry>;

export const AuditMessage = z.object({ type: z.literal('record'), ...entryFields });
export type AuditMessage = z.infer<typeof AuditMessage>;

/** Leaves an entry with the commit of the turn that acts: neither is there without the other. `id`: a new one. */
export function audit(to: { tenant: string; id: string }, entry: Omit<AuditMessage, 'type'>): Effect {
  return send({ type: 'audit', ...to }, { type: 'record', ...entry });
}
