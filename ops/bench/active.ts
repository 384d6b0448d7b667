/** The memory of a node that has very many sessions and works on some, by the product's own gateway and node. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SESSIONS_RUNNING_LIMIT } from '#protocols/quota.ts';
import type { Bench, Sample } from './bench.ts';
import { residentMb } from './machine.ts';
import { quantile } from './quantiles.ts';
import { load } from './stage.ts';

const SESSIONS_COUNT = 100_000;
/** As many as one tenant may have at work. */
const ACTIVE = SESSIONS_RUNNING_LIMIT;
const CALLERS = 64;
const ACTS_PER_SECOND = 100;
const LOOK_EVERY_MS = 5_000;
/** Of the whole time: the first part is that in which what was created leaves memory. */
const SETTLED_FROM = 0.2;
const PATH = '/api/v1/sessions';
const HEADERS = { 'content-type': 'application/json' };
const DRAFT = { title: 'Add a health check', initial_prompt: 'Answer GET /health with 200.' };

export const ACTIVE_SESSIONS: Bench = {
  name: 'active',
  what:
    `${SESSIONS_COUNT.toLocaleString('en')} sessions on one real node, ${ACTIVE} of them at work with their tasks waiting for agents, ` +
    `${ACTS_PER_SECOND} checkpoints asked for a second, for \`--seconds\`: its memory every ${LOOK_EVERY_MS / 1_000} s.`,
  figures: {
    peak: { title: 'node, highest RSS', unit: 'MB' },
    first: { title: 'node, RSS, median of the first third', unit: 'MB' },
    last: { title: 'node, RSS, median of the last third', unit: 'MB' },
    acts: { title: 'checkpoints made', unit: 'count' },
  },
  isLong: true,
  isOnce: true,
  async prepare(stage) {
    const env = { OIO_IDLE_SECONDS: '60' };
    const node = await stage.startOnlyNode({ id: 'active', file: 'runtime/main.ts', env });
    const gateway = await stage.startFront({ file: 'gateway/main.ts' });
    const root = gateway.url;
    let ids: string[] = [];
    return {
      async warmUp() {
        await create(root);
        ids = await startSome(root);
      },
      run: () => watch({ root, ids, pid: node.pid, seconds: stage.seconds }),
      async stop() {
        await gateway.stop();
        await node.stop();
      },
    };
  },
};

async function create(root: string): Promise<void> {
  await load({
    url: root,
    callers: CALLERS,
    keys: SESSIONS_COUNT,
    seconds: 1_200,
    prefix: 's-',
    each: true,
    method: 'POST',
    path: PATH,
    headers: { ...HEADERS, 'idempotency-key': '{id}' },
    body: JSON.stringify(DRAFT),
  });
}

async function startSome(root: string): Promise<string[]> {
  await ask(`${root}/api/v1/quota`, 'PUT', { sessions_running: ACTIVE });
  const ids: string[] = [];
  for (let page = 1; ids.length < ACTIVE; page++) {
    const { items } = (await ask(`${root}${PATH}?page=${page}&page_size=100`)) as { items: { id: string }[] };
    ids.push(...items.map(({ id }) => id));
  }
  for (const id of ids) await ask(`${root}${PATH}/${id}/start`, 'POST', {});
  return ids;
}

async function watch(options: {
  readonly root: string;
  readonly ids: readonly string[];
  readonly pid: number;
  readonly seconds: number;
}): Promise<Sample> {
  const { root, ids, pid, seconds } = options;
  const beganMs = performance.now();
  const looks: number[] = [];
  const looking = setInterval(() => looks.push(residentMb(pid, 'now')), LOOK_EVERY_MS);
  let acts = 0;
  try {
    while (performance.now() - beganMs < seconds * 1_000) {
      const dueMs = beganMs + (acts / ACTS_PER_SECOND) * 1_000;
      await sleep(Math.max(0, dueMs - performance.now()));
      const batch = Array.from({ length: 10 }, (_, n) => ids[(acts + n) % ids.length] ?? '');
      await Promise.all(batch.map((id) => ask(`${root}${PATH}/${id}/checkpoints`, 'POST', {})));
      acts += batch.length;
    }
  } finally {
    clearInterval(looking);
  }
  const settled = looks.slice(Math.floor(looks.length * SETTLED_FROM));
  const third = Math.max(1, Math.floor(settled.length / 3));
  return {
    peak: residentMb(pid, 'highest'),
    first: quantile(settled.slice(0, third), 0.5),
    last: quantile(settled.slice(-third), 0.5),
    acts,
  };
}

async function ask(url: string, method = 'GET', body?: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: HEADERS }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`);
  return JSON.parse(text);
}
