/**
 * Who the person is to the gateway, and what they may do: signals for all of the page.
 *
 * W1. What nobody has told yet is not forbidden: the gateway has the last word in any case.
 * W2. An answer to what was asked before somebody logged in does not log them out.
 */
import { createSignal } from 'solid-js';
import type { Action } from '#protocols/access.ts';
import type { MeView } from '#protocols/http/access.ts';

type Me = Pick<MeView, 'auth' | 'by' | 'user' | 'standing' | 'actions'>;

const [me, setMe] = createSignal<Me | null>(null);
const [isKeyWanted, setKeyWanted] = createSignal(false);

/** Null: not known yet. */
export { isKeyWanted, me };

/** How often somebody was made known: goes with a request, and back with its refusal. */
let era = 0;
export function eraNow(): number {
  return era;
}

/** The gateway asks who this is, and does not know. `of`: the era of what was refused. */
export function wantKey(of: number = era): void {
  if (of !== era) return;
  setKeyWanted(true);
  setMe(null);
}

export function knowMe(known: Me): void {
  era += 1;
  setMe(known);
  setKeyWanted(false);
}

/** Why it may not be done; undefined: it may. */
export function whyNot(action: Action): string | undefined {
  const known = me();
  if (known === null || known.actions.includes(action)) return undefined;
  return `Not with a key of role ${known.standing}`;
}
