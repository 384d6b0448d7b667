/** Nodes, partitions and single actors on HTTP, as the runtime has them. */
import { z } from 'zod';
import { ActorType } from '../address.ts';
import { EntityId } from '../ids.ts';

export const ActorParams = z.object({
  type: ActorType.describe('Type of the actor: session, task and so on.'),
  id: EntityId.describe('Id of the actor.'),
});

const owner = z.string().nullable().describe('The node that has the partition; null: nobody has.');

export const ActorView = z
  .object({
    address: z.string(),
    version: z.number().int().describe('Grows with each turn that changed something.'),
    state_version: z.number().int().describe('Of the shape of the state.'),
    partition: z.number().int(),
    owner,
    timers: z.array(z.object({ key: z.string(), at: z.string() })).describe('The next one first.'),
    created_at: z.string(),
    updated_at: z.string(),
    state: z.unknown(),
  })
  .meta({
    id: 'Actor',
    description: 'An actor as it is stored.',
    examples: [
      {
        address: 'session/dev/0190a3c8-1111-7c7e-9d44-6a1f0a5b2c3d',
        version: 12,
        state_version: 1,
        partition: 17,
        owner: 'node-1.4f2a9c01',
        timers: [{ key: 'timeout', at: '2026-01-01T01:00:00.000Z' }],
        created_at: '2026-01-01T00:00:00.000Z',
        updated_at: '2026-01-01T00:10:00.000Z',
        state: {},
      },
    ],
  });

export const ClusterView = z
  .object({
    partition_count: z.number().int(),
    owned: z.number().int().describe('Partitions whose owner was heard lately.'),
    nodes: z.array(
      z.object({
        id: z.string(),
        partitions: z.number().int(),
        lag: z.number().describe('Messages that wait in its partitions.'),
        heard_ms_ago: z.number(),
        is_stalled: z.boolean().describe('It can not reach Postgres.'),
        stuck: z
          .array(z.number().int())
          .describe('Its partitions where messages wait and none was applied for long.'),
      }),
    ),
    partitions: z.array(
      z.object({
        id: z.number().int(),
        owner,
        is_owner_heard: z.boolean().describe('Whether that node was heard lately.'),
        epoch: z.number().int().describe('How often it was taken.'),
        batch: z.number().int().describe('How many commits it has.'),
        generation: z.number().int().describe('How often its log was begun anew.'),
        cursor: z.number().int().describe('How far its messages are applied.'),
        control_cursor: z.number().int(),
        moved_at: z.string().describe('When its last batch was committed.'),
        lag: z
          .number()
          .int()
          .nullable()
          .describe(
            'Messages that wait; null: fewer than 200, and none for 2 s. Its owner does not tell of so few.',
          ),
        oldest_ms: z.number().nullable().describe('Age of the oldest that waits.'),
      }),
    ),
    fullest: z
      .array(z.object({ address: z.string(), waiting: z.number().int() }))
      .describe('Actors of the tenant with the most mail in such partitions, by a sample.'),
  })
  .meta({ id: 'Cluster', description: 'Who runs what, as of now.' });

export const HandOverList = z
  .object({
    since: z.string().describe('Since when this gateway listens; what was before it does not know.'),
    items: z
      .array(
        z.object({
          at: z.string(),
          partition: z.number().int(),
          from: z.string().nullable().describe('Who had it last, as far as was heard.'),
          to: z.string(),
        }),
      )
      .describe('Newest first.'),
  })
  .meta({
    id: 'HandOvers',
    description: 'Partitions that went from node to node, as one gateway heard it.',
    examples: [
      {
        since: '2026-01-01T00:00:00.000Z',
        items: [
          { at: '2026-01-01T00:10:00.000Z', partition: 17, from: 'node-1.4f2a9c01', to: 'node-2.77ab01d2' },
        ],
      },
    ],
  });

export const HandOversQuery = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(100).describe('How many at most.'),
});
