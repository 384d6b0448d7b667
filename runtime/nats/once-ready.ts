/** A cluster of NATS servers that just started answers before it has a leader, and before all its servers are known. */
import { setTimeout as sleep } from 'node:timers/promises';
import { JetStreamApiError } from '@nats-io/jetstream';
import type { Logger } from '../logger.ts';

const WITHIN_MS = 30_000;
const PAUSE_MS = 250;
const UNAVAILABLE = 503;
/** `no suitable peers for placement`: they are not all known yet. */
const NO_PEERS = 10_005;

/** Runs it again until JetStream is ready for it; what another moment would not mend is thrown at once. */
export async function onceReady<Value>(
  run: () => Promise<Value>,
  { logger, withinMs = WITHIN_MS }: { logger: Logger; withinMs?: number },
): Promise<Value> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (!isNotReady(error) || performance.now() > deadlineMs) throw error;
      logger.info({ reason: error.message }, 'JetStream is not ready yet, trying again');
      await sleep(PAUSE_MS);
    }
  }
}

function isNotReady(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  if (error instanceof JetStreamApiError) return error.status === UNAVAILABLE || error.code === NO_PEERS;
  return error.cause !== undefined && isNotReady(error.cause);
}
