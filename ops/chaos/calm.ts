/** When a system has come through: all partitions owned, every replica current, nothing waits. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from './stage.ts';

const LOOK_EVERY_MS = 50;
const WHOLE_WITHIN_MS = 60_000;

/** Every partition has an owner, every server and node is there, every replica is current: ready for the next fault. */
export async function untilWhole(stage: Stage): Promise<void> {
  await stage.nats.untilWhole(WHOLE_WITHIN_MS);
  await until(WHOLE_WITHIN_MS, async () => {
    const { nodes, owned, partitions } = await stage.client.health();
    if (owned < partitions || partitions === 0) return `${owned} of ${partitions} partitions are owned`;
    return nodes.length < stage.nodes.length ? `${nodes.length} nodes are heard` : null;
  });
}

/** Nothing is asked any more: no effect is under way and no timer waits. */
export async function untilRest(stage: Stage, withinMs: number): Promise<void> {
  await until(withinMs, async () => {
    const { nodes } = await stage.client.health();
    const lag = nodes.reduce((sum, node) => sum + node.lag, 0);
    return lag > 0 ? `the lag is ${lag}` : null;
  });
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
