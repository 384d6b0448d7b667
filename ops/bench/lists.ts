/** Lists, searches and counts over very many sessions, by the product's own gateway. */
import type postgres from 'postgres';
import { labelsOf } from '#actors/session/labels.ts';
import { toLabelText } from '#protocols/search-words.ts';
import { sampleSession, sampleTaskSummary } from '#protocols/testing/samples.ts';
import type { Bench, FigureKind, Sample } from './bench.ts';
import { quantile } from './quantiles.ts';

const SESSIONS_COUNT = 100_000;
const ROWS_AT_ONCE = 5_000;
const TASKS_EACH = 6;
const WARM_UPS = 20;
const REQUESTS_EACH = 100;
const PATH = '/api/v1/sessions';

/** Each request, by the name of its figure; `{n}` is another number each time, `{cursor}` that of a page far down. */
const REQUESTS = {
  newest: { title: 'list, the newest', path: '' },
  number: { title: 'list, page 400', path: '?page=400&page_size=20' },
  cursor: {
    title: 'list, by cursor, half-way',
    path: '?page_size=20&created_from=2020-01-01T00:00:00Z&cursor={cursor}',
  },
  rare: { title: 'list, states that few have', path: '?state=running,degraded' },
  oldest: { title: 'list, failed, the oldest', path: '?state=failed&order=asc' },
  changed: { title: 'list, changed last', path: '?sort=updated' },
  titles: { title: 'list, by title', path: '?sort=title&order=asc' },
  word: { title: 'search, a word that one has', path: '?search=module{n}' },
  common: { title: 'search, words that all have', path: '?search=repair+module' },
  tenth: { title: 'search, a word that a tenth has', path: '?search=parser' },
  tag: { title: 'list, a tag and a priority', path: '?tag=nightly&priority=high' },
  get: { title: 'get', path: '/bench-{n}' },
  stats: { title: 'stats', path: '/stats' },
} as const;

type Name = keyof typeof REQUESTS;
const NAMES = Object.keys(REQUESTS) as Name[]; // The keys of the table above.

export const LISTS: Bench = {
  name: 'lists',
  what:
    `${SESSIONS_COUNT.toLocaleString('en')} sessions with ${TASKS_EACH} tasks each, filled in by SQL; then lists, searches, ` +
    `one session and the counts through the real gateway, one caller, ${REQUESTS_EACH} of each: medians.`,
  figures: Object.fromEntries(
    NAMES.map((name): [string, FigureKind] => [name, { title: `${REQUESTS[name].title}, p50`, unit: 'ms' }]),
  ),
  isLong: true,
  isOnce: true,
  async prepare(stage) {
    await fill(stage.sql);
    const node = await stage.startOnlyNode({ id: 'lists', file: 'runtime/main.ts' });
    const gateway = await stage.startFront({ file: 'gateway/main.ts' });
    const root = `${gateway.url}${PATH}`;
    const cursor = await findCursor(root);
    return {
      warmUp: async () => void (await timeAll(root, cursor, WARM_UPS)),
      run: () => timeAll(root, cursor, REQUESTS_EACH),
      async stop() {
        await gateway.stop();
        await node.stop();
      },
    };
  },
};

/** Most are over, few are at work; a word and a tag that a tenth have; each made ten seconds after the one before. */
async function fill(sql: postgres.Sql): Promise<void> {
  const tasks = Array.from({ length: TASKS_EACH }, (_, n) => sampleTaskSummary({ id: `task-ANID-${n}` }));
  const session = sampleSession({
    id: 'bench-ANID',
    title: '@title',
    state: 'completed',
    initial_prompt: 'The tests of this project fail since yesterday. Find out why, and mend what is broken.',
    tags: ['repair'],
    tasks,
  });
  const labels = toLabelText(labelsOf(session));
  for (let from = 0; from < SESSIONS_COUNT; from += ROWS_AT_ONCE) {
    await sql`
      INSERT INTO actors (tenant, type, id, partition, version, state_version, state, status, title, labels, created_at,
        updated_at, listed_at)
      SELECT 'dev', 'session', 'bench-' || n, 0, 1, 1,
        replace(replace(replace(${JSON.stringify(session)}, 'ANID', n::text), '@title', title), '"completed"', '"' || status || '"')::json,
        status, title, CASE WHEN n % 10 = 0 THEN replace(${labels}, 'medium', 'high') || E'\\ntag:nightly' ELSE ${labels} END,
        at, at, at
      FROM (
        SELECT n, now() - (${SESSIONS_COUNT} - n) * interval '10 seconds' AS at,
          CASE WHEN n % 1000 < 2 THEN 'running' WHEN n % 1000 < 100 THEN 'failed' WHEN n % 1000 < 200 THEN 'stopped'
            ELSE 'completed' END AS status,
          'Repair module' || n || CASE WHEN n % 10 = 0 THEN ' of the parser' ELSE '' END || ' (module)' AS title
        FROM generate_series(${from}::int, ${from + ROWS_AT_ONCE - 1}::int) AS n) AS s`;
  }
  await sql`VACUUM ANALYZE actors`;
  await sql`VACUUM ANALYZE searched`;
}

/** Half-way down, by pages as large as they can be. */
async function findCursor(root: string): Promise<string> {
  let cursor = '';
  for (let rows = 0; rows < SESSIONS_COUNT / 2; rows += 100) {
    const query = `page_size=100&created_from=2020-01-01T00:00:00Z${cursor && `&cursor=${cursor}`}`;
    const { next_cursor } = (await (await fetch(`${root}?${query}`)).json()) as { next_cursor: string };
    cursor = next_cursor;
  }
  return cursor;
}

async function timeAll(root: string, cursor: string, times: number): Promise<Sample> {
  const medians: [string, number][] = [];
  for (const name of NAMES) {
    const took: number[] = [];
    for (let n = 0; n < times; n++) {
      const number = String((n * 7_919) % SESSIONS_COUNT);
      const path = REQUESTS[name].path.replace('{n}', number).replace('{cursor}', cursor);
      const beganMs = performance.now();
      const response = await fetch(root + path);
      const body = await response.text();
      took.push(performance.now() - beganMs);
      if (response.status !== 200) throw new Error(`${path}: ${response.status} ${body}`);
    }
    medians.push([name, quantile(took, 0.5)]);
  }
  return Object.fromEntries(medians);
}
