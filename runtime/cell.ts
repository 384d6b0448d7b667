/** From what is stored of an actor to its cell in memory. Pure. */
import { type ActorKind, NewerState } from '#protocols/actor.ts';
import type { Address } from '#protocols/address.ts';
import type { StateSize } from './state-size.ts';
import type { LoadedActor, TimerMark } from './store.ts';

/** An actor in memory: what its snapshot holds, parsed. */
export interface Cell {
  readonly address: Address;
  readonly kind: ActorKind;
  readonly version: number;
  /** Null: there is no such actor. */
  readonly state: unknown;
  readonly timers: Readonly<Record<string, TimerMark>>;
  /** Time of the turn that changed it last. */
  readonly changedAtMs: number;
  /** Of the state; left out where it was not needed yet. */
  readonly size?: StateSize;
}

/** An actor that does not exist. */
export function emptyCell(address: Address, kind: ActorKind): Cell {
  return { address, kind, version: 0, state: null, timers: {}, changedAtMs: 0 };
}

/** `error`: its state can't be read; the cell has none then, and keeps its timers. Throws NewerState where newer code wrote it: no message is to blame for that. */
export function readCell(
  address: Address,
  kind: ActorKind,
  loaded: Omit<LoadedActor, 'address'> | undefined,
): { ok: true; cell: Cell } | { ok: false; cell: Cell; error: string } {
  if (!loaded) return { ok: true, cell: emptyCell(address, kind) };
  const { version, timers, changedAtMs } = loaded;
  try {
    const state = kind.readState(loaded.state, loaded.stateVersion);
    return { ok: true, cell: { address, kind, version, state, timers, changedAtMs } };
  } catch (error) {
    if (error instanceof NewerState) throw error;
    const cell = { ...emptyCell(address, kind), timers };
    return { ok: false, cell, error: error instanceof Error ? error.message : String(error) };
  }
}

/** The cell for the next turn: one that ended begins anew, as it would if it had left memory meanwhile. */
export function nextCell(cell: Cell): Cell {
  return cell.state === null ? emptyCell(cell.address, cell.kind) : cell;
}
