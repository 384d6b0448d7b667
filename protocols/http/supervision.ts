/** Suspended actors on HTTP: what is known of one, and what a person may order. */
import { z } from 'zod';
import { formatAddress } from '../address.ts';
import { type Supervised, SupervisionStatus } from '../supervision.ts';
import { PAGE_SIZE_MAX } from './page.ts';

const reason = z.string().trim().min(1).max(500);

export const SuspendBody = z
  .object({ reason: reason.describe('Why; kept with the actor, and shown to whoever is refused.') })
  .meta({ examples: [{ reason: 'it answers wrongly since the last deploy' }] });

export const ResumeActorBody = z.preprocess(
  (body) => body ?? {},
  z
    .object({
      reason: reason.default('resumed by a person').describe('Why; kept with the actor.'),
      mail: z
        .enum(['take', 'drop'])
        .default('take')
        .describe('The mail that was kept: handed over in its order, or set aside as dead letters.'),
    })
    .meta({ examples: [{ reason: 'the defect is mended', mail: 'take' }] }),
);

export const SuspendedQuery = z.object({
  limit: z.coerce.number().int().min(1).max(PAGE_SIZE_MAX).default(20).describe('How many at most.'),
});

export const SupervisionView = z
  .object({
    address: z.string(),
    status: SupervisionStatus.describe('`resuming`, `dropping`: the mail that was kept is being taken.'),
    reason: z.string().nullable(),
    by: z.string().nullable().describe('Who ordered it: `runtime`, or a person.'),
    since: z.string().nullable(),
    kept: z.number().int().describe('Messages that wait for it to go on.'),
    resumes: z.number().int().describe('How often it was let go on.'),
  })
  .meta({
    id: 'Supervision',
    description: 'Whether an actor takes its messages, and since when and why it does not.',
    examples: [
      {
        address: 'session/dev/0190a3c8-1111-7c7e-9d44-6a1f0a5b2c3d',
        status: 'suspended',
        reason: 'it answers wrongly since the last deploy',
        by: 'user:dev',
        since: '2026-01-01T00:00:00.000Z',
        kept: 3,
        resumes: 0,
      },
    ],
  });
export type SupervisionView = z.infer<typeof SupervisionView>;

export const SuspendedView = z
  .object({ items: z.array(SupervisionView) })
  .meta({ id: 'SuspendedActors', description: 'Actors that take nothing, those that changed last first.' });

export function toSupervisionView({
  address,
  status,
  reason,
  by,
  sinceMs,
  kept,
  resumes,
}: Supervised): SupervisionView {
  const since = sinceMs === 0 ? null : new Date(sinceMs).toISOString();
  const order = since === null ? { reason: null, by: null } : { reason, by };
  return { address: formatAddress(address), status, ...order, since, kept, resumes };
}
