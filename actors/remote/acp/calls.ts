/** The tool calls of a session, each as far as it is known: agents say only what changed. Bounded: the oldest are forgotten. */
import type { ToolChange } from './link.ts';

const CALLS_MAX = 2_000;

export class Calls {
  readonly #known = new Map<string, ToolChange>();

  /** The call with what is new of it. */
  take(change: ToolChange): ToolChange {
    const call = { ...this.#known.get(change.callId), ...change };
    this.#known.set(change.callId, call);
    if (this.#known.size > CALLS_MAX) {
      const [oldest = ''] = this.#known.keys();
      this.#known.delete(oldest);
    }
    return call;
  }

  find(callId: string): ToolChange | null {
    return this.#known.get(callId) ?? null;
  }
}
