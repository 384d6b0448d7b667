/** Actors in and out of memory: cold activation, what a resident one weighs, and what is left when it has gone. */
import { partitionOf } from '#protocols/partition.ts';
import { addPlan } from './asks.ts';
import type { Bench } from './bench.ts';
import { askBenchActor } from './bench-client.ts';
import { BENCH_TENANT, BENCH_TYPE, benchAddress } from './kinds.ts';
import { load, type Stage } from './stage.ts';

const COLD = 10_000;
const RESIDENT = 50_000;
const SPREAD = 1_000;
const IDLE_SECONDS = 90;
const WITHIN_MS = 180_000;

const ACTIVATION: Bench = {
  name: 'activation',
  what:
    `${COLD.toLocaleString('en')} stored actors that are not in memory, asked once each through HTTP: the snapshot is ` +
    'read for each. The ask itself is in the figures; ask-64 is the same with resident actors.',
  figures: {
    rate: { title: 'cold asks, 64 callers', unit: '/s' },
    p50: { title: 'p50, 64 callers', unit: 'ms' },
    p99: { title: 'p99, 64 callers', unit: 'ms' },
    p99Of16: { title: 'p99, 16 callers', unit: 'ms' },
  },
  async prepare(stage) {
    const node = await stage.startOnlyNode();
    const front = await stage.startFront({ file: 'ops/bench/front-main.ts' });
    const { partitions } = await stage.client.health();
    let slice = 0;
    const round = async (callers: number) => {
      const prefix = `cold-${slice++}-`;
      await storeActors(stage, { prefix, count: COLD, partitionCount: partitions });
      const plan = { ...addPlan({ url: front.url, callers, keys: COLD, seconds: 60 }), prefix, each: true };
      return load(plan);
    };
    return {
      warmUp: async () => void (await round(64)),
      async run() {
        const [many, few] = [await round(64), await round(16)];
        const rate = many.answered / many.seconds;
        return { rate, p50: many.p50Ms, p99: many.p99Ms, p99Of16: few.p99Ms };
      },
      async stop() {
        await front.stop();
        await node.stop();
      },
    };
  },
};

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

export const ACTOR_BENCHES: readonly Bench[] = [ACTIVATION, MEMORY];

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

/** As a commit would have left them. */
async function storeActors(
  { sql }: Stage,
  { prefix, count, partitionCount }: { prefix: string; count: number; partitionCount: number },
): Promise<void> {
  const ids = Array.from({ length: count }, (_, index) => `${prefix}${index}`);
  const partitions = ids.map((id) => partitionOf(benchAddress(id), partitionCount));
  await sql`
    INSERT INTO actors (tenant, type, id, partition, version, state_version, state)
    SELECT ${BENCH_TENANT}, ${BENCH_TYPE}, id, partition, 1, 1, '{"count":1}'
    FROM unnest(${ids}::text[], ${partitions}::int[]) AS cold(id, partition)`;
}
