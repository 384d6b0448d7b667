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

type Known = (typeof CAPABILITIES)[number];

/** What agents of each type are best at. */
export const PRIMARY_BY_TYPE = {
  architect: ['requirements_analysis', 'system_design', 'architecture_planning', 'task_decomposition'],
  implementer: ['code_generation', 'test_generation', 'documentation', 'refactoring'],
  reviewer: ['code_review', 'security_audit', 'performance_analysis', 'compliance_check'],
  debugger: ['debugging', 'troubleshooting', 'root_cause_analysis', 'optimization'],
  integrator: ['deployment', 'configuration', 'monitoring', 'scaling'],
  orchestrator: ['workflow_orchestration', 'resource_allocation', 'conflict_resolution', 'progress_tracking'],
  analyst: ['requirements_analysis', 'performance_analysis', 'root_cause_analysis', 'compliance_check'],
  optimizer: ['optimization', 'performance_analysis', 'refactoring', 'scaling'],
} as const satisfies Record<AgentType, readonly Known[]>;

/** What an agent has, at least one of them primary. */
export const Capabilities = z.object({
  primary: z.array(Capability).min(1).max(50),
  secondary: z.array(Capability).max(100).default([]),
});
export type Capabilities = z.infer<typeof Capabilities>;

/** What an agent says that it has. Without primary ones they are those of its type. */
export const NamedCapabilities = z.object({
  primary: z
    .array(Capability)
    .min(1)
    .max(50)
    .optional()
    .describe(
      'Of those of its type, the ones that it has; left out: all. Others named here count as secondary.',
    ),
  secondary: z.array(Capability).max(50).default([]),
});

/**
 * What an agent of this type has by what it names: primary are those of its type, and a tenant's own, of which types say
 * nothing; each other is secondary. Null: it names none that is primary.
 */
export function capabilitiesOfType(
  type: AgentType,
  { primary, secondary }: z.infer<typeof NamedCapabilities>,
): Capabilities | null {
  const ofType: readonly string[] = PRIMARY_BY_TYPE[type];
  const named = new Set(primary ?? ofType);
  const isPrimary = (one: string) => ofType.includes(one) || !KNOWN.has(one);
  const own = [...named].filter(isPrimary);
  const others = new Set([...named, ...secondary].filter((one) => !own.includes(one)));
  return own.length === 0 ? null : { primary: own, secondary: [...others] };
}

const KNOWN: ReadonlySet<string> = new Set(CAPABILITIES);
