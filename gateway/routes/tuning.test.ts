/** Data sets, trainings and models over HTTP, with their real actors. */
import { expect, test } from 'vitest';
import { sampleTraining } from '#protocols/testing/sample-tuning.ts';
import { sampleSession } from '#protocols/testing/samples.ts';
import { answerAsCluster } from '../testing/cluster.ts';
import { buildTestGateway } from '../testing/gateway.ts';

const at = (type: string, id: string) => ({ type, tenant: 'dev', id });

function start() {
  const { app, client } = buildTestGateway(answerAsCluster());
  const ask = async (method: 'GET' | 'POST', path: string, payload?: object) => {
    const answer = await app.inject({ method, url: `/api/v1/${path}`, ...(payload ? { payload } : {}) });
    return { status: answer.statusCode, body: answer.json() };
  };
  return { client, ask };
}

test('without consent and a reason no data set is built', async () => {
  const { ask, client } = start();
  const body = { name: 'fixes', consent: true, reason: 'our own code' };
  const refused = [
    { ...body, consent: false },
    { ...body, reason: undefined },
    { ...body, consent: undefined },
  ];

  for (const one of refused)
    expect(await ask('POST', 'fine-tuning/datasets', one)).toMatchObject({ status: 422 });
  expect(client.find(at('dataset', 'fixes'))).toBeNull();
  expect(await ask('POST', 'fine-tuning/datasets', body)).toMatchObject({
    status: 202,
    body: { reference: 'fixes@1', state: 'building', consent: { reason: 'our own code' } },
  });
  expect((await ask('GET', 'audit?act=dataset.consented')).body.items).toMatchObject([
    { target: 'fixes@1', reason: 'our own code' },
  ]);
});

test('a version of a model is made of a completed training alone, with its figures', async () => {
  const { ask, client } = start();
  for (const state of ['completed', 'running'] as const) {
    client.put(at('training', state), sampleTraining({ id: state, state }), { status: state });
  }

  const made = await ask('POST', 'models/fixer/versions', { job_id: 'completed', metrics: { wins: 3 } });

  expect(made).toMatchObject({
    status: 201,
    body: {
      ...{ name: 'fixer', version: '1.0.0', stage: 'candidate', reference: 'registry:fixer@1.0.0' },
      ...{ source: 'openai/ft:small', base_model: 'small', dataset: 'ready@1', job_id: 'completed' },
      metrics: { wins: 3 },
    },
  });
  expect(await ask('POST', 'models/fixer/versions', { job_id: 'running' })).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'job_id' }] },
  });
  expect(await ask('POST', 'models/fixer/versions', { job_id: 'none' })).toMatchObject({ status: 404 });
  expect(await ask('POST', 'models/fixer/versions', {})).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'source' }, { path: 'base_model' }] },
  });
});

test('a session names a model that is there, or is refused with what is missing', async () => {
  const { ask } = start();
  const draft = { title: 'Mend the parser', initial_prompt: 'Mend it.' };
  const create = (model: string) => ask('POST', 'sessions', { ...draft, model });
  const origin = { source: 'openai/ft:small', base_model: 'small' };
  await ask('POST', 'models/fixer/versions', origin);

  expect(await create('registry:fixer@production')).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'model', message: 'model fixer has no version that is production' }] },
  });
  expect(await create('registry:nobody@1.0.0')).toMatchObject({ status: 422 });
  expect(await create('registry:fixer@latest')).toMatchObject({ status: 422 });
  expect(await create('registry:fixer@1.0.0')).toMatchObject({ status: 201 });
  const promoted = { version: '1.0.0', stage: 'production', reason: 'first' };
  expect(await ask('POST', 'models/fixer/promote', promoted)).toMatchObject({
    body: { production: '1.0.0' },
  });
  expect(await create('registry:fixer@production')).toMatchObject({
    status: 201,
    body: { model: 'registry:fixer@production' },
  });
});

test('sessions are listed by what people said of them', async () => {
  const { ask, client } = start();
  for (const id of ['one', 'two']) {
    client.put(at('session', id), sampleSession({ id, state: 'completed' }), { status: 'completed' });
  }
  await ask('POST', 'sessions/one/review', { verdict: 'accepted' });
  await ask('POST', 'sessions/two/review', { verdict: 'rejected', reason: 'breaks the build' });

  const { body } = await ask('GET', 'sessions?verdict=accepted');

  expect(body.items.map(({ id }: { id: string }) => id)).toEqual(['one']);
});

test('trainings are listed by state, data set and base model', async () => {
  const { ask } = start();
  const body = { title: 'A fixer', dataset: 'fixes@1', base_model: 'small' };
  await ask('POST', 'fine-tuning/jobs', body);
  await ask('POST', 'fine-tuning/jobs', { ...body, dataset: 'other', base_model: 'large' });
  const count = async (query: string) => (await ask('GET', `fine-tuning/jobs?${query}`)).body.items.length;

  expect(await count('state=pending')).toBe(2);
  expect(await count('state=running')).toBe(0);
  expect(await count('dataset=fixes')).toBe(1);
  expect(await count('base_model=large&dataset=other')).toBe(1);
});
