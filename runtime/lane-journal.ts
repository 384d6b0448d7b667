/**
 * Reads a lane again from its beginning on, batch after batch, in pages.
 *
 * J1. Where the log no longer has exactly the messages that a batch took, that is said and nothing is made of the rest.
 */
import type { Lane } from '#protocols/subjects.ts';
import type { Delivery, Log } from './log.ts';
import type { LaneRange } from './past.ts';

const PAGE = 256;

/** A point that can't be reached any more: the log or the records do not reach back so far. */
export class NotKept extends Error {
  override name = 'NotKept';
}

export class LaneJournal {
  readonly #log: Pick<Log, 'journal'>;
  readonly #lane: Lane;
  readonly #partition: number;
  #page: Delivery[] = [];
  /** Up to where messages were given out; where the next page begins. */
  #at = -1;
  #readTo = 0;
  #isEnd = false;
  /** Messages read so far. */
  read = 0;

  constructor(log: Pick<Log, 'journal'>, lane: Lane, partition: number) {
    this.#log = log;
    this.#lane = lane;
    this.#partition = partition;
  }

  /** The `count` messages of a batch. Ranges come in order; after a reconciliation they begin anew. */
  async take({ from, to }: LaneRange, count: number): Promise<Delivery[]> {
    if (count === 0) return [];
    if (from !== this.#at) {
      this.#page = [];
      this.#readTo = from;
      this.#isEnd = false;
    }
    while (this.#page.length < count && !this.#isEnd) await this.#fetch();
    const taken = this.#page.splice(0, count);
    const last = taken.at(-1);
    if (taken.length < count || last?.seq !== to) {
      throw new NotKept(
        `the log no longer has what ${this.#lane} ${this.#partition} took after ${from} up to ${to}`,
      );
    }
    this.#at = to;
    return taken;
  }

  async #fetch(): Promise<void> {
    const page = await this.#log.journal({
      lane: this.#lane,
      partition: this.#partition,
      after: this.#readTo,
      limit: PAGE,
    });
    this.read += page.length;
    this.#page.push(...page);
    this.#readTo = page.at(-1)?.seq ?? this.#readTo;
    this.#isEnd = page.length < PAGE;
  }
}
