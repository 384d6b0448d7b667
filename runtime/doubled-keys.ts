/** One idempotency key in two batches of one commit: the first has it, the other is as if it had come later. Pure. */
import type { Batch } from './store.ts';

/** The batches without those that bring a key which one before them brings too. */
export function splitDoubledKeys(batches: readonly Batch[]): { first: Batch[]; doubled: Batch[] } {
  const first: Batch[] = [];
  const doubled: Batch[] = [];
  const seen = new Set<string>();
  for (const batch of batches) {
    const names = batch.replies.map(({ tenant, key }) => `${tenant}/${key}`);
    if (names.some((name) => seen.has(name))) {
      doubled.push(batch);
      continue;
    }
    for (const name of names) seen.add(name);
    first.push(batch);
  }
  return { first, doubled };
}
