/** Locks on HTTP: who holds what, who waits, and what may be asked. */
import { z } from 'zod';
import { LOCK_LIMITS, LockAnswer, LockName, LockOwner, LockRequestId, LockToken } from '../lock.ts';
import { LockView as HeldLock } from '../lock-view.ts';
import { TaskPriority } from '../task.ts';
import { PAGE_SIZE_MAX } from './page.ts';

/** The longest that an answer is held back while its lock is waited for. */
export const LOCK_ANSWER_SECONDS_MAX = 25;
const SILENT_MS_DEFAULT = 30_000;

const at = '2026-01-01T00:00:00.000Z';
const until = '2026-01-01T00:01:00.000Z';

/** One of several holders that act for the same person or program. No `/`: it stands behind one in the owner. */
const Holder = z
  .string()
  .regex(/^[A-Za-z0-9._:@-]{1,64}$/, '1 to 64 letters, digits, ".", "_", ":", "@" or "-"')
  .describe(
    'Which of your processes this is. The owner is then `<you>/<holder>`: two of them exclude each other.',
  );

const requestId = LockRequestId.describe(
  'Your own name for this one acquire. Said again, it is the same request.',
);
const token = LockToken.describe('The fencing token of the grant that is meant.');
const ttlMs = z
  .number()
  .int()
  .min(LOCK_LIMITS.ttlMsMin)
  .max(LOCK_LIMITS.ttlMsMax)
  .describe('How long the lease is, in ms.');

export const LockParams = z.object({
  name: LockName.describe('Name of the lock, percent-encoded: `repo%2Fmain`.'),
});
export const LockRequestParams = LockParams.extend({ request_id: requestId });
export const LockRequestQuery = z.object({ holder: Holder.optional() });

export const LockListQuery = z.object({
  owner: LockOwner.optional().describe('Only locks of this owner.'),
  prefix: z.string().max(LOCK_LIMITS.nameCharsMax).optional().describe('Only names that begin so.'),
  search: z.string().trim().max(200).optional().describe('Only names that contain this.'),
  waited: z
    .stringbool()
    .optional()
    .describe('Only locks that somebody waits for, or only those that nobody does.'),
  cursor: z
    .string()
    .regex(/^[1-9][0-9]{0,15}$/, 'a `next_cursor` of this list')
    .optional()
    .describe('`next_cursor` of the page before.'),
  limit: z.coerce.number().int().min(1).max(PAGE_SIZE_MAX).default(20).describe('Locks on a page.'),
});

const held = {
  name: 'repo/main',
  owner: 'user:dev/ci-17',
  token: 42,
  count: 1,
  age_ms: 15_000,
  acquired_at: at,
  expires_at: until,
  waiters: [
    { owner: 'task/t-1/1', request_id: 'r-1', priority: 'normal', waits_since: at, waits_until: until },
  ],
} as const;

export const LockView = HeldLock.meta({
  id: 'Lock',
  description:
    'A lock that is held, and who waits for it, next one first. A lock that nobody holds is not there.',
  examples: [held],
});

export const LockPage = z
  .object({
    items: z.array(LockView),
    next_cursor: z.string().nullable().describe('Where the next page begins; null: this is the last.'),
    total: z.number().int().describe('How many locks match in all.'),
  })
  .meta({ id: 'LockPage', description: 'Locks in the order in which they were granted.' });

export const LockAnswerView = LockAnswer.meta({
  id: 'LockRequest',
  description: 'What became of a request so far.',
  examples: [
    {
      state: 'granted',
      name: 'repo/main',
      owner: 'user:dev/ci-17',
      request_id: 'r-1',
      token: 42,
      count: 1,
      expires_at: until,
    },
    {
      state: 'waiting',
      name: 'repo/main',
      owner: 'user:dev/ci-18',
      request_id: 'r-2',
      position: 1,
      waits_until: until,
    },
  ],
});

export const LockAcquireBody = z.preprocess(
  (body) => body ?? {},
  z
    .object({
      holder: Holder.optional(),
      request_id: requestId.optional(),
      ttl_ms: ttlMs.default(60_000),
      priority: TaskPriority.default('normal').describe(
        'Higher ones go first, equals in the order they asked.',
      ),
      wait_ms: z
        .number()
        .int()
        .min(0)
        .max(LOCK_LIMITS.waitMsMax)
        .default(0)
        .describe('How long to stay in the queue of a lock that is held. 0: not at all.'),
      silent_ms: z
        .number()
        .int()
        .min(LOCK_LIMITS.silentMsMin)
        .max(LOCK_LIMITS.silentMsMax)
        .default(SILENT_MS_DEFAULT)
        .describe('Who waits and does not ask again for so long has lost its place.'),
    })
    .meta({ examples: [{ holder: 'ci-17', request_id: 'r-1', ttl_ms: 60_000, wait_ms: 300_000 }] }),
);

export const LockRenewBody = z
  .object({
    token,
    holder: Holder.optional(),
    ttl_ms: ttlMs.optional().describe('From now on, in ms; as long as at first if left out. Never shorter.'),
  })
  .meta({ examples: [{ token: 42, holder: 'ci-17' }] });

export const LockReleaseBody = z
  .object({ token: token.optional(), request_id: requestId.optional(), holder: Holder.optional() })
  .refine((body) => body.token !== undefined || body.request_id !== undefined, {
    path: ['token'],
    message: 'name the token or the request that is meant',
  })
  .meta({ examples: [{ token: 42, holder: 'ci-17' }, { request_id: 'r-1' }] });

export const LockBreakBody = z
  .object({
    token,
    reason: z.string().trim().min(1).max(500).describe('Kept in the audit, beside who did it.'),
  })
  .meta({ examples: [{ token: 42, reason: 'the machine is gone' }] });

export const LockLease = z
  .object({
    name: LockName,
    owner: LockOwner,
    token: LockToken,
    count: z.number().int(),
    expires_at: z.iso.datetime(),
  })
  .meta({ id: 'LockLease', description: 'The lease as it is now.' });

export const LockBroken = z
  .object({ name: LockName, owner: LockOwner, token: LockToken, broken: z.literal(true) })
  .meta({ id: 'LockBroken', description: 'Whose grant was taken away.' });
