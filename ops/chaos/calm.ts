/** When a system has come through: all partitions owned, nothing waits, every replica current. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from './stage.ts';

const LOOK_EVERY_MS = 50;
const REPLICAS_MS = 60_000;

/** Resolves with the time until the lag was 0 for a moment, under load; throws, saying what is not, after `withinMs`. */
export async function untilCaughtUp(stage: Stage, withinMs: number): Promise<number> {
  const beganMs = performance.now();
  await until(withinMs, async () => {
    const health = await stage.client.health();
    if (health.owned < health.partitions || health.partitions === 0) {
      return `${health.owned} of ${health.partitions} partitions are owned`;
    }
    const lag = health.nodes.reduce((sum, node) => sum + node.lag, 0);
    return lag > 0 ? `the lag is ${lag}` : null;
  });
  return performance.now() - beganMs;
}

/** Everything that was started is there again: the next fault finds a whole system. */
export async function untilWhole(stage: Stage): Promise<void> {
  await stage.nats.untilWhole(REPLICAS_MS);
  await until(REPLICAS_MS, async () => {
    const { nodes } = await stage.client.health();
    return nodes.length < stage.nodes.length ? `${nodes.length} nodes are heard` : null;
  });
}

/** Nothing is asked any more: no effect is under way and no timer waits. */
export async function untilRest(stage: Stage, withinMs: number): Promise<void> {
  await untilCaughtUp(stage, withinMs);
  await until(withinMs, async () => {
    const [row] = await stage.sql<{ outbox: number; timers: number }[]>`
      SELECT (SELECT count(*)::int FROM outbox) AS outbox,
             (SELECT count(*)::int FROM timers WHERE type <> 'lock') AS timers`;
    const { outbox, timers } = row ?? { outbox: 0, timers: 0 };
    return outbox + timers > 0 ? `${outbox} rows in the outbox, ${timers} timers` : null;
  });
}

/** `check` says what is not yet so, or null. One that throws, as without Postgres, is asked again. */
async function until(withinMs: number, check: () => Promise<string | null>): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const what = await check().catch((error: unknown) => String(error));
    if (what === null) return;
    if (performance.now() > deadlineMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(LOOK_EVERY_MS);
  }
}
