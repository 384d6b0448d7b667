import { testPast } from '../contracts/past-contract.ts';
import { CONTRACT_PARTITIONS, testStore } from '../contracts/store-contract.ts';
import { testStoreRows } from '../contracts/store-rows-contract.ts';
import { testStoreTimers } from '../contracts/store-timers-contract.ts';
import { testSupervisionRows } from '../contracts/supervision-contract.ts';
import { VirtualClock } from './clock.ts';
import { MemoryStore } from './store.ts';

async function open() {
  const clock = new VirtualClock({ idle: () => Promise.resolve() });
  const store = new MemoryStore({ clock, partitionCount: CONTRACT_PARTITIONS });
  return {
    store,
    past: store.past,
    nowMs: () => clock.now(),
    elapse: (ms: number) => clock.advance(ms),
    stop: () => store.stop(),
  };
}

testStore(open);
testStoreRows(open);
testSupervisionRows(open);
testStoreTimers(open);
testPast(open);
