/**
 * Who takes part in the placement: the members as heard, less those who leave, less those who can't reach the store.
 *
 * E1. A node whose store has not answered for `STALLED_AFTER_MS` says so (`isStalled`): its heartbeats alone would make
 *     it look healthy while nothing that it holds goes on.
 * E2. A stalled node is passed over only by one whose own store has answered for `SURE_AFTER_MS`: when the store comes
 *     back after it was away for all, whoever hears it first must not take everything.
 * E3. One that joins is left its share of what nobody holds, so that nodes that start together share without moves;
 *     what is held is given to it only when it would take it at once.
 */
import type { Clock } from './clock.ts';
import type { Member, Membership } from './membership.ts';
import { placePartition, shareOf } from './placement.ts';

/** Longer than the longest pause between two plans. */
export const STALLED_AFTER_MS = 3_000;
const SURE_AFTER_MS = 3_000;
const TAKING_MAX_MS = 500;
const TAKING_LOOK_MS = 5;

export class Peers {
  readonly #membership: Pick<Membership, 'members'>;
  readonly #clock: Clock;
  readonly #self: string;
  #answeredAtMs: number;
  #answersSinceMs: number;

  constructor(
    self: string,
    { membership, clock }: { membership: Pick<Membership, 'members'>; clock: Clock },
  ) {
    this.#self = self;
    this.#membership = membership;
    this.#clock = clock;
    this.#answeredAtMs = clock.now();
    this.#answersSinceMs = this.#answeredAtMs;
  }

  storeAnswered(): void {
    if (this.isStalled) this.#answersSinceMs = this.#clock.now();
    this.#answeredAtMs = this.#clock.now();
  }

  /** How long ago the store was last heard. */
  get storeSilentMs(): number {
    return this.#clock.now() - this.#answeredAtMs;
  }

  get isStalled(): boolean {
    return this.storeSilentMs > STALLED_AFTER_MS;
  }

  /** How long ago the node heard its own heartbeat: for so long it may have missed everybody else's. */
  get deafMs(): number {
    return this.#membership.members().find((member) => member.id === this.#self)?.heardMsAgo ?? 0;
  }

  /** Nobody takes from these. */
  alive(): Set<string> {
    return new Set(this.#able().map((member) => member.id));
  }

  /** What nobody holds is shared among all who don't leave. */
  share(partitionCount: number): Set<number> {
    const working = idsOf(this.#able().filter((member) => !member.draining));
    return shareOf(this.#self, working, partitionCount);
  }

  /** Who would take a partition at once: nothing is let go for one that still joins (E3). */
  takerOf(partition: number): string | null {
    const takers = idsOf(this.#able().filter((member) => !member.draining && !member.joining));
    return placePartition(partition, takers);
  }

  /** Resolves when `by` says that it holds the partition, or has had time enough for it. */
  async untilTaken(partition: number, by: string): Promise<void> {
    for (let waitedMs = 0; waitedMs < TAKING_MAX_MS; waitedMs += TAKING_LOOK_MS) {
      const taker = this.#membership.members().find((member) => member.id === by);
      if (!taker || taker.partitions.includes(partition)) return;
      await this.#clock.sleep(TAKING_LOOK_MS);
    }
  }

  #able(): Member[] {
    const isSure = !this.isStalled && this.#clock.now() - this.#answersSinceMs >= SURE_AFTER_MS;
    return this.#membership
      .members()
      .filter((member) => member.id === this.#self || !(member.stalled && isSure));
  }
}

function idsOf(members: readonly Member[]): string[] {
  return members.map((member) => member.id);
}
