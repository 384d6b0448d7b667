/**
 * The live feed (`/ws`) and past events on HTTP: what a viewer may say and what it gets.
 *
 * Each message of the feed is one `LiveFrame`, or with `batch_ms` a list of them, or a `LiveNotice`. Frames have a
 * `seq`; notices have one of the types below.
 */
import { z } from 'zod';
import { LiveFrame } from '../events.ts';

export const SUBJECTS_MAX = 32;

/** A filter on events: `evt.<tenant>.…` with `*` for one token and `>` for the rest. */
export const SubjectFilter = z
  .string()
  .max(512)
  .regex(
    /^evt\.(?:(?:[A-Za-z0-9_-]+|\*)\.)*(?:[A-Za-z0-9_-]+|\*|>)$/,
    'evt.<tenant>.<type>.<id>.<name>, with "*" for one token and ">" at the end for the rest',
  );

const Subjects = z.array(SubjectFilter).min(1).max(SUBJECTS_MAX);
const AfterSeq = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

const AfterSeqText = z.coerce.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

/** The query of `/ws`. */
export const LiveQuery = z.object({
  subjects: z
    .preprocess((value) => (typeof value === 'string' ? value.split(',') : value), Subjects)
    .optional()
    .describe('Filters, parted by commas. Without: everything of the tenant.'),
  after: AfterSeqText.optional().describe(
    'Go on after this `seq`: past events first, then live ones, none left out and none twice.',
  ),
  batch_ms: z.coerce
    .number()
    .int()
    .min(0)
    .max(1_000)
    .default(0)
    .describe('Gather frames for so long and send them as one list. 0: each frame by itself.'),
});

/** What a viewer may send: other filters, from now on or after a sequence. */
export const LiveRequest = z.object({
  type: z.literal('subscribe'),
  subjects: Subjects,
  after: AfterSeq.optional(),
});
export type LiveRequest = z.infer<typeof LiveRequest>;

export const LiveNotice = z.discriminatedUnion('type', [
  /** The filters hold from here on; `seq` is the newest that the gateway has seen. */
  z.object({ type: z.literal('subscribed'), subjects: z.array(z.string()), seq: z.number().int() }),
  /** Nothing more has happened up to `seq`. A viewer that hears nothing for three of these has lost its line. */
  z.object({ type: z.literal('alive'), seq: z.number().int(), timestamp: z.string() }),
  /** More was missed than is sent at once: what lies between is at the events routes. */
  z.object({ type: z.literal('gap'), after_seq: z.number().int(), before_seq: z.number().int().nullable() }),
  z.object({ type: z.literal('error'), code: z.string(), detail: z.string() }),
]);
export type LiveNotice = z.infer<typeof LiveNotice>;

export const EventsQuery = z.object({
  after: AfterSeqText.default(0).describe('Only events after this `seq`.'),
  limit: z.coerce.number().int().min(1).max(1_000).default(200).describe('At most so many.'),
});

export const LiveFrameView = LiveFrame.meta({
  id: 'Event',
  description: 'A record of what happened, with its place in the stream of all events.',
});

export const EventsPage = z
  .object({
    items: z.array(LiveFrameView).describe('Oldest first.'),
    next_after: z
      .number()
      .int()
      .nullable()
      .describe('Ask again with `after` set to this; null: that was all.'),
  })
  .meta({ id: 'EventsPage' });
