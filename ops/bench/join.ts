/** A second and a third node join while 64 callers ask: what moves, what callers notice, and that nothing is lost. */
import type { RunningProcess } from '../dev/stack.ts';
import { addPlan } from './asks.ts';
import type { Bench, Sample } from './bench.ts';
import { load, type Stage } from './stage.ts';

const KEYS = 1_000;
const CALLERS = 64;
const JOIN_SECONDS = 10;

const phase = (when: string) =>
  ({ rate: { title: `asks ${when}`, unit: '/s' }, p99: { title: `p99 ${when}`, unit: 'ms' } }) as const;
const [alone, second, two, third, three] = [
  'with one node',
  'while the second joins',
  'with two nodes',
  'while the third joins',
  'with three nodes',
].map(phase);

export const JOIN: Bench = {
  name: 'join',
  what:
    `${CALLERS} callers through HTTP over ${KEYS.toLocaleString('en')} actors while nodes join. All of it shares this ` +
    "machine's cores, so throughput can't grow with nodes here; what it shows is what joining costs.",
  figures: {
    ...pair('alone', alone),
    ...pair('second', second),
    moved2: { title: `moved within ${JOIN_SECONDS} s of the second`, unit: '%' },
    ...pair('two', two),
    ...pair('third', third),
    moved3: { title: `moved within ${JOIN_SECONDS} s of the third`, unit: '%' },
    ...pair('three', three),
    lost: { title: 'answered and not counted', unit: 'count' },
  },
  isOnce: true,
  async prepare(stage) {
    const nodes: RunningProcess[] = [await stage.startOnlyNode({ id: 'join-1' })];
    const front = await stage.startFront({ file: 'ops/bench/front-main.ts' });
    let answered = 0;
    const ask = async (name: string, seconds: number): Promise<Sample> => {
      const plan = addPlan({ url: front.url, callers: CALLERS, keys: KEYS, seconds });
      const report = await load({ ...plan, prefix: 'join-' });
      answered += report.answered;
      return { [`${name}Rate`]: report.answered / report.seconds, [`${name}P99`]: report.p99Ms };
    };
    const join = async (name: string, moved: string): Promise<Sample> => {
      const before = await owners(stage);
      const asking = ask(name, JOIN_SECONDS + 2);
      nodes.push(await stage.startNode({ id: `join-${nodes.length + 1}` }));
      await new Promise((resolve) => setTimeout(resolve, JOIN_SECONDS * 1_000));
      const after = await owners(stage);
      const changed = [...before].filter(([id, owner]) => after.get(id) !== owner).length;
      return { ...(await asking), [moved]: (changed / before.size) * 100 };
    };
    return {
      warmUp: async () => void (await ask('warm', 3)),
      async run() {
        const sample = {
          ...(await ask('alone', stage.seconds)),
          ...(await join('second', 'moved2')),
          ...(await ask('two', stage.seconds)),
          ...(await join('third', 'moved3')),
          ...(await ask('three', stage.seconds)),
        };
        return { ...sample, lost: answered - (await counted(stage)) };
      },
      async stop() {
        await front.stop();
        for (const node of nodes) await node.stop();
      },
    };
  },
};

function pair(name: string, kinds: ReturnType<typeof phase> | undefined) {
  return kinds ? { [`${name}Rate`]: kinds.rate, [`${name}P99`]: kinds.p99 } : {};
}

async function owners({ sql }: Stage): Promise<Map<number, string | null>> {
  const rows = await sql<{ id: number; owner: string | null }[]>`SELECT id, owner FROM partitions`;
  return new Map(rows.map((row) => [row.id, row.owner]));
}

async function counted({ sql }: Stage): Promise<number> {
  const [row] = await sql<{ sum: string | null }[]>`
    SELECT sum((state->>'count')::int) AS sum FROM actors WHERE id LIKE 'join-%'`;
  return Number(row?.sum ?? 0);
}
