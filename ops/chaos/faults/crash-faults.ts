/** Nodes that die at a named point (`runtime/failpoints.ts`), one node beside the other, each point after the other. */
import { setTimeout as sleep } from 'node:timers/promises';
import { FAILPOINTS, type Failpoint } from '#runtime/failpoints.ts';
import type { ChaosNode } from '../chaos-node.ts';
import { type Fault, heldBy, type Scene } from '../fault.ts';
import type { Stage } from '../stage.ts';

/** Trimming happens four times a minute: these points have a node for themselves. */
const SLOW: ReadonlySet<Failpoint> = new Set(['trim.before', 'trim.after']);
/** Reached only when a node leaves. */
const LEAVING: ReadonlySet<Failpoint> = new Set(['release.before', 'release.after']);
/** Reached a few times a second at most, so it dies at one of the first. */
const RARE: ReadonlySet<Failpoint> = new Set(['timers.read', 'settle.before', 'settle.after']);
const TIMES_MAX = { rare: 3, often: 20 } as const;
const REACHED_WITHIN_MS = 75_000;
const LOOK_EVERY_MS = 100;

export const CRASH: Fault = {
  name: 'crash',
  what: `a node kills itself at each of ${FAILPOINTS.length} named points between the store, the log and itself`,
  measured: 'its death → each partition that was still its own has answered',
  async run(scene) {
    const [slowNode, ...quickNodes] = scene.stage.nodes;
    if (!slowNode) throw new Error('there are nodes');
    const quick = FAILPOINTS.filter((point) => !SLOW.has(point));
    const shares = quickNodes.map((node, own) => ({
      node,
      points: quick.filter((_, index) => index % quickNodes.length === own),
    }));
    const all = [{ node: slowNode, points: [...SLOW] }, ...shares];
    // Each to its end, also beside one that failed: whoever measures the healing must find nobody who still kills.
    const ends = await Promise.allSettled(all.map(({ node, points }) => crashAtEach(scene, node, points)));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  },
};

async function crashAtEach(scene: Scene, node: ChaosNode, points: readonly Failpoint[]): Promise<void> {
  await node.stop();
  try {
    for (const point of points) {
      await crashAt(scene, node, point);
    }
  } finally {
    await node.start();
  }
}

async function crashAt(
  { stage, random, probe, tell }: Scene,
  node: ChaosNode,
  point: Failpoint,
): Promise<void> {
  const isOnce = SLOW.has(point) || LEAVING.has(point);
  const time = isOnce ? 1 : random.between(1, RARE.has(point) ? TIMES_MAX.rare : TIMES_MAX.often);
  const setting = `${point}:${time}`;
  const { ready, exited } = await node.begin({ OIO_FAILPOINT: setting });
  if (LEAVING.has(point)) {
    await ready;
    await untilItHolds(stage, node);
    node.signal('SIGTERM');
  }
  // It may die before it is ready: that is no failure here.
  ready.catch(() => undefined);
  const isLate = await Promise.race([exited.then(() => false), sleep(REACHED_WITHIN_MS, true)]);
  if (isLate) await node.kill();
  if (isLate || node.failpointReached === null) throw new Error(`${node.name} never came to ${setting}`);
  tell(`${node.name} died at ${setting}`);
  probe(await heldBy(stage, node));
}

/** What has nothing to release never comes to a release: a node that joins is given its share slowly. */
async function untilItHolds({ sql }: Stage, node: ChaosNode): Promise<void> {
  const deadlineMs = performance.now() + REACHED_WITHIN_MS;
  for (;;) {
    const [row] = await sql<{ held: number }[]>`
      SELECT count(*)::int AS held FROM partitions WHERE owner = ${node.id}`;
    if (row && row.held > 0) return;
    if (performance.now() > deadlineMs) throw new Error(`${node.name} was given no partition`);
    await sleep(LOOK_EVERY_MS);
  }
}
