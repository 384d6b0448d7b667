import { type MembershipsUnderTest, testMembership } from '../contracts/membership-contract.ts';
import { VirtualClock } from './clock.ts';
import { watchEventLoop } from './event-loop.ts';
import { HeartbeatNetwork, MemoryMembership } from './membership.ts';

async function open(): Promise<MembershipsUnderTest> {
  const loop = watchEventLoop();
  const clock = new VirtualClock({ idle: () => loop.idle() });
  const network = new HeartbeatNetwork();
  return {
    async join() {
      const dead = Promise.withResolvers<never>();
      let isDead = false;
      const sleep = async (ms: number, signal?: AbortSignal) => {
        await clock.sleep(ms, signal);
        return isDead ? dead.promise : undefined;
      };
      const membership = new MemoryMembership(network, { now: () => clock.now(), sleep });
      const kill = async () => {
        isDead = true;
        network.leave(membership);
      };
      return { membership, kill };
    },
    elapse: (ms) => clock.advance(ms),
    stop: async () => loop.stop(),
  };
}

testMembership(open);
