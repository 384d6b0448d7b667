/**
 * How fast a cluster balances itself when a node joins: each move costs its partition a moment, so few are made at a
 * time, over all nodes together. What a dead or leaving node held is no move: it is taken at once.
 */
import type { Clock } from './clock.ts';
import type { MoveLimit, Store } from './store.ts';

export const MOVE_WINDOW_MS = 10_000;
/** From the permit until the other node has it: permits are so much further apart than moves may be. */
const MOVE_TAKES_MS = 500;
/** After the store refused a move. */
const PAUSE_MS = 1_000;

/** How many of all partitions may move within the window: at least one, or none ever would. */
export function movesMax(partitionCount: number, percentMax: number): number {
  return Math.max(1, Math.floor((partitionCount * percentMax) / 100));
}

export class Moves {
  readonly #store: Pick<Store, 'permitMove'>;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #limit: MoveLimit;
  #refusedAtMs = Number.NEGATIVE_INFINITY;

  constructor(ports: { store: Pick<Store, 'permitMove'>; clock: Pick<Clock, 'now'> }, max: number) {
    this.#store = ports.store;
    this.#clock = ports.clock;
    this.#limit = { max, withinMs: MOVE_WINDOW_MS + MOVE_TAKES_MS };
  }

  /** Whether a partition may be given away now; the store, which counts for all nodes, decides. */
  async permit(partition: number, epoch: number): Promise<boolean> {
    if (this.#clock.now() - this.#refusedAtMs < PAUSE_MS) return false;
    const isPermitted = await this.#store.permitMove(partition, epoch, this.#limit);
    if (!isPermitted) this.#refusedAtMs = this.#clock.now();
    return isPermitted;
  }
}
