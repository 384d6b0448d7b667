/**
 * How long a partition stands still when its node is killed, frozen, or leaves in order: each partition of each round
 * is a sample. A second node stands by; some callers keep the system at work meanwhile.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { partitionOf } from '#protocols/partition.ts';
import type { RunningProcess } from '../dev/stack.ts';
import type { Bench } from './bench.ts';
import { askBenchActor } from './bench-client.ts';
import { benchAddress } from './kinds.ts';
import { quantile } from './quantiles.ts';
import type { Stage } from './stage.ts';

const ROUNDS = 20;
const BACKGROUND_CALLERS = 8;
/** The stand-by is known to all by then. */
const SETTLE_MS = 3_000;
const STEP_MS = 5;
/** More would measure how many asks the machine answers. */
const TICKED = 8;

const FIGURES = {
  p50: { title: 'p50 over partitions', unit: 'ms' },
  p99: { title: 'p99 over partitions', unit: 'ms' },
  max: { title: 'longest', unit: 'ms' },
  samples: { title: 'partitions measured', unit: 'count' },
} as const;

export const TAKEOVERS: readonly Bench[] = [
  {
    name: 'takeover-kill',
    what: `${ROUNDS} × SIGKILL of the node with most partitions; from the signal to the first message that the next owner has committed.`,
    figures: FIGURES,
    isOnce: true,
    prepare: (stage) => prepareRounds(stage, (pair) => awaitOthers(pair, 'SIGKILL')),
  },
  {
    name: 'takeover-stop',
    what: `The same with SIGSTOP: the node is frozen, its connections stay open.`,
    figures: FIGURES,
    isOnce: true,
    prepare: (stage) => prepareRounds(stage, (pair) => awaitOthers(pair, 'SIGSTOP')),
  },
  {
    name: 'hand-off',
    what:
      `${ROUNDS} × SIGTERM of the node with most partitions, while each of them is asked again as soon as it has ` +
      'answered: the longest time between two answers of a partition.',
    figures: FIGURES,
    isOnce: true,
    prepare: (stage) => prepareRounds(stage, awaitHandOff),
  },
  {
    name: 'hand-over',
    what:
      `${ROUNDS} × SIGTERM of the node with most partitions, while a message goes to an actor in each of ${TICKED} of ` +
      `them every ${STEP_MS} ms: the longest time between two answers of a partition, the tick included.`,
    figures: FIGURES,
    isOnce: true,
    prepare: (stage) => prepareRounds(stage, awaitTicks),
  },
];

interface Pair {
  readonly stage: Stage;
  readonly victim: RunningProcess;
  /** One actor of each partition that the victim holds. */
  readonly actors: readonly string[];
}

async function prepareRounds(stage: Stage, round: (pair: Pair) => Promise<number[]>) {
  const nodes = new Map<string, RunningProcess>();
  const begin = async (index: number): Promise<void> => {
    const id = `taker-${index}`;
    nodes.set(id, await stage.startNode({ id }));
  };
  const samples: number[] = [];
  const once = async (index: number): Promise<number[]> => {
    await begin(index);
    await sleep(SETTLE_MS);
    await stage.untilOwned();
    const { name, partitions } = await largest(stage);
    const victim = nodes.get(name);
    if (!victim) throw new Error(`node ${name} is none of ours`);
    const actors = actorsOf(partitions, (await stage.client.health()).partitions);
    const taken = await round({ stage, victim, actors });
    nodes.delete(name);
    await victim.exited;
    return taken;
  };
  return {
    async warmUp() {
      await begin(0);
      await stage.untilOwned();
      await once(1);
    },
    async run() {
      for (let index = 0; index < ROUNDS; index++) {
        samples.push(...(await withBackground(stage, () => once(index + 2))));
      }
      const [p50, p99, max] = [0.5, 0.99, 1].map((q) => quantile(samples, q));
      return { p50: p50 ?? 0, p99: p99 ?? 0, max: max ?? 0, samples: samples.length };
    },
    stop: async () => void (await Promise.all([...nodes.values()].map((node) => node.stop()))),
  };
}

/** Asks each partition right after the signal; the answer can only come from its next owner. */
async function awaitOthers(
  { stage, victim, actors }: Pair,
  signal: 'SIGKILL' | 'SIGSTOP',
): Promise<number[]> {
  const beganMs = performance.now();
  victim.kill(signal);
  // What the victim still had in its hands a moment ago must not count as its successor's.
  await sleep(STEP_MS);
  const times = await Promise.all(
    actors.map(async (id) => {
      await askBenchActor(stage.client, id, { type: 'add', by: 1 });
      return performance.now() - beganMs;
    }),
  );
  victim.kill('SIGKILL');
  return times;
}

async function awaitHandOff({ stage, victim, actors }: Pair): Promise<number[]> {
  let isOver = false;
  const watched = actors.map(async (id) => {
    let longestMs = 0;
    for (let lastMs = performance.now(); !isOver; ) {
      await askBenchActor(stage.client, id, { type: 'add', by: 1 });
      const nowMs = performance.now();
      longestMs = Math.max(longestMs, nowMs - lastMs);
      lastMs = nowMs;
    }
    return longestMs;
  });
  await sleep(SETTLE_MS / 3);
  await victim.stop();
  await stage.untilOwned();
  await sleep(SETTLE_MS / 3);
  isOver = true;
  return Promise.all(watched);
}

/** Sends at a fixed pace whatever is answered, so that a standstill shows in full. */
async function awaitTicks({ stage, victim, actors }: Pair): Promise<number[]> {
  let isOver = false;
  const ticked = actors.slice(0, TICKED).map(async (id) => {
    let [lastMs, longestMs] = [performance.now(), 0];
    const asked: Promise<void>[] = [];
    const ask = async () => {
      await askBenchActor(stage.client, id, { type: 'add', by: 1 });
      const nowMs = performance.now();
      longestMs = Math.max(longestMs, nowMs - lastMs);
      lastMs = nowMs;
    };
    while (!isOver) {
      asked.push(ask());
      await sleep(STEP_MS);
    }
    await Promise.all(asked);
    return longestMs;
  });
  await sleep(SETTLE_MS / 3);
  await victim.stop();
  await stage.untilOwned();
  await sleep(SETTLE_MS / 3);
  isOver = true;
  return Promise.all(ticked);
}

async function withBackground<Value>(stage: Stage, work: () => Promise<Value>): Promise<Value> {
  let isOver = false;
  const callers = Array.from({ length: BACKGROUND_CALLERS }, async (_, caller) => {
    for (let turn = 0; !isOver; turn++) {
      await askBenchActor(stage.client, `background-${caller}-${turn % 100}`, { type: 'add', by: 1 });
      await sleep(STEP_MS);
    }
  });
  try {
    return await work();
  } finally {
    isOver = true;
    await Promise.all(callers);
  }
}

/** The node that holds most, by its name, and what it holds. */
async function largest({ sql }: Stage): Promise<{ name: string; partitions: number[] }> {
  const [row] = await sql<{ owner: string; partitions: number[] }[]>`
    SELECT owner, array_agg(id) AS partitions FROM partitions WHERE owner IS NOT NULL
    GROUP BY owner ORDER BY count(*) DESC LIMIT 1`;
  if (!row) throw new Error('nobody holds a partition');
  // An id is the node's name and something random.
  return { name: row.owner.slice(0, row.owner.lastIndexOf('.')), partitions: row.partitions };
}

function actorsOf(partitions: readonly number[], partitionCount: number): string[] {
  const wanted = new Set(partitions);
  const actors: string[] = [];
  for (let index = 0; wanted.size > 0; index++) {
    const id = `probe-${index}`;
    if (wanted.delete(partitionOf(benchAddress(id), partitionCount))) actors.push(id);
  }
  return actors;
}
