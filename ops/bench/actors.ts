/** Stored actors that come into memory. */
import { partitionOf } from '#protocols/partition.ts';
import { addPlan } from './asks.ts';
import type { Bench } from './bench.ts';
import { BENCH_TENANT, BENCH_TYPE, benchAddress } from './kinds.ts';
import { load, type Stage } from './stage.ts';

const COLD = 10_000;

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

export const ACTOR_BENCHES: readonly Bench[] = [ACTIVATION];

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
