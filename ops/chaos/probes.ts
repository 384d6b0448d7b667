/**
 * How long a partition stands still: one actor of each is asked at a moment, and the time is taken until it has
 * answered, which it can only when its message was applied and committed. The longest of these waits is the outage.
 */
import { partitionOf } from '#protocols/partition.ts';
import type { Client } from '#runtime/client.ts';
import { call } from './caller.ts';
import type { History } from './history.ts';
import { listAddress } from './kinds.ts';

const TIMEOUT_MS = 90_000;

export class Probes {
  readonly #client: Client;
  readonly #history: History;
  readonly #ids: readonly string[];
  #number = 0;

  constructor(client: Client, history: History, partitions: number) {
    this.#client = client;
    this.#history = history;
    this.#ids = idsByPartition(partitions);
  }

  /** Asks these partitions now; resolves with the time that each took, in ms. */
  async ask(partitions: readonly number[]): Promise<number[]> {
    const round = ++this.#number;
    return Promise.all(
      partitions.map(async (partition) => {
        const [op, id] = [`probe-${round}-${partition}`, this.#ids[partition] ?? ''];
        const { invokedMs, endedMs } = await call(this.#client, this.#history, {
          process: `probe-${partition}`,
          act: 'probe',
          to: listAddress(id),
          message: { type: 'append', op },
          asked: {},
          op,
          timeoutMs: TIMEOUT_MS,
        });
        return (endedMs ?? performance.now()) - invokedMs;
      }),
    );
  }
}

/** For each partition the id of a list that lives in it. */
function idsByPartition(partitions: number): string[] {
  const ids: string[] = [];
  let left = partitions;
  for (let index = 0; left > 0; index++) {
    const id = `probe-${index}`;
    const partition = partitionOf(listAddress(id), partitions);
    if (ids[partition] !== undefined) continue;
    ids[partition] = id;
    left--;
  }
  return ids;
}
