/** What agents can do, and the kinds of agents. A tenant may add capabilities of its own (lower_snake). */
import { z } from 'zod';

export const Capability = z
  .string()
  .regex(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/, 'lower_snake_case')
  .max(64);

export const CAPABILITIES = [
  'requirements_analysis',
  'system_design',
  'architecture_planning',
  'task_decomposition',
  'code_generation',
  'test_generation',
  'documentation',
  'refactoring',
  'code_review',
  'security_audit',
  'performance_analysis',
  'compliance_check',
  'debugging',
  'troubleshooting',
  'root_cause_analysis',
  'optimization',
  'deployment',
  'configuration',
  'monitoring',
  'scaling',
  'workflow_orchestration',
  'resource_allocation',
  'conflict_resolution',
  'progress_tracking',
] as const;

export const AgentType = z.enum([
  'architect',
  'implementer',
  'reviewer',
  'debugger',
  'integrator',
  'orchestrator',
  'analyst',
  'optimizer',
]);
export type AgentType = z.infer<typeof AgentType>;
