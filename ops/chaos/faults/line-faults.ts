/** Lines between nodes and servers: cut, refused, silent, slow. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosNode } from '../chaos-node.ts';
import { busiest, type Fault, heldBy, type Scene } from '../fault.ts';

const CUTS = 12;
const BETWEEN_CUTS_MS = { least: 80, most: 500 } as const;
const REFUSED_MS = 3_000;
const SILENT_MS = 5_000;
const SLOW_MS = 4_000;
const DELAY_MS = 120;
const FROM_FAULT = 'the fault → each partition of the node has answered';

export const CUT: Fault = {
  name: 'cut',
  what: `all connections of the busiest node break at once, ${CUTS} times, and the last time nobody takes its calls for a while`,
  measured: FROM_FAULT,
  run: (scene) =>
    onBusiest(scene, async (node) => {
      for (let cut = 1; cut <= CUTS; cut++) {
        for (const proxy of node.access.all) {
          proxy.refuse(cut === CUTS);
          proxy.cut();
        }
        await sleep(
          cut === CUTS ? REFUSED_MS : scene.random.between(BETWEEN_CUTS_MS.least, BETWEEN_CUTS_MS.most),
        );
      }
    }),
};

export const SILENT_NATS: Fault = {
  name: 'silent-nats',
  what: 'nothing goes through any more between a node and the NATS servers, and nobody is told',
  measured: FROM_FAULT,
  run: (scene) =>
    onBusiest(scene, async (node) => {
      for (const proxy of node.access.nats) proxy.silence(true);
      await sleep(SILENT_MS);
    }),
};

export const SILENT_POSTGRES: Fault = {
  name: 'silent-postgres',
  what: 'nothing goes through any more between a node and Postgres, and nobody is told',
  measured: FROM_FAULT,
  run: (scene) =>
    onBusiest(scene, async (node) => {
      node.access.postgres.silence(true);
      await sleep(SILENT_MS);
    }),
};

export const SLOW: Fault = {
  name: 'slow',
  what: `everything between a node and the servers takes ${DELAY_MS} ms longer, in both directions`,
  measured: FROM_FAULT,
  run: (scene) =>
    onBusiest(scene, async (node) => {
      for (const proxy of node.access.all) proxy.delay(DELAY_MS);
      await sleep(SLOW_MS);
    }),
};

export const CLIENT_CUT: Fault = {
  name: 'client-cut',
  what: 'all connections of the callers break, and nobody takes their calls for a while',
  measured: 'the fault → every partition has answered',
  async run({ stage: { clientAccess }, probe, random }) {
    for (const proxy of clientAccess.all) {
      proxy.refuse(true);
      proxy.cut();
    }
    probe([random.below(8), 20, 40, 60]);
    await sleep(REFUSED_MS);
    clientAccess.heal();
  },
};

async function onBusiest({ stage, probe }: Scene, hurt: (node: ChaosNode) => Promise<void>): Promise<void> {
  const node = await busiest(stage);
  const partitions = await heldBy(stage, node);
  try {
    const hurting = hurt(node);
    probe(partitions);
    await hurting;
  } finally {
    node.access.heal();
  }
}
