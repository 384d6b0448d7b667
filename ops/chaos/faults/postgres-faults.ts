/** Postgres dies with all its parts, and commits that are cut in their middle or right behind. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CutPlace } from '../commit-tap.ts';
import { ALL_PARTITIONS, busiest, type Fault, heldBy, type Scene } from '../fault.ts';

const DEAD_MS = 500;
const CUTS = 4;
const CUT_WITHIN_MS = 5_000;
const BETWEEN_CUTS_MS = 400;

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

export const COMMIT_CUT: Fault = {
  name: 'commit-cut',
  what: `the connection of a node breaks in the middle of a COMMIT, ${CUTS} times`,
  measured: 'the first cut → each of its partitions has answered',
  run: (scene) => cutCommits(scene, 'inside'),
};

export const COMMIT_UNKNOWN: Fault = {
  name: 'commit-unknown',
  what: `the connection of a node breaks after a COMMIT was sent, so that its outcome is unknown, ${CUTS} times`,
  measured: 'the first cut → each of its partitions has answered',
  run: (scene) => cutCommits(scene, 'behind'),
};

async function cutCommits({ stage, probe }: Scene, place: CutPlace): Promise<void> {
  const node = await busiest(stage);
  const { commits } = node.access;
  const partitions = await heldBy(stage, node);
  try {
    for (let cut = 1; cut <= CUTS; cut++) {
      const before = commits.cuts;
      commits.arm(place);
      const deadlineMs = performance.now() + CUT_WITHIN_MS;
      while (commits.cuts === before) {
        if (performance.now() > deadlineMs) throw new Error(`${node.name} made no commit that could be cut`);
        await sleep(2);
      }
      if (cut === 1) probe(partitions);
      await sleep(BETWEEN_CUTS_MS);
    }
  } finally {
    commits.disarm();
  }
}
