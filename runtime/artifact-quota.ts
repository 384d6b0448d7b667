/** Whether a tenant may store another artifact: asked before its first piece is stored, and again before it is made known. */
import { z } from 'zod';
import type { Intake } from '#protocols/eap/intake.ts';
import type { Failure } from '#protocols/failure.ts';
import { QUOTA_DEFAULT, Quota } from '#protocols/quota.ts';
import { SCHEDULER_ID } from '#protocols/scheduler.ts';
import { artifactsFull, NOTHING_USED, Used } from '#protocols/usage-quota.ts';
import type { Client } from './client.ts';

/** What must be known of the tenant's scheduler here. */
const Counted = z.object({
  quota: Quota.default(QUOTA_DEFAULT),
  used: Used.default(NOTHING_USED),
});

/** Why it may not; null: it may. What others store meanwhile is counted when it is there. */
export async function refuseArtifact(
  client: Pick<Client, 'get'>,
  tenant: string,
  { artifact, message }: Pick<Intake, 'artifact' | 'message'>,
): Promise<Failure | null> {
  if (!artifact || !(artifact.isFirst || message)) return null;
  const stored = await client.get({ type: 'scheduler', tenant, id: SCHEDULER_ID });
  return artifactsFull(Counted.parse(stored?.state ?? {}), artifact.sizeBytes);
}
