/** The audit over HTTP: who did what by force. */
import { z } from 'zod';
import { AuditAct, AuditEntry } from '../audit.ts';
import { EntityId } from '../ids.ts';
import { listedPageOf, listOf, PageCursor, PageNumber, PageSize, Search, SortOrder } from './page.ts';

const Word = z.string().min(1).max(512).optional();

export const AuditParams = z.object({ id: EntityId.describe('Id of the entry.') });

export const AuditListQuery = z.object({
  act: listOf(AuditAct).optional().describe('Only these acts; repeated or parted by commas.'),
  target: Word.describe('Only what was done to this: the name of a lock.'),
  by: Word.describe('Only what they did: `user:…`.'),
  search: Search,
  sort: z.literal('created').default('created').describe('What to order by.'),
  order: SortOrder.default('desc'),
  page: PageNumber,
  page_size: PageSize,
  cursor: PageCursor,
});

export const AuditEntryView = AuditEntry.meta({
  id: 'AuditEntry',
  description: 'What somebody did by force, and why. It never changes.',
  examples: [
    {
      id: '0197a1b2-0000-7000-8000-000000000001',
      tenant_id: 'dev',
      at: '2026-01-01T00:12:00.000Z',
      by: 'user:anna',
      act: 'lock.broken',
      target: 'repo/main',
      reason: 'its machine is gone',
      before: { owner: 'task/t-1/1', token: 42, expires_at: '2026-01-01T00:12:30.000Z', waiting: 2 },
    },
  ],
});

export const AuditPage = listedPageOf('AuditPage', AuditEntryView);
