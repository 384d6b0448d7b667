/** From what the store has of an actor to the cell that its turns are taken on. */
import type { ActorKind } from '#protocols/actor.ts';
import type { Address } from '#protocols/address.ts';
import type { LoadedActor } from './store.ts';
import type { Cell } from './turn.ts';

/** The cell; where the state can't be read one without it, which keeps its timers, and why. */
export function readCell(
  address: Address,
  kind: ActorKind,
  loaded: LoadedActor | undefined,
): { ok: true; cell: Cell } | { ok: false; cell: Cell; error: string } {
  if (!loaded) return { ok: true, cell: emptyCell(address, kind) };
  const { version, timers } = loaded;
  try {
    const state = kind.readState(loaded.state, loaded.stateVersion);
    return { ok: true, cell: { address, kind, version, state, timers } };
  } catch (error) {
    const cell = { ...emptyCell(address, kind), timers };
    return { ok: false, cell, error: error instanceof Error ? error.message : String(error) };
  }
}

export function emptyCell(address: Address, kind: ActorKind): Cell {
  return { address, kind, version: 0, state: null, timers: {} };
}
