/** Stores whose records of the past don't say what was done. */
import type { Batch, Store } from '#runtime/store.ts';
import type { Mutant } from './mutant.ts';
import { replaced } from './replaced.ts';
import type { World } from './world.ts';

function recording(change: (batch: Batch) => Batch): (world: World) => Store {
  return ({ store }) => replaced<Store>(store, { commit: (batches) => store.commit(batches.map(change)) });
}

export const PAST_MUTANTS: readonly Mutant[] = [
  {
    name: 'repeats are recorded as if they had been turns',
    serverStore: recording((batch) => ({
      ...batch,
      order: batch.order.replaceAll('x', 'd').replaceAll('y', 'c'),
    })),
  },
  {
    name: 'the lanes are recorded one after the other, not as they were taken',
    serverStore: recording((batch) => {
      const runs = batch.order.match(/[a-z]\d+/g) ?? [];
      const isControl = (run: string) => /[cy]/.test(run);
      return {
        ...batch,
        order: [...runs.filter((run) => !isControl(run)), ...runs.filter(isControl)].join(''),
      };
    }),
  },
  {
    name: 'a state that is kept is not the one of its batch',
    serverStore: recording((batch) => ({
      ...batch,
      kept: batch.snapshots.map((snapshot) => ({ ...snapshot, version: snapshot.version + 1 })),
    })),
  },
];
