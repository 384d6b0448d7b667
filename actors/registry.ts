/** All kinds of actors. The runtime's main meets the domain here and nowhere else. */
import type { ActorKind } from '#protocols/actor.ts';
import { agentKind } from './agent/agent.ts';
import { approvalKind } from './approval/approval.ts';
import { policyKind } from './approval-policy/policy.ts';
import { auditKind } from './audit/audit.ts';
import { blueprintKind } from './blueprint/blueprint.ts';
import { blueprintVersionKind } from './blueprint/version.ts';
import { bulkKind } from './bulk/bulk.ts';
import { checkpointKind } from './checkpoint/checkpoint.ts';
import { contextKind } from './context/context.ts';
import { contextHistoryKind } from './context/history.ts';
import { contextOwnerKind } from './context/owner.ts';
import { datasetKind } from './dataset/dataset.ts';
import { estimatesKind } from './estimates/estimates.ts';
import { fleetKind } from './fleet/fleet.ts';
import { lockKind } from './lock/lock.ts';
import { modelKind } from './model/model.ts';
import { schedulerKind } from './scheduler/scheduler.ts';
import { sessionKind } from './session/session.ts';
import { systemSchedulerKind } from './system-scheduler/system-scheduler.ts';
import { taskKind } from './task/task.ts';
import { tenantKind } from './tenant/tenant.ts';
import { trainingJobKind } from './training/training.ts';

export const ACTOR_KINDS: readonly ActorKind[] = [
  sessionKind,
  taskKind,
  agentKind,
  fleetKind,
  blueprintKind,
  blueprintVersionKind,
  checkpointKind,
  lockKind,
  contextKind,
  contextHistoryKind,
  contextOwnerKind,
  bulkKind,
  auditKind,
  schedulerKind,
  systemSchedulerKind,
  estimatesKind,
  approvalKind,
  policyKind,
  tenantKind,
  modelKind,
  datasetKind,
  trainingJobKind,
];
