/** Everything is restarted in order, one after the other, as an upgrade does it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ALL_PARTITIONS, type Fault } from '../fault.ts';

const WHOLE_WITHIN_MS = 60_000;
const SETTLES_MS = 1_500;

export const ROLLING: Fault = {
  name: 'rolling',
  what: 'each node, each NATS server (as a lame duck) and Postgres are stopped in order and started again, one by one',
  measured: 'each stop → every partition has answered',
  async run({ stage, probe, tell }) {
    for (const node of stage.nodes) {
      tell(`restarting ${node.name}`);
      probe(ALL_PARTITIONS);
      await node.stop();
      await node.start();
      await sleep(SETTLES_MS);
    }
    for (const member of stage.nats.members) {
      tell(`restarting ${member.name}`);
      probe(ALL_PARTITIONS);
      await member.retire();
      await member.start();
      await stage.nats.untilWhole(WHOLE_WITHIN_MS);
    }
    tell('restarting Postgres');
    probe(ALL_PARTITIONS);
    await stage.database.stop();
    await stage.database.start();
  },
};
