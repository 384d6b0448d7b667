/** A message in hand: what shall become of it, and what became of it so far. */
import type { ActorKind } from '#protocols/actor.ts';
import type { Address } from '#protocols/address.ts';
import type { Envelope } from '#protocols/envelope.ts';
import type { Reply } from '#protocols/failure.ts';
import type { Counter, DeadLetter, KeyedReply } from './store.ts';
import type { KeptMail, SupervisedRow } from './supervision.ts';
import type { Place, TurnOutcome } from './turn.ts';

export type Fate =
  | { type: 'turn'; envelope: Envelope; address: Address; kind: ActorKind; counter: Counter | null }
  /** Its key is known. A command is answered as the first one was. `stored`: what the store has of it. */
  | { type: 'repeat'; envelope: Envelope; stored: KeyedReply | null }
  /** A command whose deadline had passed when its turn came. */
  | { type: 'expired'; envelope: Envelope }
  /** A command is taken back. */
  | { type: 'cancel'; envelope: Envelope; address: Address }
  /** An effect that was applied before. */
  | { type: 'duplicate' }
  /** An effect whose predecessor is missing: its source sends it again. */
  | { type: 'gap' }
  /** `counter`: that of a dead effect, which counts as applied, or all that its source sends after it were gaps. */
  | {
      type: 'dead';
      letter: Pick<DeadLetter, 'reason' | 'error' | 'address' | 'stateVersion'>;
      counter: Counter | null;
      /** That of a replay: once known to have failed, it must not be tried again behind its letter's back. */
      envelope: Envelope | null;
    };

export interface Item {
  readonly id: string;
  readonly place: Place;
  /** Bytes of the message. */
  readonly size: number;
  fate: Fate;
  outcome: TurnOutcome | null;
  supervised: SupervisedPart | null;
  /** Its number, where it was kept for a suspended actor and is taken now. */
  readonly keptAs: number | null;
  body(): string;
}

/** What supervision made of a message, to be written with it. */
export interface SupervisedPart {
  /** The actor's row after it, where that changed. */
  readonly row: SupervisedRow | null;
  /** The message, where it is kept. */
  readonly kept: KeptMail | null;
  /** The answer to a refused command: its key stays free, so it is not stored. */
  readonly refusal: Reply | null;
  /** It was kept before and stays so: its actor was suspended again on the way. */
  readonly isLeft?: true;
  /** The message is neither taken nor kept: whoever sent it sends it again. */
  readonly isPutOff?: true;
  /** An order, or held back: the actor's handler has not seen it. */
  readonly isNoTurn?: true;
}
