import { testDeadLetters } from '../contracts/dead-letters-contract.ts';
import { CONTRACT_PARTITIONS } from '../contracts/store-contract.ts';
import { VirtualClock } from './clock.ts';
import { MemoryStore } from './store.ts';

testDeadLetters(async () => {
  const clock = new VirtualClock({ idle: () => Promise.resolve() });
  const store = new MemoryStore({ clock, partitionCount: CONTRACT_PARTITIONS });
  return { store, letters: store.letters, stop: () => store.stop() };
});
