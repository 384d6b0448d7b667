/**
 * Both lanes of a partition as they are read: what came and was not taken yet, with the readers that bring it.
 *
 * R1. Control comes before data: no data is taken while control waits, here or in the log.
 * R2. Each lane holds a bounded number of messages; past that its reader waits until half of them are taken.
 * R3. An order to the runtime ends what is taken with it: what comes behind it must not be taken before it is obeyed.
 */
import { LANES, type Lane } from '#protocols/subjects.ts';
import { isOrderId } from '#protocols/supervision.ts';
import type { Delivery, Log, Position, Reader } from './log.ts';

export interface Taken {
  readonly lane: Lane;
  readonly delivery: Delivery;
}

export interface LanesHost {
  readonly log: Log;
  readonly partition: number;
  /** Messages that each lane holds at most. */
  readonly bufferMax: number;
  /** Something came, or nothing more waits in the log. */
  wake(): void;
  onBroken(reason: string): void;
}

interface LaneBuffer {
  readonly waiting: Delivery[];
  reader: Reader | null;
  roomWanted: (() => void) | null;
}

export class Lanes {
  readonly #host: LanesHost;
  readonly #lanes: Record<Lane, LaneBuffer> = { data: emptyLane(), control: emptyLane() };
  #isClosed = false;

  constructor(host: LanesHost) {
    this.#host = host;
  }

  /** Opens the readers behind these positions. */
  async open(after: Readonly<Record<Lane, Position>>): Promise<void> {
    const { log, partition } = this.#host;
    for (const lane of LANES) {
      const buffer = this.#lanes[lane];
      const reader = await log.read({
        lane,
        partition,
        after: after[lane],
        onDelivery: (delivery) => this.#receive(buffer, delivery),
        onCaughtUp: () => this.#host.wake(),
        onBroken: (reason) => this.#host.onBroken(`${lane}: ${reason}`),
      });
      if (this.#isClosed) return reader.stop();
      buffer.reader = reader;
    }
  }

  /** Messages known to wait, here and in the log beyond. */
  get waiting(): number {
    return LANES.reduce((sum, lane) => sum + this.waitingIn(lane), 0);
  }

  waitingIn(lane: Lane): number {
    const { waiting, reader } = this.#lanes[lane];
    return waiting.length + (reader?.pending ?? 0);
  }

  /** At most `max` of what waits, control first. */
  take(max: number): Taken[] {
    const taken: Taken[] = [];
    for (const lane of ['control', 'data'] as const) {
      if (lane === 'data' && (this.#lanes.control.reader?.pending ?? 0) > 0) break;
      const buffer = this.#lanes[lane];
      const order = buffer.waiting.findIndex(({ id }) => isOrderId(id));
      const room = max - taken.length;
      const isOrdered = order >= 0 && order < room;
      for (const delivery of buffer.waiting.splice(0, isOrdered ? order + 1 : room)) {
        taken.push({ lane, delivery });
      }
      if (buffer.roomWanted && buffer.waiting.length < this.#host.bufferMax / 2) {
        buffer.roomWanted();
        buffer.roomWanted = null;
      }
      if (isOrdered) break;
    }
    return taken;
  }

  /** Ends the readers and forgets what was not taken. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const lane of LANES) this.#lanes[lane].roomWanted?.();
    await Promise.all(LANES.map((lane) => this.#lanes[lane].reader?.stop()));
    for (const lane of LANES) this.#lanes[lane].waiting.length = 0;
  }

  #receive(buffer: LaneBuffer, delivery: Delivery): void | Promise<void> {
    if (this.#isClosed) return;
    buffer.waiting.push(delivery);
    this.#host.wake();
    if (buffer.waiting.length < this.#host.bufferMax) return;
    return new Promise((resolve) => {
      buffer.roomWanted = resolve;
    });
  }
}

function emptyLane(): LaneBuffer {
  return { waiting: [], reader: null, roomWanted: null };
}
