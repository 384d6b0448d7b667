/**
 * Finds what a node publishes: effects and timers into mailboxes, and events. Says where to cut: inside, so that it is
 * lost, or right behind it, so that the log has it and nobody hears that.
 */
import type { CutPlace } from './commit-tap.ts';
import type { Tap } from './tcp-proxy.ts';

/** Publications with headers: all of ours bear their id. */
const MARKS = ['HPUB mbx.', 'HPUB evt.'] as const;

export class PublishTap {
  #wanted: CutPlace | null = null;
  #cuts = 0;

  /** The next publication of any connection is cut there: by turns one into a mailbox and an event. */
  arm(place: CutPlace): void {
    this.#wanted = place;
  }

  disarm(): void {
    this.#wanted = null;
  }

  get cuts(): number {
    return this.#cuts;
  }

  /** For one connection. A publication whose head came in two pieces is left alone. */
  tap(): Tap {
    return (piece) => {
      if (this.#wanted === null) return null;
      const mark = MARKS[this.#cuts % MARKS.length] ?? MARKS[0];
      const at = piece.indexOf(mark);
      if (at === -1) return null;
      const place = this.#wanted;
      this.#wanted = null;
      this.#cuts++;
      return place === 'behind' ? piece.length : at + mark.length;
    };
  }
}
