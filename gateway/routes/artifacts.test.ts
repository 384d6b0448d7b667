import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { ACTOR_KINDS } from '#actors/registry.ts';
import { answerAs } from '#actors/testing/answers.ts';
import { artifactObject } from '#protocols/eap/intake.ts';
import type { Artifact } from '#protocols/task.ts';
import { sampleSession, sampleTask, sampleTaskSummary } from '#protocols/testing/samples.ts';
import { buildTestGateway, NOW_MS, type TestGateway } from '../testing/gateway.ts';

const URL = '/api/v1/tasks/t1/artifacts/patch-1';
const usage = { tokens_in: 0, tokens_out: 0, cost_usd: 0 };

/** A task with one artifact, of the given chunks, that its second attempt left. */
function putArtifact(client: TestGateway['client'], chunks: string[], changes: Partial<Artifact> = {}): void {
  const whole = Buffer.from(chunks.join(''));
  const artifact: Artifact = {
    artifact_id: 'patch-1',
    attempt: 2,
    name: 'changes.patch',
    role: 'patch',
    media_type: 'text/x-diff',
    size_bytes: whole.length,
    sha256: createHash('sha256').update(whole).digest('hex'),
    chunks: chunks.length,
    ...changes,
  };
  const attempts = [1, 2].map((number) => ({
    number,
    agent_id: `agent-${number}`,
    assigned_at: '2026-01-01T00:00:00.000Z',
    started_at: null,
    ended_at: null,
    outcome: null,
    percent: null,
    note: null,
    usage,
    result: null,
  }));
  const task = sampleTask({ id: 't1', attempts, artifacts: [artifact] });
  client.put({ type: 'task', tenant: 'dev', id: 't1' }, task);
  for (const [index, chunk] of chunks.entries()) {
    const place = { tenant: 'dev', agent: 'agent-2', taskId: 't1', attempt: 2, artifactId: 'patch-1', index };
    client.objects.set(artifactObject(place), Buffer.from(chunk));
  }
}

test('an artifact is sent whole from its chunks, as a download that nothing will run', async () => {
  const { app, client } = buildTestGateway();
  putArtifact(client, ['one,', 'two,', 'three']);

  const response = await app.inject({ url: URL });

  expect(response.statusCode).toBe(200);
  expect(response.body).toBe('one,two,three');
  expect(response.headers).toMatchObject({
    'content-type': 'text/x-diff',
    'content-length': '13',
    'content-disposition': `attachment; filename="changes.patch"; filename*=UTF-8''changes.patch`,
    'x-content-type-options': 'nosniff',
  });
  const again = await app.inject({ url: URL, headers: { 'if-none-match': String(response.headers.etag) } });
  expect([again.statusCode, again.body]).toEqual([304, '']);
});

test('a name and a media type of an agent cannot break out of their headers', async () => {
  const { app, client } = buildTestGateway();
  putArtifact(client, ['x'], { name: 'a"; b\r\n/größe.txt', media_type: 'text/html\r\nx: y' });

  const response = await app.inject({ url: URL });

  expect(response.headers['content-type']).toBe('application/octet-stream');
  expect(response.headers['content-disposition']).toBe(
    `attachment; filename="a___b___gr__e.txt"; filename*=UTF-8''a%22%3B%20b%0D%0A%2Fgr%C3%B6%C3%9Fe.txt`,
  );
});

test('content that is not what was announced is cut off before its end', async () => {
  const { app, client } = buildTestGateway();
  putArtifact(client, ['one,', 'two'], { sha256: 'f'.repeat(64) });
  const address = await app.listen({ port: 0, host: '127.0.0.1' });

  const received = fetch(address + URL).then((response) => response.text());

  await expect(received).rejects.toThrow();
  await app.close();
});

test('an artifact without its first chunk, or that no task knows, is not found', async () => {
  const { app, client } = buildTestGateway();
  putArtifact(client, ['x']);
  client.objects.clear();

  expect((await app.inject({ url: URL })).json()).toMatchObject({ status: 404, code: 'ARTIFACT_NOT_FOUND' });
  expect((await app.inject({ url: '/api/v1/tasks/t1/artifacts/other' })).statusCode).toBe(404);
  expect((await app.inject({ url: '/api/v1/tasks/t9/artifacts/other' })).json().code).toBe('TASK_NOT_FOUND');
});

test('the artifacts of a session are listed with their task and their place', async () => {
  const { app, client } = buildTestGateway();
  client.put(
    { type: 'session', tenant: 'dev', id: 'session-1' },
    sampleSession({ tasks: [sampleTaskSummary({ id: 't1' })] }),
  );
  putArtifact(client, ['x']);

  const page = (await app.inject({ url: '/api/v1/sessions/session-1/artifacts' })).json();

  expect(page).toMatchObject({ total: 1, page: 1 });
  expect(page.items[0]).toMatchObject({ task_id: 't1', name: 'changes.patch', href: URL });
});

test('the content of an artifact is deleted for good, as often as it is said; its record stays', async () => {
  const { app, client } = buildTestGateway(answerAs(ACTOR_KINDS, NOW_MS));
  putArtifact(client, ['one,', 'two']);

  const first = await app.inject({ method: 'DELETE', url: URL });
  const again = await app.inject({ method: 'DELETE', url: URL });

  expect(first.json()).toMatchObject({ artifact_id: 'patch-1', deleted_at: expect.any(String) });
  expect([again.statusCode, again.json()]).toEqual([200, first.json()]);
  expect(client.objects.size).toBe(0);
  expect((await app.inject({ url: URL })).json()).toMatchObject({
    status: 404,
    detail: expect.stringContaining('was deleted at'),
  });
  expect((await app.inject({ method: 'DELETE', url: `${URL}x` })).json().code).toBe('ARTIFACT_NOT_FOUND');
});
