/**
 * The policy actor of a tenant: which requests need no person, and how long the others wait for one.
 *
 * Y1. Every request is judged here first. What is left to a person goes on to the session, whose rules may decide it.
 * Y2. A denial of the tenant is never lifted by a session.
 */
import { defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import { type ApprovalPolicy, POLICY_DEFAULT, PolicyMessage, StoredPolicy } from '#protocols/approval.ts';
import { audit } from '#protocols/audit.ts';
import { emit, reply, send } from '#protocols/effects.ts';
import { describeRule, judge } from '#protocols/permission-rules.ts';
import { isoTime } from '../turn.ts';

type Of<Type extends PolicyMessage['type']> = Extract<PolicyMessage, { type: Type }>;

export const policyKind = defineActor<StoredPolicy, PolicyMessage>({
  type: 'approval-policy',
  stateVersion: 1,
  state: StoredPolicy,
  message: PolicyMessage,
  control: [],
  onDefect: 'resume',
  handle,
});

function handle(
  policy: StoredPolicy | null,
  message: PolicyMessage,
  context: TurnContext,
): Turn<StoredPolicy> {
  return message.type === 'set' ? set(policy, message, context) : answer(policy, message, context);
}

function answer(
  policy: StoredPolicy | null,
  message: Of<'judge'>,
  { self: { tenant } }: TurnContext,
): Turn<StoredPolicy> {
  const { task_id, session_id, approval_id, checks } = message;
  const { rules, expires_seconds }: ApprovalPolicy = policy ?? POLICY_DEFAULT;
  const { action, rule } = judge(rules, checks);
  if (action === 'ask') {
    const asked = { type: 'judge_request', task_id, session_id, approval_id, checks, expires_seconds };
    return { state: policy, effects: [send({ type: 'session', tenant, id: session_id }, asked)] };
  }
  const by = { by: 'policy', rule: rule && describeRule(rule) };
  const judged = { type: 'judged', approval_id, action, ...by, expires_seconds };
  return { state: policy, effects: [send({ type: 'task', tenant, id: task_id }, judged)] };
}

function set(policy: StoredPolicy | null, message: Of<'set'>, context: TurnContext): Turn<StoredPolicy> {
  const { rules, expires_seconds } = message;
  const at = isoTime(context.now);
  const before: ApprovalPolicy = policy ?? POLICY_DEFAULT;
  const entry = {
    at,
    by: context.by,
    act: 'approval_policy.set',
    target: context.self.id,
    reason: 'set by request',
    before: { rules: before.rules, expires_seconds: before.expires_seconds },
  } as const;
  const stored: StoredPolicy = { rules, expires_seconds, updated_at: at, updated_by: context.by };
  const effects = [
    audit({ tenant: context.self.tenant, id: context.id() }, entry),
    emit('set', { rules: rules.length, expires_seconds, by: context.by }),
    reply(stored),
  ];
  return { state: stored, effects };
}
