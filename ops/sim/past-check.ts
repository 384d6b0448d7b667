/**
 * What the commits recorded of themselves is enough to fold every actor again (invariant 7), by the runtime's own means:
 * `fold.ts` looks on at each commit by other rules, this one comes after everything and has only what was kept.
 */
import { formatAddress } from '#protocols/address.ts';
import { partitionOf } from '#protocols/partition.ts';
import { checkFold } from '#runtime/fold-check.ts';
import { KINDS } from './kinds.ts';
import type { World } from './world.ts';

const MESSAGES_MAX = 1_000_000;

export async function checkPast(world: World): Promise<void> {
  const { store, log, partitionCount } = world;
  const ports = {
    past: store.past,
    log,
    kinds: new Map(KINDS.map((kind) => [kind.type, kind])),
    partitionCount,
    messagesMax: MESSAGES_MAX,
    code: 'memory',
  };
  for (const { address } of store.rows.actors) {
    const verdict = await checkFold(ports, address);
    world.count(`folded ${verdict.type}`);
    const name = formatAddress(address);
    if (verdict.type === 'different') world.violated(`past: ${name}: ${verdict.difference}`);
    if (verdict.type !== 'not_kept' || !world.fold.isLogWhole) continue;
    const first = await store.past.batches(partitionOf(address, partitionCount), {
      after: -1,
      before: Number.MAX_SAFE_INTEGER,
      limit: 1,
    });
    // Nothing was trimmed, and nothing was lost: all of it must be there.
    if (first[0]?.batch === 0) world.violated(`past: ${name} can't be folded: ${verdict.reason}`);
  }
}
