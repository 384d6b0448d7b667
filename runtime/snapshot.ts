/** An actor as its row has it. */

import type { IndexFields } from '#protocols/actor.ts';
import { LIMITS } from '#protocols/limits.ts';
import { toLexemes } from '#protocols/search-words.ts';
import type { Cell } from './cell.ts';
import { type Snapshot, Unwritable } from './store.ts';

/** The first commit of an actor may have some turns already. */
const YOUNG_VERSIONS = 4;

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
    lexemes: lexemesOf(cell, index),
    watchMs: index.watchMs ?? null,
  };
}

/** Only a young actor's: they rarely change, and the store writes them anew where title or labels do. */
function lexemesOf(
  { version, address }: Cell,
  { status, title, text, labels = [] }: IndexFields,
): string[] | null {
  if (version > YOUNG_VERSIONS || status === undefined) return null;
  const kind = `${address.tenant}/${address.type}`;
  return toLexemes({ kind, text: `${title ?? ''} ${text ?? ''}`, labels });
}
