/** Durable asks through HTTP: answered when they are committed, with an event each, all of it published afterwards. */
import type { Bench, Sample } from './bench.ts';
import type { LoadPlan } from './load.ts';
import { processorMs } from './machine.ts';
import { load, type Stage } from './stage.ts';

const KEYS = 1_000;
const WARM_UP_SECONDS = 6;

/** The same question to every peer: add to one counter, under a key of its own. */
export function addPlan(parts: Pick<LoadPlan, 'url' | 'callers' | 'keys' | 'seconds'>): LoadPlan {
  return {
    ...parts,
    prefix: 'k-',
    each: false,
    method: 'POST',
    path: '/counters/{key}/add',
    headers: { 'content-type': 'application/json', 'idempotency-key': '{id}' },
    body: '{"by":1}',
  };
}

/** What one ask costs each process: it says more than the rate where others use the machine too. */
const costFigures = {
  frontUs: { title: 'processor per ask: front', unit: 'µs' },
  nodeUs: { title: 'processor per ask: node', unit: 'µs' },
  natsUs: { title: 'processor per ask: nats-server', unit: 'µs' },
  postgresUs: { title: 'processor per ask: Postgres', unit: 'µs' },
  loadUs: { title: 'processor per ask: load', unit: 'µs' },
} as const;

export const ASK_FIGURES = {
  rate: { title: 'asks', unit: '/s' },
  p50: { title: 'p50', unit: 'ms' },
  p99: { title: 'p99', unit: 'ms' },
  ...costFigures,
} as const;

export const ASKS: readonly Bench[] = [
  askBench({ name: 'ask-1', callers: 1, keys: KEYS }),
  askBench({ name: 'ask-64', callers: 64, keys: KEYS }),
  askBench({ name: 'ask-256', callers: 256, keys: KEYS }),
  askBench({ name: 'ask-hot', callers: 64, keys: 1 }),
  askBench({ name: 'ask-1-unkeyed', callers: 1, keys: KEYS, isUnkeyed: true }),
  askBench({ name: 'ask-64-unkeyed', callers: 64, keys: KEYS, isUnkeyed: true }),
];

/** Runs the plan; `pids` are the processes at work, by the names of the cost figures. */
export async function measureAsks(plan: LoadPlan, pids: Readonly<Record<string, number>>): Promise<Sample> {
  const before = processorMs(pids);
  const report = await load(plan);
  const after = processorMs(pids);
  const costs = Object.keys(pids).map((name) => {
    const usedMs = (after[name] ?? Number.NaN) - (before[name] ?? Number.NaN);
    return [`${name}Us`, (usedMs * 1_000) / report.answered];
  });
  return {
    rate: report.answered / report.seconds,
    p50: report.p50Ms,
    p99: report.p99Ms,
    ...Object.fromEntries(costs),
    loadUs: (report.ownCore * report.seconds * 1e6) / report.answered,
  };
}

interface AskOptions {
  readonly name: string;
  readonly callers: number;
  readonly keys: number;
  /** No Idempotency-Key: the front makes one that is new, which nobody has to look for. */
  readonly isUnkeyed?: true;
}

function askBench({ name, callers, keys, isUnkeyed }: AskOptions): Bench {
  const whom = keys === 1 ? 'one hot actor' : `${keys.toLocaleString('en')} actors`;
  return {
    name,
    what:
      `${callers} HTTP caller(s), ${whom}: load process → Fastify front → log → turn → commit → answer; ` +
      `one event each through outbox and stream, a reply row each, ${isUnkeyed ? 'no key' : 'an idempotency key'} given.`,
    figures: ASK_FIGURES,
    async prepare(stage: Stage) {
      const node = await stage.startOnlyNode();
      const front = await stage.startFront({ file: 'ops/bench/front-main.ts' });
      const plan = (seconds: number): LoadPlan => {
        const keyed = addPlan({ url: front.url, callers, keys, seconds });
        return isUnkeyed ? { ...keyed, headers: { 'content-type': 'application/json' } } : keyed;
      };
      return {
        warmUp: async () => void (await load(plan(WARM_UP_SECONDS))),
        run: () =>
          measureAsks(plan(stage.seconds), { front: front.pid, node: node.pid, ...stage.servicePids }),
        async stop() {
          await front.stop();
          await node.stop();
        },
      };
    },
  };
}
