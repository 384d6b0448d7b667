/**
 * The lanes of the live feed beside the exact one: a tail that may leave out and says so, and counts for charts. What a
 * viewer says to begin, change and acknowledge them, and what it gets.
 */
import { z } from 'zod';
import { ADDRESS_TOKENS } from '../subjects.ts';
import { AfterSeq, SUBJECTS_MAX, Subjects } from './live.ts';

export const TAIL_LAST_MAX = 500;
export const METRIC_INTERVALS_MS = [0, 250, 1_000] as const;

/** A filter of the tail: of events as in the exact lane, of messages `tap.<tenant>.<type>.<id>.<message>`. */
export const TailFilter = z
  .string()
  .max(512)
  .regex(
    new RegExp(`^(?:evt|tap)\\.${ADDRESS_TOKENS}$`),
    'evt.… or tap.<tenant>.<type>.<id>.<message>, with "*" for one token and ">" at the end for the rest',
  );

/** Over a WebSocket. None: the tail ends. */
export const TailRequest = z.object({
  type: z.literal('tail'),
  subjects: z.array(TailFilter).max(SUBJECTS_MAX),
  last: z.number().int().min(0).max(TAIL_LAST_MAX).default(0),
});
export type TailRequest = z.infer<typeof TailRequest>;

/** `every_ms` of 0: no more. `messages`: those between actors are counted too. */
export const MetricsRequest = z.object({
  type: z.literal('metrics'),
  every_ms: z.literal(METRIC_INTERVALS_MS),
  messages: z.boolean().default(false),
});
export type MetricsRequest = z.infer<typeof MetricsRequest>;

/** `through`: of the tail's batch that was painted. `seq`: of the newest event of the exact lane that was taken. */
export const AckRequest = z
  .object({ type: z.literal('ack'), through: AfterSeq.optional(), seq: AfterSeq.optional() })
  .refine(({ through, seq }) => through !== undefined || seq !== undefined, 'through or seq');
export type AckRequest = z.infer<typeof AckRequest>;

/** The other filters, from now on or after a sequence. */
export const SubscribeRequest = z.object({
  type: z.literal('subscribe'),
  subjects: Subjects,
  after: AfterSeq.optional(),
});

/** What a viewer may send over a WebSocket. */
export const LiveRequest = z.discriminatedUnion('type', [
  SubscribeRequest,
  TailRequest,
  MetricsRequest,
  AckRequest,
]);
export type LiveRequest = z.infer<typeof LiveRequest>;

const TailFilters = z.preprocess(
  (value) => (typeof value === 'string' ? value.split(',') : value),
  z.array(TailFilter).min(1).max(SUBJECTS_MAX),
);

/** The query of `/ws/traffic` and `/events/traffic`. */
export const TrafficLaneQuery = z.object({
  subjects: TailFilters.optional().describe(
    'Filters of the tail, parted by commas. Without: all of the tenant.',
  ),
  last: z.coerce
    .number()
    .int()
    .min(0)
    .max(TAIL_LAST_MAX)
    .default(0)
    .describe('So many of the newest that the gateway still has come first.'),
});
export type TrafficLaneQuery = z.infer<typeof TrafficLaneQuery>;

/** What a message between actors looks like in the tail. */
export const MessageFrame = z.object({
  lane: z.enum(['data', 'control']),
  seq: z.number().int(),
  type: z.literal('message'),
  subject: z.string(),
  timestamp: z.string(),
  payload: z.object({
    id: z.string(),
    to: z.string(),
    message: z.string(),
    source: z.string(),
    by: z.string().nullable(),
    cause: z.string().nullable(),
    root: z.string(),
    partition: z.number().int(),
    bytes: z.number().int(),
  }),
});
export type MessageFrame = z.infer<typeof MessageFrame>;

/** A batch of the tail. `matched` = `frames` + `left_out`. */
export const TailBatch = z.object({
  type: z.literal('tail'),
  after: z.number().int(),
  through: z.number().int(),
  begins: z.boolean(),
  matched: z.number().int(),
  left_out: z.number().int(),
  sample: z.number().int(),
  by_type: z.record(z.string(), z.number().int()),
  timestamp: z.string(),
  frames: z.array(z.unknown()),
});
export type TailBatch = z.infer<typeof TailBatch>;

export const SecondCounts = z.object({
  second: z.number().int().describe('Unix time.'),
  counts: z.record(z.string(), z.number().int()).describe('By the filter that shows what is counted.'),
});
export type SecondCounts = z.infer<typeof SecondCounts>;

export const MetricsFrame = z.object({
  type: z.literal('metrics'),
  timestamp: z.string(),
  messages_since: z.number().int().nullable(),
  seconds: z.array(SecondCounts),
});
export type MetricsFrame = z.infer<typeof MetricsFrame>;
