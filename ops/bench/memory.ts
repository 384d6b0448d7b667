/** What a node's memory holds: idle actors, what is left when they have gone, and a large backlog. */
import { setTimeout as sleep } from 'node:timers/promises';
import { headers } from '@nats-io/transport-node';
import { formatAddress } from '#protocols/address.ts';
import { encodeEnvelope } from '#protocols/envelope.ts';
import { partitionOf } from '#protocols/partition.ts';
import { laneSubject } from '#protocols/subjects.ts';
import type { Bench } from './bench.ts';
import { askBenchActor } from './bench-client.ts';
import { benchAddress } from './kinds.ts';
import { residentMb } from './machine.ts';
import type { Stage } from './stage.ts';

const RESIDENT = 50_000;
const SPREAD = 1_000;
const IDLE_SECONDS = 90;
const WITHIN_MS = 180_000;
const BACKLOG = 200_000;
const BACKLOG_KEYS = 1_000;
const PAD = 'x'.repeat(750);
const LOOK_EVERY_MS = 50;

const MEMORY: Bench = {
  name: 'memory',
  what:
    `Heap of a node with ${RESIDENT.toLocaleString('en')} idle counters in memory, less that of the node without them, ` +
    'each after a full collection; then again when they were idle long enough to be let go.',
  figures: {
    each: { title: 'a resident idle actor', unit: 'bytes' },
    gone: { title: 'left of a passivated one', unit: 'bytes' },
    rss: { title: 'node with all of them, RSS', unit: 'MB' },
  },
  isOnce: true,
  async prepare(stage) {
    const watch = new MemoryWatch();
    const env = { OIO_IDLE_SECONDS: String(IDLE_SECONDS) };
    const node = await stage.startOnlyNode({ id: 'memory', env, onLine: (line) => watch.hear(line) });
    const look = () => watch.look(() => node.kill('SIGUSR2'));
    return {
      // What every node has after its first work: compiled code, connections, counters of all partition pairs.
      warmUp: () => spreadOver(stage, 'warm-', RESIDENT / 5),
      async run() {
        await waitUntilEmpty(stage, look);
        const before = await look();
        await spreadOver(stage, 'resident-', RESIDENT);
        const full = await look();
        await waitUntilEmpty(stage, look);
        const after = await look();
        return {
          each: (full.heapUsed - before.heapUsed) / Math.max(1, full.actors - before.actors),
          gone: (after.heapUsed - before.heapUsed) / RESIDENT,
          rss: full.rss / 1e6,
        };
      },
      stop: async () => void (await node.stop()),
    };
  },
};

/** Commands without anybody who waits, over all partitions; about 1 KB each. */
const BACKLOG_BENCH: Bench = {
  name: 'backlog',
  what:
    `A node that starts with ${BACKLOG.toLocaleString('en')} messages of 1 KB in its log, over all partitions: how fast ` +
    'it applies them, and the memory that it takes meanwhile.',
  figures: {
    rate: { title: 'applied', unit: '/s' },
    peak: { title: 'node, highest RSS', unit: 'MB' },
    rested: { title: 'node, RSS afterwards', unit: 'MB' },
  },
  isOnce: true,
  async prepare(stage) {
    let run = 0;
    const round = async (count: number) => {
      const prefix = `backlog-${run++}-`;
      const maker = await stage.startOnlyNode({ id: 'maker' });
      const { partitions } = await stage.client.health();
      await maker.stop();
      await throwIn(stage, { prefix, count, partitions });
      const node = await stage.startNode({ id: 'backlog' });
      try {
        const beganMs = performance.now();
        await stage.until('all are applied', WITHIN_MS, async () => {
          await sleep(LOOK_EVERY_MS);
          return (await countApplied(stage, prefix)) >= count;
        });
        const seconds = (performance.now() - beganMs) / 1_000;
        const peak = residentMb(node.pid, 'highest');
        return { rate: count / seconds, peak, rested: residentMb(node.pid, 'now') };
      } finally {
        await node.stop();
      }
    };
    return {
      warmUp: async () => void (await round(BACKLOG / 100)),
      run: () => round(BACKLOG),
      stop: async () => undefined,
    };
  },
};

export const MEMORY_BENCHES: readonly Bench[] = [MEMORY, BACKLOG_BENCH];

async function throwIn(
  { connection }: Stage,
  { prefix, count, partitions }: { prefix: string; count: number; partitions: number },
): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    const to = benchAddress(`${prefix}${turn % BACKLOG_KEYS}`);
    const id = `c.${prefix}${turn}`;
    const bytes = encodeEnvelope({
      id,
      to: formatAddress(to),
      message: { type: 'touch', pad: PAD },
      source: { kind: 'command', key: id, bodyHash: 'a'.repeat(64), by: 'user:bench' },
      root: id,
    });
    const head = headers();
    head.set('Nats-Msg-Id', id);
    connection.publish(laneSubject('data', partitionOf(to, partitions)), bytes, { headers: head });
    if (turn % SPREAD === 0) await connection.flush();
  }
  await connection.flush();
}

async function countApplied({ sql }: Stage, prefix: string): Promise<number> {
  const [row] = await sql<{ sum: string | null }[]>`
    SELECT sum((state->>'count')::int) AS sum FROM actors WHERE id LIKE ${`${prefix}%`}`;
  return Number(row?.sum ?? 0);
}

interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  readonly actors: number;
}

/** Reads the line that the node logs on SIGUSR2. */
class MemoryWatch {
  #heard: ((memory: Memory) => void) | null = null;

  hear(line: string): void {
    if (!line.includes('"msg":"memory"')) return;
    const { memory }: { memory: Memory } = JSON.parse(line);
    this.#heard?.(memory);
  }

  look(ask: () => void): Promise<Memory> {
    return new Promise((resolve) => {
      this.#heard = resolve;
      ask();
    });
  }
}

async function waitUntilEmpty(stage: Stage, look: () => Promise<Memory>): Promise<void> {
  await stage.until('all actors have left memory', WITHIN_MS, async () => {
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    return (await look()).actors === 0;
  });
}

async function spreadOver(stage: Stage, prefix: string, count: number): Promise<void> {
  const wanted = (await stage.effectsApplied()) + count;
  for (let from = 0; from < count; from += SPREAD) {
    const message = { type: 'spread', prefix, from, count: Math.min(SPREAD, count - from) };
    await askBenchActor(stage.client, `spreader-${prefix}`, message);
  }
  const areApplied = async () => (await stage.effectsApplied()) >= wanted;
  await stage.until('every actor was told', WITHIN_MS, areApplied);
}
