/**
 * Who stands behind what is asked inside this process, where it is not the caller of the request itself: the agent of a
 * task, by its token. It is known by the asynchronous context alone, which nobody can reach from outside.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

const principals = new AsyncLocalStorage<string>();

/** `agent:…` while `doAs` is under way; null: whoever the request says. */
export function actingAs(): string | null {
  return principals.getStore() ?? null;
}

export function doAs<Value>(principal: string, work: () => Value): Value {
  return principals.run(principal, work);
}
