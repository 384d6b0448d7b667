/**
 * A port: takes one turn where its death ends nobody else. For messages of which an owner of their partition died.
 *
 * J1. What comes back is the turn, or that whoever took it died of it. Where it could not be tried, the call throws.
 */
import type { ActorKind } from '#protocols/actor.ts';
import type { Address } from '#protocols/address.ts';
import type { Envelope } from '#protocols/envelope.ts';
import { readCell } from './cell.ts';
import type { LoadedActor } from './store.ts';
import { type Place, setAside, type TurnOutcome, takeTurn } from './turn.ts';

/** Where the process of such turns writes how far it came, a line a step: kinds loaded; state read, with the turn's number. */
export const STEPS_FD = 4;
export const STEP = { loaded: 'l', read: 'r' } as const;

export interface AloneTurn {
  readonly address: Address;
  /** What the store has of the actor: to read it may be what kills. */
  readonly loaded: LoadedActor | undefined;
  readonly envelope: Envelope;
  readonly place: Place;
}

export type AloneResult =
  | { readonly type: 'taken'; readonly outcome: TurnOutcome }
  /** `poison_state`: already of reading the actor's state. */
  | { readonly type: 'died'; readonly reason: 'poison' | 'poison_state'; readonly error: string };

export type TakeAlone = (kind: ActorKind, turn: AloneTurn) => Promise<AloneResult>;

/** The whole turn, from what the store has. */
export function takeWhole(
  kind: ActorKind,
  { address, loaded, envelope, place }: AloneTurn,
  onRead: () => void = () => undefined,
): TurnOutcome {
  const read = readCell(address, kind, loaded);
  onRead();
  if (read.ok) return takeTurn(read.cell, envelope, place);
  return setAside(read.cell, envelope, { reason: 'unreadable_state', error: read.error });
}
