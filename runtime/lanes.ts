/**
 * Both lanes of a partition as they are read: what came and was not taken yet, with the readers that bring it.
 *
 * R1. Control comes before data: no data is taken while control waits, here or in the log.
 * R2. What each lane holds is bounded (Y1).
 * R3. An order to the runtime ends what is taken with it: what comes behind it must not be taken before it is obeyed.
 */
import { LANES, type Lane } from '#protocols/subjects.ts';
import { isOrderId } from '#protocols/supervision.ts';
import { LaneBuffer } from './lane-buffer.ts';
import type { LaneLoad } from './load-report.ts';
import type { Delivery, Log, Position } from './log.ts';

export interface Taken {
  readonly lane: Lane;
  readonly delivery: Delivery;
}

export interface LanesHost {
  readonly log: Log;
  readonly partition: number;
  /** A message came that the log dated so. */
  heard(atMs: number): void;
  /** Something came, or nothing more waits in the log. */
  wake(): void;
  onBroken(reason: string): void;
}

export class Lanes {
  readonly #host: LanesHost;
  readonly #lanes: Record<Lane, LaneBuffer> = { data: new LaneBuffer(), control: new LaneBuffer() };
  #isClosed = false;
  #isForgetting = false;

  constructor(host: LanesHost) {
    this.#host = host;
  }

  /** Opens the readers behind these positions. */
  async open(after: Readonly<Record<Lane, Position>>): Promise<void> {
    await Promise.all(LANES.map((lane) => this.#openReader(lane, after[lane])));
  }

  async #openReader(lane: Lane, after: Position): Promise<void> {
    const { log, partition } = this.#host;
    const buffer = this.#lanes[lane];
    const reader = await log.read({
      lane,
      partition,
      after,
      onDelivery: (delivery) => this.#receive(buffer, delivery),
      onCaughtUp: () => this.#host.wake(),
      onBroken: (reason) => this.#host.onBroken(`${lane}: ${reason}`),
    });
    if (this.#isClosed) return reader.stop();
    buffer.reader = reader;
  }

  /** Messages known to wait, here and in the log beyond. */
  get waiting(): number {
    return LANES.reduce((sum, lane) => sum + this.waitingIn(lane), 0);
  }

  waitingIn(lane: Lane): number {
    return this.#lanes[lane].lag;
  }

  /** What waits in the data lane. */
  get load(): Omit<LaneLoad, 'id'> {
    const { waiting, lag } = this.#lanes.data;
    return { waiting, lag };
  }

  /** At most `max` of what waits, control first. */
  take(max: number): Taken[] {
    const taken: Taken[] = [];
    for (const lane of ['control', 'data'] as const) {
      if (lane === 'data' && this.#lanes.control.pending > 0) break;
      const buffer = this.#lanes[lane];
      const order = buffer.waiting.findIndex(({ id }) => isOrderId(id));
      const room = max - taken.length;
      const isOrdered = order >= 0 && order < room;
      for (const delivery of buffer.take(isOrdered ? order + 1 : room)) taken.push({ lane, delivery });
      if (isOrdered) break;
    }
    return taken;
  }

  /** Forgets what was not taken, and whatever comes from now on. */
  forget(): void {
    this.#isForgetting = true;
    for (const lane of LANES) this.#lanes[lane].clear();
  }

  /** Ends the readers, too. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.forget();
    for (const lane of LANES) this.#lanes[lane].letGo();
    await Promise.all(LANES.map((lane) => this.#lanes[lane].reader?.stop()));
  }

  #receive(buffer: LaneBuffer, delivery: Delivery): void | Promise<void> {
    if (this.#isForgetting) return;
    this.#host.heard(delivery.atMs);
    this.#host.wake();
    return buffer.put(delivery);
  }
}
