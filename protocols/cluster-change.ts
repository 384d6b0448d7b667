/** What becomes of nodes and partitions, as the live feed tells it. */
import { z } from 'zod';

const About = { at: z.string(), node: z.string() };
const Place = { ...About, partition: z.number().int() };
const from = z.string().nullable().describe('Who had it before, as far as was heard.');

export const ClusterChange = z.discriminatedUnion('type', [
  z.object({ type: z.literal('node.joined'), ...About }),
  z.object({ type: z.literal('node.draining'), ...About }),
  z.object({ type: z.literal('node.left'), ...About }),
  z.object({ type: z.literal('node.lost'), ...About }),
  z.object({ type: z.literal('node.stalled'), ...About }),
  z.object({ type: z.literal('node.recovered'), ...About }),
  z.object({ type: z.literal('partition.taken'), ...Place, from }),
  z.object({ type: z.literal('partition.handed_over'), ...Place, from: z.string() }),
  z.object({ type: z.literal('partition.released'), ...Place }),
  z.object({ type: z.literal('partition.lost'), ...Place }),
]);
export type ClusterChange = z.infer<typeof ClusterChange>;
