/** The person who looks at suspended actors, and now and then suspends one that did nothing wrong. */
import type { Caller } from './caller.ts';
import { accountAddress } from './kinds.ts';
import { ACCOUNT_IDS } from './workload.ts';
import type { World } from './world.ts';

/** Goes on after `isOver` with letting actors go on: nothing comes to rest before. */
export async function keepWatch(world: World, keeper: Caller, isOver: () => boolean): Promise<never> {
  const { random, clock } = world;
  for (;;) {
    await clock.sleep(random.between(200, 3_000) * (isOver() ? 1 : world.slowness));
    const stuck = world.store.rows.supervised.filter(({ status }) => status === 'suspended');
    for (const { address } of stuck) {
      world.count('resumed');
      await keeper.order(address, 'resume');
    }
    if (isOver() || !random.chance(world.suspendChance)) continue;
    world.count('suspended');
    await keeper.order(accountAddress(random.pick(ACCOUNT_IDS)), 'suspend');
  }
}
