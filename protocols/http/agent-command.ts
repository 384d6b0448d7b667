/** What people may ask of one agent, on HTTP. */
import { z } from 'zod';

const reason = z.string().trim().min(1).max(500).optional();

/** May be left out. */
export const DrainBody = z
  .preprocess((body) => body ?? {}, z.object({ reason: reason.describe('Why; kept in the audit.') }))
  .meta({ description: 'Why. May be left out.', examples: [{ reason: 'the machine gets a new disk' }] });

/** May be left out. */
export const DeregisterBody = z
  .preprocess(
    (body) => body ?? {},
    z.object({
      force: z
        .boolean()
        .default(false)
        .describe('At once: what it has at work goes to others. Else it finishes first.'),
      reason: reason.describe('Why; kept in the audit.'),
    }),
  )
  .meta({ description: 'How. May be left out.', examples: [{ force: false }] });

export const MaintenanceBody = z
  .object({
    enabled: z.boolean().describe('False lifts it.'),
    reason: reason.describe('Why; kept with the agent, and in the audit.'),
  })
  .meta({
    id: 'AgentMaintenance',
    description: 'Whether the agent is held back from new work.',
    examples: [{ enabled: true, reason: 'the machine gets a new disk' }],
  });
