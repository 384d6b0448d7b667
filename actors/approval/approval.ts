/**
 * The approval actor: one request to people, in a row of its own, for lists. Its task decides; this is what is shown.
 *
 * V1. It is settled once.
 */
import { defineActor, type Turn } from '#protocols/actor.ts';
import { Approval, ApprovalMessage } from '#protocols/approval.ts';
import { NOBODY, unchanged } from '../turn.ts';

export const approvalKind = defineActor<Approval, ApprovalMessage>({
  type: 'approval',
  stateVersion: 1,
  state: Approval,
  message: ApprovalMessage,
  control: [],
  onDefect: 'resume',
  index: ({ state, title, session_id, task_id, kind }) => ({
    status: state,
    title,
    parent: session_id,
    labels: [`task:${task_id}`, `kind:${kind}`],
  }),
  handle,
});

function handle(approval: Approval | null, message: ApprovalMessage): Turn<Approval> {
  if (message.type === 'open') {
    return approval ? unchanged(approval) : { state: message.approval, effects: [] };
  }
  if (!approval) return NOBODY;
  if (approval.state !== 'pending') return unchanged(approval);
  const { state, decision } = message;
  return { state: { ...approval, state, decision, updated_at: decision.at }, effects: [] };
}
