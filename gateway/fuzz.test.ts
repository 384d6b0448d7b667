/**
 * Twenty thousand requests by chance over all operations of the OpenAPI document, with the real actors behind the
 * gateway: none is answered 500, none hangs, each answer is one that the document tells of, with the shape it tells.
 * A failure prints the seed and the request.
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ACTOR_KINDS } from '#actors/registry.ts';
import { answerAs } from '#actors/testing/answers.ts';
import type { Reply } from '#protocols/failure.ts';
import { FORK } from '#protocols/fork.ts';
import type { PastRequest } from '#protocols/past.ts';
import { SessionState } from '#protocols/session.ts';
import { sampleAgent, sampleSession, sampleTask, sampleTaskSummary } from '#protocols/testing/samples.ts';
import type { Answer as Answerer } from '#runtime/testing/client.ts';
import { Random } from '#runtime/testing/random.ts';
import { buildTestGateway, NOW_MS, type TestGateway } from './testing/gateway.ts';
import { putLetter } from './testing/letters.ts';
import { type Document, RandomRequests, type Request } from './testing/random-requests.ts';
import { isRecord } from './testing/schema-values.ts';

const REQUESTS = 20_000;
const IN_ONE_GATEWAY = 2_000;
const ANSWER_MS = 10_000;
const SEED = 1;

/** Told of by no operation: what is wrong before an operation is known. */
const BEFORE_ROUTES = new Set([404, 405, 414, 431]);

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
  readonly judge: (request: Request, answer: Answer) => string | null;
}

async function fuzz({ seed, document, judge }: Round, counts: Map<string, number>): Promise<void> {
  const gateway = buildTestGateway(answerAsCluster());
  gateway.client.answerPast = answerPast(document);
  const ids = { ...(await createExamples(gateway, document)), ...(await populate(gateway)) };
  const requests = new RandomRequests(new Random(seed), document, ids);
  for (let n = 0; n < IN_ONE_GATEWAY; n++) {
    const request = requests.next(seed * IN_ONE_GATEWAY + n);
    const answer = await send(gateway, request);
    const fault = judge(request, answer);
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

/** The actors themselves; forks are the runtime's own. */
function answerAsCluster(): Answerer {
  const act = answerAs(ACTOR_KINDS, NOW_MS);
  return (command, client) => {
    if (command.message.type !== FORK) return act(command, client);
    return { ok: true, value: { id: command.to.id, from: 'context/dev/c-1', version: 1 } };
  };
}

/** Nodes fold the past; here they answer one after the other what they may. */
function answerPast(document: Document): (request: PastRequest) => Reply {
  const exampleOf = (path: string): unknown => {
    const content = document.paths[`/api/v1/actors/{type}/{id}/${path}`]?.get?.responses['200']?.content;
    return Object.values(content ?? {})[0]?.example;
  };
  let asked = 0;
  return ({ type, address }) => {
    asked += 1;
    if (type === 'fork') return beginningOf(address.type);
    if (asked % 3 === 1) return { ok: false, failure: { code: 'POINT_NOT_KEPT', detail: 'not kept' } };
    if (asked % 3 === 2) return { ok: false, failure: { code: 'NOT_FOUND', detail: 'never there' } };
    return { ok: true, value: exampleOf(type === 'history' ? 'history' : 'at') };
  };
}

function beginningOf(type: string): Reply {
  if (type !== 'context') return { ok: false, failure: { code: 'UNSUPPORTED', detail: 'no forks of it' } };
  return { ok: true, value: { type: FORK } };
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
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

function buildJudge(document: Document): (request: Request, answer: Answer) => string | null {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const inside = <Part extends object>(part: Part): Part =>
    // Only texts of references changed.
    JSON.parse(JSON.stringify(part).replaceAll('"#/components/', '"api#/components/')) as Part;
  ajv.addSchema(inside({ components: document.components }), 'api');
  const validators = new Map<string, ReturnType<typeof ajv.compile>>();
  return ({ operation }, { status, type, body }) => {
    if (status >= 500 && status !== 503 && status !== 504) return 'a defect';
    const told = operation.responses[String(status)];
    if (!told && !BEFORE_ROUTES.has(status)) return `the document does not tell of ${status}`;
    if (status >= 400 && type !== 'application/problem+json') return `a problem of type ${type}`;
    const schema = told?.content?.[type]?.schema;
    if (!schema || !type.endsWith('json') || body === '') return null;
    const key = `${operation.operationId} ${status}`;
    const validate = validators.get(key) ?? ajv.compile(inside(schema));
    validators.set(key, validate);
    return validate(JSON.parse(body)) ? null : `not of its shape: ${ajv.errorsText(validate.errors)}`;
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
    },
    ...{ 'by-capability': ['code_generation'], checkpoints: ['1', '2'] },
  };
}
