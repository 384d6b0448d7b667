/**
 * Which node holds which partition: rendezvous hashing (Thaler and Ravishankar, 1998). Every node computes the same
 * answer from the same members; a member that comes or goes moves only its own share.
 */
import { hash32 } from '#protocols/partition.ts';

/** The member that should hold `partition`; null without members. */
export function placePartition(partition: number, members: readonly string[]): string | null {
  let best: string | null = null;
  let bestWeight = -1;
  for (const member of members) {
    const weight = hash32(`${member}#${partition}`);
    if (weight > bestWeight || (weight === bestWeight && best !== null && member < best)) {
      best = member;
      bestWeight = weight;
    }
  }
  return best;
}

/** The partitions that `self` should hold. */
export function shareOf(self: string, members: readonly string[], partitionCount: number): Set<number> {
  const share = new Set<number>();
  for (let partition = 0; partition < partitionCount; partition++) {
    if (placePartition(partition, members) === self) share.add(partition);
  }
  return share;
}
