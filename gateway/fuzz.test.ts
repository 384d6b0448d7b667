/**
 * Twenty thousand requests by chance over all operations of the OpenAPI document, with the real actors behind the
 * gateway: none is answered 500, none hangs, each answer is one that the document tells of, with the shape it tells.
 * A failure prints the seed and the request.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Reply } from '#protocols/failure.ts';
import type { PastRequest } from '#protocols/past.ts';
import { SessionState } from '#protocols/session.ts';
import { sampleAgent, sampleSession, sampleTask, sampleTaskSummary } from '#protocols/testing/samples.ts';
import { Random } from '#runtime/testing/random.ts';
import { answerAsCluster, answerPastWith } from './testing/cluster.ts';
import { buildTestGateway, type TestGateway } from './testing/gateway.ts';
import { type Answer, buildJudge, type Judge } from './testing/judge.ts';
import { putLetter } from './testing/letters.ts';
import { type Document, RandomRequests, type Request } from './testing/random-requests.ts';
import { isRecord } from './testing/schema-values.ts';

const REQUESTS = 20_000;
const IN_ONE_GATEWAY = 2_000;
const ANSWER_MS = 10_000;
const SEED = 1;

const rejections: unknown[] = [];
const onRejection = (reason: unknown) => rejections.push(reason);
beforeAll(() => process.on('unhandledRejection', onRejection));
afterAll(() => process.off('unhandledRejection', onRejection));

test(`${REQUESTS} requests by chance are all answered as the document says`, async () => {
  const counts = new Map<string, number>();
  const document: Document = (await buildTestGateway().app.inject({ url: '/openapi.json' })).json();
  const judge = buildJudge(document);
  for (let chunk = 0; chunk < REQUESTS / IN_ONE_GATEWAY; chunk++) {
    await fuzz({ seed: SEED + chunk, document, judge }, counts);
  }

  const operations = [...counts.keys()].map((key) => key.split(' ')[0]);
  const good = [...counts].filter(([key]) => / 2\d\d$/.test(key)).map(([key]) => key.split(' ')[0]);
  expect(rejections).toEqual([]);
  // It would prove little if nearly everything were refused.
  expect(new Set(good).size / new Set(operations).size).toBeGreaterThan(0.7);
}, 180_000);

interface Round {
  readonly seed: number;
  readonly document: Document;
  readonly judge: Judge;
}

async function fuzz({ seed, document, judge }: Round, counts: Map<string, number>): Promise<void> {
  const gateway = buildTestGateway(answerAsCluster());
  gateway.client.answerPast = answerPast(document);
  const ids = { ...(await createExamples(gateway, document)), ...(await populate(gateway)) };
  const requests = new RandomRequests(new Random(seed), document, ids);
  for (let n = 0; n < IN_ONE_GATEWAY; n++) {
    const request = requests.next(seed * IN_ONE_GATEWAY + n);
    const answer = await send(gateway, request);
    const fault = judge(request.operation, answer);
    if (fault !== null) {
      const { operation, ...sent } = request;
      throw new Error(
        `seed ${seed}, request ${n}, ${operation.operationId}: ${fault}\n${JSON.stringify(sent).slice(0, 4_000)}\n` +
          `answered ${answer.status}: ${answer.body.slice(0, 2_000)}`,
      );
    }
    const key = `${request.operation.operationId} ${answer.status}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  await gateway.app.close();
}

/** Nodes fold the past; here they answer one after the other what they may. */
function answerPast(document: Document): (request: PastRequest) => Reply {
  const answerGood = answerPastWith(document);
  let asked = 0;
  return (request) => {
    asked += 1;
    if (request.type === 'fork' || asked % 3 === 0) return answerGood(request);
    if (asked % 3 === 1) return { ok: false, failure: { code: 'POINT_NOT_KEPT', detail: 'not kept' } };
    return { ok: false, failure: { code: 'NOT_FOUND', detail: 'never there' } };
  };
}

/** A stream has no end: of it the head is looked at. */
async function send({ app }: TestGateway, request: Request): Promise<Answer> {
  const { method, url, headers, payload } = request;
  const isStream = Object.values(request.operation.responses).some(
    ({ content }) => content && 'text/event-stream' in content,
  );
  const asked = app.inject({
    ...{ method, url, headers, payloadAsStream: isStream },
    ...(payload === undefined ? {} : { payload }),
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`hangs: ${JSON.stringify(request)}`)), ANSWER_MS);
  });
  const answer = await Promise.race([asked, late]).finally(() => clearTimeout(timer));
  const isHead = isStream && answer.statusCode === 200;
  if (isHead) answer.stream().destroy();
  return {
    status: answer.statusCode,
    type: String(answer.headers['content-type'] ?? '').split(';', 1)[0] ?? '',
    body: isHead || isStream ? '' : answer.body,
  };
}

/** What can be created is created once by its own example, and found by its id or name. */
async function createExamples({ app }: TestGateway, document: Document): Promise<Record<string, string[]>> {
  const ids: Record<string, string[]> = {};
  for (const [path, { post }] of Object.entries(document.paths)) {
    const example = post?.requestBody?.content['application/json']?.example;
    if (path.includes('{') || !isRecord(example)) continue;
    const answer = await app.inject({ method: 'POST', url: path, payload: example });
    const made = answer.statusCode < 300 ? answer.json() : {};
    const id: unknown = made.id ?? made.name;
    if (typeof id === 'string') ids[path.split('/').at(-1) ?? ''] = [id];
  }
  return ids;
}

/** Some of everything, and the ids by which requests may find it. */
async function populate({ app, client }: TestGateway): Promise<Record<string, string[]>> {
  const at = (type: string, id: string) => ({ type, tenant: 'dev', id });
  const sessions = SessionState.options.map((state, n) => {
    const tasks = [sampleTaskSummary({ id: `t-${n}` })];
    const session = sampleSession({ id: `s-${n}`, state, tasks });
    client.put(at('session', session.id), session, { status: state, title: session.title });
    client.put(at('task', `t-${n}`), sampleTask({ id: `t-${n}` }), { status: 'pending', parent: session.id });
    return session.id;
  });
  for (const id of ['AGENT-ADA', 'agent-one'])
    client.put(at('agent', id), sampleAgent({ id }), { status: 'online' });
  const contexts: string[] = [];
  for (const name of ['One', 'Two', 'Three']) {
    const payload = { scope: 'global', name, data: { a: { b: [1, 'x'] } } };
    contexts.push((await app.inject({ method: 'POST', url: '/api/v1/contexts', payload })).json().id);
  }
  await app.inject({ method: 'POST', url: '/api/v1/locks/repo%2Fmain/acquire', payload: { ttl_ms: 60_000 } });
  const letters = [1, 2, 3].map((seq) => putLetter(client, seq));
  const to = 'session/dev/s-1';
  client.messages.add('data', {
    ...{ id: 'c.one', to, message: { type: 'start' }, root: 'c.one', source: { kind: 'system' } },
  });
  return {
    ...{
      sessions,
      session: sessions,
      contexts,
      agent: ['AGENT-ADA', 'agent-one'],
      locks: ['repo/main', 'main'],
    },
    ...{
      tasks: sessions.map((_, n) => `t-${n}`),
      agents: ['AGENT-ADA', 'agent-one'],
      'dead-letters': letters,
    },
    ...{
      diff: contexts,
      actors: ['session', 'task', 'context', 'agent'],
      '{type}': sessions,
      keys: ['a', 'a.b'],
      messages: ['c.one', 'data'],
      '{lane}': ['1'],
    },
    ...{ 'by-capability': ['code_generation'], checkpoints: ['1', '2'] },
  };
}
