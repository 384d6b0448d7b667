/** Whether the gateway lives, and whether the system can work. */
import { z } from 'zod';

export const HealthView = z
  .object({ status: z.literal('ok'), uptime_seconds: z.number() })
  .meta({ id: 'Health', description: 'The process answers. Says nothing of what it needs.' });

export const ReadyView = z
  .object({
    status: z.literal('ready'),
    partitions: z.number().int(),
    owned: z.number().int().describe('Partitions whose owner was heard lately.'),
    nodes: z.array(
      z.object({
        id: z.string(),
        partitions: z.number().int(),
        lag: z.number().describe('Messages that wait in its partitions.'),
        stalled: z.boolean().describe('It can not reach Postgres: others take its partitions.'),
        stuck: z
          .array(z.number().int())
          .describe('Its partitions where messages wait and none was applied for long.'),
        heard_ms_ago: z.number(),
      }),
    ),
  })
  .meta({ id: 'Ready', description: 'Everything is there that a command needs.' });
