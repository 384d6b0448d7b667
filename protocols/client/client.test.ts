import { expect, test } from 'vitest';
import { toProblem } from '../failure.ts';
import { buildClient, type Fetch, type FetchInit, Refused, Unreachable } from './client.ts';

interface Seen extends FetchInit {
  readonly url: string;
}

function startClient(answers: readonly (Response | Error)[], patienceMs = 0) {
  const seen: Seen[] = [];
  const fetch: Fetch = async (url, init) => {
    const answer = answers[Math.min(seen.length, answers.length - 1)];
    seen.push({ url, ...init });
    if (answer instanceof Response) return answer.clone();
    throw answer ?? new Error('nothing to answer');
  };
  const patience = { ms: patienceMs, newKey: () => `key-${seen.length}` };
  return { seen, client: buildClient({ url: 'http://gateway', fetch, patience }) };
}

const json = (value: unknown, status = 200) => new Response(JSON.stringify(value), { status });
const busy = json(toProblem({ code: 'MAILBOX_FULL', detail: 'full' }, 'r-1'), 503);

test('parameters go where the document says: into path, query, headers and body', async () => {
  const { client, seen } = startClient([json({ id: 's 1' })]);

  await client.listSessions({ state: ['running', 'paused'], search: 'a b', page: 2, order: undefined });
  await client.stopSession({ id: 's/1', body: { reason: 'enough' }, 'idempotency-key': 'k' });

  expect(seen[0]).toMatchObject({ method: 'GET', body: null });
  expect(seen[0]?.url).toBe('http://gateway/api/v1/sessions?state=running&state=paused&search=a%20b&page=2');
  expect(seen[1]).toMatchObject({
    url: 'http://gateway/api/v1/sessions/s%2F1/stop',
    method: 'POST',
    headers: { 'idempotency-key': 'k', 'content-type': 'application/json' },
    body: '{"reason":"enough"}',
  });
});

test('answers are read as what they are: JSON, text, bytes or nothing', async () => {
  const { client } = startClient([json({ seq: 1 })]);
  const empty = startClient([new Response(null, { status: 204 })]);

  expect(await client.getHealth()).toEqual({ seq: 1 });
  expect(await client.getMetrics()).toBe('{"seq":1}');
  expect(await client.getArtifactContent({ id: 't', artifact_id: 'a' })).toEqual(
    new TextEncoder().encode('{"seq":1}'),
  );
  expect(await empty.client.deleteSession({ id: 's' })).toBeUndefined();
});

test('a refusal has the problem, and an answer that is none of ours has its status', async () => {
  const problem = toProblem(
    { code: 'VALIDATION_FAILED', detail: 'no', errors: [{ path: 'title', message: 'short' }] },
    'r-1',
  );
  const refused = startClient([json(problem, 422)]).client.getSession({ id: 's' });
  const foreign = startClient([new Response('<html>', { status: 502 })]).client.getSession({ id: 's' });

  await expect(refused).rejects.toMatchObject({ status: 422, problem: { code: 'VALIDATION_FAILED' } });
  await expect(refused).rejects.toThrow('VALIDATION_FAILED: no (title: short)');
  await expect(foreign).rejects.toSatisfy((error) => error instanceof Refused && error.problem === null);
});

test('nobody home is told at once without patience', async () => {
  const { client, seen } = startClient([new TypeError('fetch failed')]);

  await expect(client.getHealth()).rejects.toBeInstanceOf(Unreachable);
  expect(seen).toHaveLength(1);
});

test('with patience a call is made again until it is answered, under one idempotency key', async () => {
  const { client, seen } = startClient([new TypeError('fetch failed'), busy, json({ id: 's' })], 1_000);

  expect(await client.startSession({ id: 's' })).toEqual({ id: 's' });
  expect(seen.map(({ headers }) => headers['idempotency-key'])).toEqual(['key-0', 'key-0', 'key-0']);
});

test('a refusal that will not pass is not tried again, and patience has an end', async () => {
  const never = startClient([json(toProblem({ code: 'NOT_FOUND', detail: 'no' }, 'r-1'), 404)], 1_000);
  const always = startClient([busy], 200);

  await expect(never.client.getSession({ id: 's' })).rejects.toBeInstanceOf(Refused);
  await expect(always.client.getSession({ id: 's' })).rejects.toMatchObject({ status: 503 });
  expect([never.seen.length, always.seen.length]).toEqual([1, 2]);
});
