/** Connections that break at the worst byte: in or behind a COMMIT, in or behind a publication. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosNode } from '../chaos-node.ts';
import type { CutPlace } from '../commit-tap.ts';
import { busiest, type Fault, heldBy, type Scene } from '../fault.ts';

const CUTS = { commit: 4, publication: 8 } as const;
const CUT_WITHIN_MS = 10_000;
const BETWEEN_CUTS_MS = 400;
const MEASURED = 'the first cut → each partition of the node has answered';

export const COMMIT_CUT: Fault = {
  name: 'commit-cut',
  what: `the connection of a node breaks in the middle of a COMMIT, ${CUTS.commit} times`,
  measured: MEASURED,
  run: (scene) => cutAt(scene, { what: 'commit', place: 'inside' }),
};

export const COMMIT_UNKNOWN: Fault = {
  name: 'commit-unknown',
  what: `the connection of a node breaks after a COMMIT was sent, so that its outcome is unknown, ${CUTS.commit} times`,
  measured: MEASURED,
  run: (scene) => cutAt(scene, { what: 'commit', place: 'behind' }),
};

export const PUBLISH_CUT: Fault = {
  name: 'publish-cut',
  what: `the connection of a node breaks in the middle of an effect or an event on its way, ${CUTS.publication} times`,
  measured: MEASURED,
  run: (scene) => cutAt(scene, { what: 'publication', place: 'inside' }),
};

export const PUBLISH_UNKNOWN: Fault = {
  name: 'publish-unknown',
  what: `the connection of a node breaks behind an effect or an event on its way, before the log has said so, ${CUTS.publication} times`,
  measured: MEASURED,
  run: (scene) => cutAt(scene, { what: 'publication', place: 'behind' }),
};

interface Cut {
  readonly what: keyof typeof CUTS;
  readonly place: CutPlace;
}

async function cutAt({ stage, probe }: Scene, { what, place }: Cut): Promise<void> {
  const node = await busiest(stage);
  const tap = tapOf(node, what);
  const partitions = await heldBy(stage, node);
  try {
    for (let cut = 1; cut <= CUTS[what]; cut++) {
      const before = tap.cuts;
      tap.arm(place);
      const deadlineMs = performance.now() + CUT_WITHIN_MS;
      while (tap.cuts === before) {
        if (performance.now() > deadlineMs) throw new Error(`${node.name} made no ${what} that could be cut`);
        await sleep(2);
      }
      if (cut === 1) probe(partitions);
      await sleep(BETWEEN_CUTS_MS);
    }
  } finally {
    tap.disarm();
  }
}

function tapOf({ access }: ChaosNode, what: Cut['what']) {
  return what === 'commit' ? access.commits : access.publications;
}
