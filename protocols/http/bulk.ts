/** Work on many sessions at once, on HTTP: what is asked, and how far it is. */
import { z } from 'zod';
import {
  ACTS_NEEDING_REASON,
  ACTS_WITH_REASON,
  BULK_LIMITS,
  BulkAct,
  BulkItem,
  BulkJob,
  BulkState,
  countItems,
} from '../bulk.ts';
import { EntityId } from '../ids.ts';
import { SessionState } from '../session.ts';
import { Reason } from '../session-acts.ts';
import { listOf, PageNumber, PageSize, pageOf } from './page.ts';
import { CreateSession, SessionFilter } from './session.ts';

/** As the query of a list has it; in a body lists are lists. */
const BulkFilter = SessionFilter.extend({
  state: z.array(SessionState).max(SessionState.options.length).optional().describe('Only these states.'),
  tag: z.array(z.string().min(1).max(64)).max(20).optional().describe('Only those with all of these tags.'),
});

const fields = z.object({
  action: z.enum(['create', ...BulkAct.options]).describe('What is asked of each; `create` makes new ones.'),
  session_ids: z
    .array(EntityId)
    .min(1)
    .max(BULK_LIMITS.itemsMax)
    .optional()
    .describe('These sessions; one that is named twice is asked once.'),
  filter: BulkFilter.refine((filter) => Object.values(filter).some((part) => part !== undefined), {
    message: 'names nothing: say which sessions',
  })
    .optional()
    .describe(`The sessions that fit when the job begins, at most ${BULK_LIMITS.itemsMax}.`),
  reason: Reason.optional().describe('Why; kept with each session. `complete` and `fail` need one.'),
  sessions: z
    .array(CreateSession)
    .min(1)
    .max(BULK_LIMITS.createsMax)
    .optional()
    .describe('Of `create`: the new sessions.'),
  start: z.boolean().optional().describe('Of `create`: start each as soon as it is made.'),
});

/** What does not belong to the action is refused: it would be passed over in silence. */
export const CreateBulk = fields
  .superRefine((body, context) => {
    const refuse = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    const { action, session_ids, filter, reason, sessions, start } = body;
    if (action === 'create') {
      if (sessions === undefined) refuse('sessions', 'which sessions?');
      const others = { session_ids, filter, reason };
      for (const [name, part] of Object.entries(others)) {
        if (part !== undefined) refuse(name, 'does not go with create');
      }
      return;
    }
    if ((session_ids === undefined) === (filter === undefined)) {
      refuse('session_ids', 'either session_ids or filter');
    }
    if (reason === undefined && ACTS_NEEDING_REASON.has(action)) refuse('reason', `${action} needs a reason`);
    if (reason !== undefined && !ACTS_WITH_REASON.has(action)) refuse('reason', `${action} takes no reason`);
    if (sessions !== undefined) refuse('sessions', 'goes with create only');
    if (start !== undefined) refuse('start', 'goes with create only');
  })
  .meta({
    description: 'One act on many sessions: on a list or on all that fit a filter, or many new ones.',
    examples: [
      { action: 'stop', filter: { state: ['running'], tag: ['nightly'] }, reason: 'the model is down' },
    ],
  });
export type CreateBulk = z.infer<typeof CreateBulk>;

export const BulkParams = z.object({ job: EntityId.describe('Id of the job.') });

export const BulkListQuery = z.object({
  state: listOf(BulkState).optional().describe('Only these states; repeated or parted by commas.'),
  page: PageNumber,
  page_size: PageSize,
});

const count = z.number().int();

export const BulkProgress = z.object({
  total: count,
  waiting: count.describe('Not asked yet.'),
  asked: count.describe('Asked, and not answered yet.'),
  done: count,
  failed: count.describe('The session refused, or did not answer in time.'),
  skipped: count.describe('The job was cancelled before their turn.'),
  percent: z.number().int().min(0).max(100),
});

export const BulkSummary = BulkJob.omit({ items: true })
  .extend({ version: count.describe('Grows with each change; also the ETag.'), progress: BulkProgress })
  .meta({ id: 'BulkSummary', description: 'A job on many sessions, without what became of each.' });
export type BulkSummary = z.infer<typeof BulkSummary>;

export const BulkView = BulkSummary.extend({
  items: z
    .array(BulkItem.omit({ draft: true }))
    .describe('What became of each session, in the order in which they are asked.'),
}).meta({ id: 'Bulk', description: 'A job on many sessions, with what became of each.' });
export type BulkView = z.infer<typeof BulkView>;

export const BulkPage = pageOf('BulkPage', BulkSummary);

export function toBulkSummary({ items, ...job }: BulkJob, version: number): BulkSummary {
  const counts = countItems({ items });
  const over = counts.done + counts.failed + counts.skipped;
  const percent = items.length === 0 ? 100 : Math.floor((over * 100) / items.length);
  return { ...job, version, progress: { total: items.length, ...counts, percent } };
}

export function toBulkView(job: BulkJob, version: number): BulkView {
  return { ...toBulkSummary(job, version), items: job.items.map(({ draft, ...item }) => item) };
}
