/** An actor as its row has it. */
import { LIMITS } from '#protocols/limits.ts';
import { type Snapshot, Unwritable } from './store.ts';
import type { Cell } from './turn.ts';

/** Throws Unwritable where the state is larger than an actor may be. */
export function toSnapshot(cell: Cell, stateVersion: number): Snapshot {
  const index = cell.kind.indexOf(cell.state);
  const state = JSON.stringify(cell.kind.writeState(cell.state, stateVersion));
  const bytes = Buffer.byteLength(state);
  if (bytes > LIMITS.actorStateBytesMax) {
    throw new Unwritable(`a state of ${bytes} bytes, where ${LIMITS.actorStateBytesMax} may be`);
  }
  return {
    address: cell.address,
    version: cell.version,
    stateVersion,
    state,
    timers: cell.timers,
    status: index.status ?? null,
    title: index.title ?? null,
    parent: index.parent ?? null,
    labels: index.labels ?? [],
    watchMs: index.watchMs ?? null,
  };
}
