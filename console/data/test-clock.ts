import type { Clock } from './clock.ts';

/** A clock that stands until it is moved. */
export class TestClock implements Clock {
  #now = 0;
  #next = 0;
  readonly #waiting = new Map<number, { readonly at: number; readonly then: () => void }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, then: () => void): () => void {
    const id = this.#next++;
    this.#waiting.set(id, { at: this.#now + ms, then });
    return () => this.#waiting.delete(id);
  }

  /** Moves on by `ms`, with everything that falls due on the way, and lets promises settle. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const [id, due] = [...this.#waiting].sort(([, a], [, b]) => a.at - b.at)[0] ?? [];
      if (id === undefined || due === undefined || due.at > end) break;
      this.#waiting.delete(id);
      this.#now = due.at;
      due.then();
    }
    this.#now = end;
    await settle();
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await Promise.resolve();
}
