/** Many sessions, by the product's own gateway and node. */
import type { Bench } from './bench.ts';
import { residentMb } from './machine.ts';
import { load } from './stage.ts';

const SESSIONS_COUNT = 100_000;
const CALLERS = 64;
const PATH = '/api/v1/sessions';
/** Longer than actors stay idle in memory. */
const REST_MS = 75_000;

export const SESSIONS: Bench = {
  name: 'sessions',
  what:
    `${SESSIONS_COUNT.toLocaleString('en')} sessions created through the real gateway (validation, ids, its log, the ` +
    'session read back for the answer) on one real node, 64 callers; then its memory when they have left it.',
  figures: {
    rate: { title: 'sessions created', unit: '/s' },
    p50: { title: 'p50', unit: 'ms' },
    p99: { title: 'p99', unit: 'ms' },
    peak: { title: 'node, highest RSS', unit: 'MB' },
    rested: { title: 'node, RSS when all are idle', unit: 'MB' },
  },
  isLong: true,
  isOnce: true,
  async prepare(stage) {
    const env = { OIO_IDLE_SECONDS: '60' };
    const node = await stage.startOnlyNode({ id: 'sessions', file: 'runtime/main.ts', env });
    const gateway = await stage.startFront({ file: 'gateway/main.ts' });
    const plan = (keys: number) => ({
      url: gateway.url,
      callers: CALLERS,
      keys,
      seconds: 1_200,
      prefix: 's-',
      each: true,
      method: 'POST',
      path: PATH,
      headers: { 'content-type': 'application/json', 'idempotency-key': '{id}' },
      body: JSON.stringify({ title: 'Add a health check', initial_prompt: 'Answer GET /health with 200.' }),
    });
    return {
      warmUp: async () => void (await load(plan(2_000))),
      async run() {
        const report = await load(plan(SESSIONS_COUNT));
        const peak = residentMb(node.pid, 'highest');
        await new Promise((resolve) => setTimeout(resolve, REST_MS));
        return {
          rate: report.answered / report.seconds,
          p50: report.p50Ms,
          p99: report.p99Ms,
          peak,
          rested: residentMb(node.pid, 'now'),
        };
      },
      async stop() {
        await gateway.stop();
        await node.stop();
      },
    };
  },
};
