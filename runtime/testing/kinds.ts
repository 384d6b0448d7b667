/** The kinds of the runtime's own tests, as a module that another process can load. */
import type { ActorKind } from '#protocols/actor.ts';
import { COUNTER } from './counter.ts';
import { FRAGILE } from './fragile.ts';

export const ACTOR_KINDS: readonly ActorKind[] = [COUNTER, FRAGILE];
