/** What people may ask of one agent, on HTTP. */
import { z } from 'zod';

/** May be left out. */
export const DeregisterBody = z
  .preprocess(
    (body) => body ?? {},
    z.object({
      force: z
        .boolean()
        .default(false)
        .describe('At once: what it has at work goes to others. Else it finishes first.'),
    }),
  )
  .meta({ description: 'How. May be left out.', examples: [{ force: false }] });

export const MaintenanceBody = z
  .object({
    enabled: z.boolean().describe('False lifts it.'),
    reason: z.string().trim().min(1).max(500).optional().describe('Why; kept with the agent.'),
  })
  .meta({
    id: 'AgentMaintenance',
    description: 'Whether the agent is held back from new work.',
    examples: [{ enabled: true, reason: 'the machine gets a new disk' }],
  });
