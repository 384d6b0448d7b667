/** Dead letters on HTTP: what may be asked of them and how they are shown. */
import { z } from 'zod';
import { ActorType, AddressText } from '../address.ts';
import { LetterReason, LetterStatus, ReplayResult } from '../dead-letter.ts';
import { Message } from '../envelope.ts';
import { Reply } from '../failure.ts';
import { Reason } from '../session-acts.ts';
import { listOf, PageSize } from './page.ts';

export const LETTERS_IN_BULK_MAX = 200;

const LetterId = z.uuid();
const version = z.number().int().positive().optional().describe('The version that was read; or in If-Match.');
const reason = Reason.describe('Why; kept with the letter.');

export const LetterParams = z.object({ id: LetterId.describe('Id of the letter.') });

const filterFields = {
  reason: listOf(LetterReason).optional().describe('Only these reasons; repeated or parted by commas.'),
  address: AddressText.optional().describe('Only those for this actor: type/tenant/id.'),
  type: ActorType.optional().describe('Only those for actors of this type.'),
  group: z
    .string()
    .regex(/^[0-9a-f]{1,16}$/)
    .optional()
    .describe('Only those of this cause.'),
};

const isTrue = z.enum(['true', 'false']).transform((text) => text === 'true');

export const LetterGroupsQuery = z.object({
  status: listOf(LetterStatus).optional().describe('Only these; repeated or parted by commas.'),
  ...filterFields,
  unaddressed: isTrue.default(false).describe('Those that name no address, in place of all others.'),
  page_size: PageSize,
});
export type LetterGroupsQuery = z.infer<typeof LetterGroupsQuery>;

export const LetterListQuery = LetterGroupsQuery.extend({
  cursor: LetterId.optional().describe('`next_cursor` of the page before.'),
});

export const EditLetter = z
  .object({
    message: Message.describe('In place of the message that came.'),
    to: AddressText.optional().describe(
      'Whom it is for: type/tenant/id. Needed where what came does not say.',
    ),
    reason,
    version,
  })
  .meta({
    id: 'EditLetter',
    description: 'What shall be sent in place of what came. The original is kept, and who said it stays.',
    examples: [{ message: { type: 'add', by: 5 }, reason: 'the amount was text', version: 1 }],
  });

export const ActOnLetter = z
  .object({ reason, version })
  .meta({ id: 'ActOnLetter', examples: [{ reason: 'the defect is mended', version: 2 }] });

export const BulkLetters = z
  .object({
    act: z.enum(['replay', 'drop']),
    ids: z.array(LetterId).min(1).max(LETTERS_IN_BULK_MAX).optional().describe('These letters.'),
    filter: z.object(filterFields).optional().describe('Or the open ones that fit, newest first.'),
    limit: z
      .number()
      .int()
      .min(1)
      .max(LETTERS_IN_BULK_MAX)
      .default(100)
      .describe('Of a filter: how many at most.'),
    reason,
  })
  .refine(({ ids, filter }) => (ids === undefined) !== (filter === undefined), {
    path: ['ids'],
    message: 'either ids or a filter',
  })
  .meta({
    id: 'BulkLetters',
    examples: [
      { act: 'replay', filter: { group: '0a1b2c3d4e5f6071' }, limit: 50, reason: 'mended in 1.4.2' },
    ],
  });

const AN_EXAMPLE = {
  id: '0190a3c8-5b1e-7c7e-9d44-6a1f0a5b2c3d',
  address: 'session/dev/0190a3c8-1111-7c7e-9d44-6a1f0a5b2c3d',
  actor_type: 'session',
  message_type: 'start',
  reason: 'defect',
  group: '0a1b2c3d4e5f6071',
  summary: 'TypeError: cannot read <text>',
  status: 'open' as const,
  version: 1,
  replays: 0,
  replays_left: 5,
  is_edited: false,
  state_version: 1,
  partition: 17,
  lane: 'data',
  seq: 40_221,
  failed_at: '2026-01-01T00:00:00.000Z',
  changed_at: '2026-01-01T00:00:00.000Z',
};

const summaryShape = z.object({
  id: LetterId,
  address: z.string().nullable().describe('Whom it was for; null where that can not be read.'),
  actor_type: z.string().nullable(),
  message_type: z.string().nullable(),
  reason: z
    .string()
    .describe('Of an open list: `defect`, `invalid_message`, `malformed`, `unknown_type` and others.'),
  group: z.string().describe('The same for letters of one cause.'),
  summary: z.string().describe('The error without ids, numbers and texts.'),
  status: LetterStatus.describe('`replaying`: sent again, and its outcome is not known yet.'),
  version: z.number().int(),
  replays: z.number().int(),
  replays_left: z.number().int(),
  is_edited: z.boolean(),
  state_version: z.number().int().nullable().describe('Of the state that the actor had.'),
  partition: z.number().int(),
  lane: z.string(),
  seq: z.number().int().describe('Its place in the log.'),
  failed_at: z.string(),
  changed_at: z.string(),
});

export const LetterSummaryView = summaryShape.meta({
  id: 'DeadLetterSummary',
  description: 'A message that was set aside.',
  examples: [AN_EXAMPLE],
});
export type LetterSummaryView = z.infer<typeof LetterSummaryView>;

export const LetterPage = z
  .object({
    items: z.array(LetterSummaryView).describe('Newest first.'),
    next_cursor: z.string().nullable().describe('For the next page; null: this is the last.'),
  })
  .meta({ id: 'DeadLetterPage' });

export const LetterView = summaryShape
  .extend({
    error: z.string(),
    body: z.unknown().describe('What came: the envelope, or the text where it is no JSON.'),
    edited: z.unknown().describe('The envelope that is sent in its place; null: what came.'),
    message_id: z.string().nullable(),
    source: z.string().nullable().describe('`command`, `effect`, `timer` or `system`.'),
    cause: z.string().nullable().describe('Id of the message whose turn sent this one.'),
    root: z.string().nullable().describe('Id of the first message of the chain.'),
    outcome: z
      .object({
        n: z.number().int().describe('Which replay.'),
        type: ReplayResult,
        reply: Reply.nullable().describe('What the actor answered; whoever asked at first has had an error.'),
      })
      .nullable()
      .describe('Of the last replay.'),
    acts: z
      .array(
        z.object({
          act: z.string(),
          version: z.number().int(),
          by: z.string(),
          reason: z.string(),
          at: z.string(),
          before: z.unknown().describe('What an edit replaced.'),
        }),
      )
      .describe('Who did what, when and why; oldest first.'),
  })
  .meta({ id: 'DeadLetter', description: 'A message that was set aside, in full.' });
export type LetterView = z.infer<typeof LetterView>;

export const LetterGroupList = z
  .object({
    items: z
      .array(
        z.object({
          group: z.string(),
          reason: z.string(),
          summary: z.string(),
          actor_type: z.string().nullable(),
          message_type: z.string().nullable(),
          counts: z.record(LetterStatus, z.number().int()),
          first_at: z.string(),
          last_at: z.string(),
        }),
      )
      .describe('Those with the most open letters first.'),
  })
  .meta({ id: 'DeadLetterGroups' });

export const BulkLettersResult = z
  .object({
    items: z.array(
      z.object({
        id: LetterId,
        ok: z.boolean(),
        code: z.string().nullable().describe('Of the failure.'),
        detail: z.string().nullable(),
      }),
    ),
    done: z.number().int(),
    refused: z.number().int(),
    is_whole: z.boolean().describe('Whether a filter had no more than these.'),
  })
  .meta({ id: 'BulkLettersResult' });
export type BulkLettersResult = z.infer<typeof BulkLettersResult>;
