/**
 * Whether a partition may take more: what its node holds together is bounded, however many partitions it has.
 *
 * V1. Past the node's bound a partition goes on only while it holds less than its share, so that none starves.
 * V2. While too many publications are under way nothing is taken: they end in any case, by an acknowledgement or by
 *     its deadline, so two nodes can't wait for each other.
 */
import type { NodeBounds } from './bounds.ts';
import { PARTITION_LIMITS } from './bounds.ts';

/** Turns taken and not committed. */
export interface Uncommitted {
  readonly turns: number;
  readonly bytes: number;
}

export interface RoomHost {
  readonly bounds: NodeBounds;
  partitions(): Iterable<{ readonly uncommitted: Uncommitted }>;
  /** Whether as many publications are under way as may be. */
  isOutboxFull(): boolean;
}

export class Room {
  readonly #host: RoomHost;

  constructor(host: RoomHost) {
    this.#host = host;
  }

  hasRoom(own: Uncommitted): boolean {
    const { uncommittedMax, uncommittedBytesMax } = this.#host.bounds;
    if (own.turns >= PARTITION_LIMITS.uncommittedMax) return false;
    if (own.bytes >= PARTITION_LIMITS.uncommittedBytesMax) return false;
    if (this.#host.isOutboxFull()) return false;
    let [turns, bytes, count] = [0, 0, 0];
    for (const { uncommitted } of this.#host.partitions()) {
      turns += uncommitted.turns;
      bytes += uncommitted.bytes;
      count++;
    }
    if (turns < uncommittedMax && bytes < uncommittedBytesMax) return true;
    return own.turns < uncommittedMax / count && own.bytes < uncommittedBytesMax / count;
  }
}
