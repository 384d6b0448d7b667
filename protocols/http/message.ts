/** Messages between actors on HTTP: as they stand in the partitions' logs, with what caused them and what they caused. */
import { z } from 'zod';
import { AddressText } from '../address.ts';
import { MessageFrame, MetricsFrame } from './lanes.ts';
import { LiveFrameView } from './live.ts';

const Lane = z.enum(['data', 'control']);
const Seq = z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER);
const Time = z.iso.datetime({ offset: true });

export const MESSAGES_MAX = 500;

export const MessageFrameView = MessageFrame.meta({
  id: 'Message',
  description: 'A message between actors, by what it says of itself; without its body.',
  examples: [
    {
      lane: 'data',
      seq: 812,
      type: 'message',
      subject: 'tap.dev.task.0190a3c8-1111-7c7e-9d44-6a1f0a5b2c3d.start',
      timestamp: '2026-01-01T00:00:00.000Z',
      payload: {
        id: 'e.3.17.data.99',
        to: 'task/dev/0190a3c8-1111-7c7e-9d44-6a1f0a5b2c3d',
        message: 'start',
        source: 'effect',
        by: 'session/dev/0190a3c8-2222-7c7e-9d44-6a1f0a5b2c3d',
        cause: 'c.5f0c',
        root: 'c.5f0c',
        partition: 17,
        bytes: 412,
      },
    },
  ],
});

export const MessagesQuery = z.object({
  lane: Lane.default('data').describe('The lane whose log is read.'),
  after: Seq.optional().describe('Only what has a greater `seq`; goes before `since`.'),
  since: Time.optional().describe('Only what the log took then or later. Left out: the last minute.'),
  to: AddressText.optional().describe('Only to this actor: `type/tenant/id`.'),
  limit: z.coerce.number().int().min(1).max(MESSAGES_MAX).default(100).describe('At most so many.'),
});

export const MessagesPage = z
  .object({
    items: z.array(MessageFrameView).describe('Oldest first.'),
    next_after: z
      .number()
      .int()
      .nullable()
      .describe('Ask again with `after` set to this; null: that was all.'),
  })
  .meta({ id: 'MessagesPage' });

export const MessagePlaceParams = z.object({
  lane: Lane.describe('The lane whose log has it.'),
  seq: Seq.describe("Its place in the lane's log."),
});

export const MessageParams = z.object({
  id: z
    .string()
    .regex(/^[\x21-\x7e]{1,256}$/, 'printable ASCII, at most 256 characters')
    .describe('Id of the message: `cause` or `root` of another one, or of an event.'),
});

export const MessageHint = z.object({
  to: AddressText.optional().describe('Whom it went to: of the cause of an event the actor of that event.'),
  at: Time.optional().describe(
    'When the log took it, or a little before; the time of an event is that of its cause.',
  ),
});

export const MessageView = z
  .object({
    message: MessageFrameView,
    body: z.record(z.string(), z.unknown()).describe('The message itself.'),
    headers: z
      .record(z.string(), z.string())
      .describe('What else stands with it: its number, its timer, its trace, who waits for an answer.'),
    caused_by: MessageFrameView.nullable().describe(
      'The message whose turn sent it; null: nothing did, or the log no longer has it.',
    ),
    caused: z.object({
      messages: z.array(MessageFrameView).describe('What its turn sent to actors.'),
      events: z.array(LiveFrameView).describe('What its turn recorded.'),
      is_whole: z.boolean().describe('False: there was too much to be looked through for all of it.'),
    }),
  })
  .meta({ id: 'MessageDetail', description: 'A message, where it came from and what came of it.' });

export const TrafficView = z
  .object({
    is_reading: z.boolean().describe('Whether messages are read now; they are only while somebody watches.'),
    ...MetricsFrame.omit({ type: true }).shape,
  })
  .meta({
    id: 'Traffic',
    description: 'What this gateway heard in each of the last 60 seconds, by kind of message.',
    examples: [
      {
        is_reading: true,
        timestamp: '2026-01-01T00:00:00.000Z',
        messages_since: 1_767_225_590,
        seconds: [{ second: 1_767_225_600, counts: { 'evt.dev.session.*.transitioned': 12 } }],
      },
    ],
  });
