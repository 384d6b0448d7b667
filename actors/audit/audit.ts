/**
 * The audit actor: one entry, in a row of its own. Whoever acted by force sends it with the commit of the act.
 *
 * T1. An entry is written once. Nothing changes it, nothing takes it away.
 */
import { defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import { AuditEntry, AuditMessage } from '#protocols/audit.ts';
import { unchanged } from '../turn.ts';

export const auditKind = defineActor<AuditEntry, AuditMessage>({
  type: 'audit',
  stateVersion: 1,
  state: AuditEntry,
  message: AuditMessage,
  control: [],
  onDefect: 'resume',
  index: ({ act, target, reason, by }) => ({
    status: act,
    title: `${target} ${reason}`,
    labels: [`target:${target}`, `by:${by}`],
  }),
  handle,
});

function handle(
  entry: AuditEntry | null,
  { type: _, ...said }: AuditMessage,
  { self }: TurnContext,
): Turn<AuditEntry> {
  if (entry) return unchanged(entry);
  return { state: { id: self.id, tenant_id: self.tenant, ...said }, effects: [] };
}
