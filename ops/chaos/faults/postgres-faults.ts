/** Postgres dies with all its parts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ALL_PARTITIONS, type Fault } from '../fault.ts';

const DEAD_MS = 500;

export const POSTGRES_KILL: Fault = {
  name: 'postgres-kill',
  what: 'SIGKILL of Postgres with all its processes, and a start: it recovers from its log',
  measured: 'the signal → every partition has answered',
  async run({ stage: { database }, probe }) {
    probe(ALL_PARTITIONS);
    await database.kill();
    await sleep(DEAD_MS);
    await database.start();
  },
};
