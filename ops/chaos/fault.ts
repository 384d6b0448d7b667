/** What a fault is, and what it may use. Each kind is an entry of `faults.ts`. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '#runtime/testing/random.ts';
import type { ChaosNode } from './chaos-node.ts';
import type { Stage } from './stage.ts';

export interface Scene {
  readonly stage: Stage;
  readonly random: Random;
  /** Asks each of these partitions now and takes the time until it has answered: the recovery times of this fault. */
  probe(partitions: readonly number[]): void;
  /** What is being done, for whoever watches. */
  tell(what: string): void;
}

export interface Fault {
  readonly name: string;
  readonly what: string;
  /** From when to when its recovery is measured. */
  readonly measured: string;
  /** Why it can't be had here; null where it can. */
  missing?(stage: Stage): string | null;
  /** Brings it about and heals it. Throws where it did not come about. */
  run(scene: Scene): Promise<void>;
}

const TRIES = 5;
const TRY_AGAIN_MS = 500;

export const ALL_PARTITIONS: readonly number[] = Array.from({ length: 64 }, (_, id) => id);

/** What the store says that a node holds, or the last process of that name did. */
export async function heldBy({ sql }: Stage, node: ChaosNode): Promise<number[]> {
  for (let tries = 1; ; tries++) {
    try {
      const rows = await sql<{ id: number }[]>`
        SELECT id FROM partitions WHERE owner LIKE ${`${node.name}.%`} ORDER BY id`;
      return rows.map(({ id }) => id);
    } catch (error) {
      // A connection from before the last fault: the next one is new.
      if (tries === TRIES) throw error;
      await sleep(TRY_AGAIN_MS);
    }
  }
}

/** Which nodes are up, the one with most partitions first. */
export async function busiest(stage: Stage): Promise<ChaosNode> {
  const held = await Promise.all(
    stage.nodes
      .filter(({ isRunning }) => isRunning)
      .map(async (node) => ({ node, count: (await heldBy(stage, node)).length })),
  );
  const [first] = held.sort((one, other) => other.count - one.count);
  if (!first || first.count === 0) throw new Error('no node holds a partition');
  return first.node;
}
