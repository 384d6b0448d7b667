/** What handlers build their turns of: a state that is there, and the effects gathered so far. Pure. */
import type { Turn } from '#protocols/actor.ts';
import { type Effect, refuse } from '#protocols/effects.ts';
import type { Failure } from '#protocols/failure.ts';

/** A turn on its way: the state as it is by now, and what shall happen, in order. */
export interface Step<State> {
  readonly state: State;
  readonly effects: readonly Effect[];
}

export function beginWith<State>(state: State): Step<State> {
  return { state, effects: [] };
}

/** Nothing to do for an actor that is not there. */
export const NOBODY: Turn<never> = { state: null, effects: [] };

/** Nothing to do. The same state object: the runtime sees by it that nothing changed. */
export function unchanged<State>(state: State): Turn<State> {
  return { state, effects: [] };
}

/** The caller is refused, and the state stays. */
export function refused<State>(state: State | null, failure: Failure): Turn<State> {
  return { state, effects: [refuse(failure)] };
}

export function withEffects<State>(step: Step<State>, ...effects: readonly Effect[]): Step<State> {
  return effects.length === 0 ? step : { state: step.state, effects: [...step.effects, ...effects] };
}

/** A time of the log as it is stored and sent: RFC 3339, UTC, milliseconds. */
export function isoTime(atMs: number): string {
  return new Date(atMs).toISOString();
}

/** Without keys that say nothing: a state must survive JSON as it is. */
export function withoutUndefined<T extends object>(value: T): T {
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(entries) as T; // Only optional keys can have been undefined.
}
