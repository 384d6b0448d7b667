/** Nodes that die and nodes that sleep. */
import { setTimeout as sleep } from 'node:timers/promises';
import { busiest, type Fault, heldBy } from '../fault.ts';

const DEAD_MS = 2_000;
/** Four leases: its partitions are somebody else's when it wakes. */
const ASLEEP_MS = 4_000;
/** Work that was under way when the signal came must not count as the next owner's. */
const STEP_MS = 5;

export const NODE_KILL: Fault = {
  name: 'node-kill',
  what: 'SIGKILL of the node with most partitions, then a new one in its place',
  measured: 'the signal → each of its partitions has answered by its next owner',
  async run({ stage, probe }) {
    const node = await busiest(stage);
    const partitions = await heldBy(stage, node);
    node.signal('SIGKILL');
    await sleep(STEP_MS);
    probe(partitions);
    await node.exited();
    await sleep(DEAD_MS);
    await node.start();
  },
};

export const NODE_PAUSE: Fault = {
  name: 'node-pause',
  what: 'SIGSTOP of the node with most partitions for four leases, then SIGCONT: it wakes as a zombie',
  measured: 'the signal → each of its partitions has answered by its next owner',
  async run({ stage, probe }) {
    const node = await busiest(stage);
    const partitions = await heldBy(stage, node);
    node.signal('SIGSTOP');
    await sleep(STEP_MS);
    probe(partitions);
    await sleep(ASLEEP_MS);
    node.signal('SIGCONT');
  },
};
