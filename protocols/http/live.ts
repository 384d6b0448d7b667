/**
 * The live feed (`/ws`, `/events`) and past events on HTTP: what a viewer may say and what it gets.
 *
 * Over a WebSocket each message is a list of `LiveFrame`s or one `LiveNotice`. In an event stream each frame is an
 * event of its own with its `seq` as `id`, and a notice one without an id, named as its type.
 */
import { z } from 'zod';
import { ClusterChange } from '../cluster-change.ts';
import { LiveFrame } from '../events.ts';
import { EntityId } from '../ids.ts';
import { ADDRESS_TOKENS } from '../subjects.ts';

export const SUBJECTS_MAX = 32;

/** A filter on events: `evt.<tenant>.…` with `*` for one token and `>` for the rest. */
export const SubjectFilter = z
  .string()
  .max(512)
  .regex(
    new RegExp(`^evt\\.${ADDRESS_TOKENS}$`),
    'evt.<tenant>.<type>.<id>.<name>, with "*" for one token and ">" at the end for the rest',
  );

export const Subjects = z.array(SubjectFilter).min(1).max(SUBJECTS_MAX);
export const AfterSeq = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

const AfterSeqText = z.coerce.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

const Filters = {
  subjects: z
    .preprocess((value) => (typeof value === 'string' ? value.split(',') : value), Subjects)
    .optional()
    .describe('Filters, parted by commas. Without: all that the path shows.'),
  after: AfterSeqText.optional().describe(
    'Go on after this `seq`: past events first, then live ones, none left out and none twice.',
  ),
};

const Acks = z
  // A socket's query is parsed by its door too, so that faults can be told in a frame.
  .preprocess((value) => (value === 'true' ? true : value === 'false' ? false : value), z.boolean())
  .default(false)
  .describe('Lists count as waiting until they are acknowledged: `{"type": "ack", "seq": …}`.');

/** The query of the feed's event streams. */
export const StreamQuery = z.object(Filters);

/** The query of the feed's WebSockets. */
export const LiveQuery = z.object({ ...Filters, acks: Acks });
export type LiveQuery = z.infer<typeof LiveQuery>;

/** What a browser's EventSource sends when it comes again: it goes before `after`, which is its address of old. */
export const EventStreamHeaders = z.object({
  'last-event-id': z
    .preprocess((value) => (value === '' ? undefined : value), AfterSeqText.optional())
    .describe('The last `id` that was heard; goes before `after`.'),
});

/** A path of the feed that shows one session, agent or task. */
export const LiveParams = z.object({ id: EntityId.describe('Id of what is watched.') });

/** Why what lies between two sequences does not come. */
export const GapReason = z.enum([
  /** The log no longer has it. */
  'expired',
  /** It is more than one resume sends. */
  'too_many',
  /** The viewer was past the end of the log, which therefore began anew. */
  'ahead',
]);

export type GapReason = z.infer<typeof GapReason>;

export const LiveNotice = z.discriminatedUnion('type', [
  /** The filters hold from here on; `seq` is the newest that the gateway has seen. */
  z.object({ type: z.literal('subscribed'), subjects: z.array(z.string()), seq: z.number().int() }),
  /** Nothing more has happened up to `seq`. A viewer that hears nothing for three of these has lost its line. */
  z.object({ type: z.literal('alive'), seq: z.number().int(), timestamp: z.string() }),
  /** What lies between these two does not come: load anew what was made of events. */
  z.object({
    type: z.literal('gap'),
    reason: GapReason,
    after_seq: z.number().int(),
    before_seq: z.number().int(),
    detail: z.string(),
  }),
  /**
   * This viewer reads too slowly: of the events after `after_seq` up to `through_seq`, so many were left out, by type.
   * Those that are not counted here come. All are still in the log.
   */
  z.object({
    type: z.literal('thinned'),
    after_seq: z.number().int(),
    through_seq: z.number().int(),
    left_out: z.number().int(),
    by_type: z.record(z.string(), z.number().int()),
  }),
  /** What became of nodes and partitions, as this gateway heard it; in no log. */
  z.object({ type: z.literal('cluster'), changes: z.array(ClusterChange) }),
  /** The gateway closes now; come again after so long, at another one or when it is there again. */
  z.object({ type: z.literal('leaving'), retry_after_ms: z.number().int() }),
  z.object({ type: z.literal('error'), code: z.string(), detail: z.string() }),
  /** The last word of an event stream; a WebSocket has its close code and reason for this. */
  z.object({ type: z.literal('closed'), code: z.number().int(), detail: z.string() }),
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
