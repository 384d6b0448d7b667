import { expect, test } from 'vitest';
import { buildTestGateway } from '../testing/gateway.ts';
import { LETTER_NOBODY_HAS, putLetter, putNonsense } from '../testing/letters.ts';

const ROOT = '/api/v1/dead-letters';
const reason = 'the defect is mended';

type Headers = Record<string, string>;

function build() {
  const { app, client } = buildTestGateway();
  const post = (path: string, payload: object = { reason }, headers: Headers = {}) =>
    app.inject({ method: 'POST', url: `${ROOT}${path}`, payload, headers });
  const patch = (id: string, payload: object, headers: Headers = {}) =>
    app.inject({ method: 'PATCH', url: `${ROOT}/${id}`, payload, headers });
  const stored = (id: string) => client.deadLetters.rows.find((letter) => letter.id === id);
  return { client, post, patch, stored };
}

test('an edited letter shows what will be sent, and who changed it why', async () => {
  const { client, patch } = build();
  const id = putLetter(client, 1);

  const answer = await patch(id, { message: { type: 'stop', reason: 'x' }, reason });

  expect(answer.statusCode).toBe(200);
  expect(answer.headers.etag).toBe('"2"');
  expect(answer.json()).toMatchObject({
    ...{ status: 'open', version: 2, is_edited: true, body: { message: { type: 'start' } } },
    edited: { to: 'session/dev/s1', message: { type: 'stop', reason: 'x' } },
    acts: [{ act: 'edit', by: 'user:dev', reason, before: { message: { type: 'start' } } }],
  });
});

test('messages to the keys and the audit are not written by hand', async () => {
  const { client, patch, stored } = build();
  const id = putLetter(client, 1);
  const message = { type: 'record', act: 'forged' };

  for (const to of ['audit/dev/2026-11-21', 'tenant/dev/keys']) {
    expect((await patch(id, { to, message, reason })).json()).toMatchObject({
      status: 403,
      code: 'FORBIDDEN',
    });
  }
  expect(stored(id)?.version).toBe(1);
});

test('what came as no envelope is sent when it was said what and to whom', async () => {
  const { client, patch, post, stored } = build();
  const id = putNonsense(client, 1);

  const early = await post(`/${id}/replay`);
  const half = await patch(id, { message: { type: 'start' }, reason });
  const whole = await patch(id, { to: 'session/dev/s1', message: { type: 'start' }, reason });

  expect(early.json()).toMatchObject({ status: 409, current_state: 'open', allowed: ['edit', 'drop'] });
  expect(half.json()).toMatchObject({ status: 422, errors: [{ path: 'to' }] });
  expect(whole.statusCode).toBe(200);
  expect((await post(`/${id}/replay`)).statusCode).toBe(202);
  expect(stored(id)?.status).toBe('replaying');
});

test('an edit that can not be is refused with the path of each fault, and changes nothing', async () => {
  const { client, patch, stored } = build();
  const id = putLetter(client, 1);
  const message = { type: 'start' };

  const faults = async (body: object) => {
    const problem = (await patch(id, body)).json();
    return [problem.status, problem.errors?.map((fault: { path: string }) => fault.path)];
  };

  expect(await faults({})).toEqual([422, ['message', 'reason']]);
  expect(await faults({ reason, message: {} })).toEqual([422, ['message.type']]);
  expect(await faults({ reason, message, to: 'x', version: 0 })).toEqual([422, ['to', 'version']]);
  expect(await faults({ reason, message, to: 'session/other/s1' })).toEqual([422, ['to']]);
  expect(stored(id)?.version).toBe(1);
});

test('a replay is accepted and will be sent; a second one at the same time is refused', async () => {
  const { client, post, stored } = build();
  const id = putLetter(client, 1);

  const answers = await Promise.all([post(`/${id}/replay`), post(`/${id}/replay`)]);

  expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([202, 409]);
  const [accepted, refused] = answers.sort((a, b) => a.statusCode - b.statusCode);
  expect(accepted?.json()).toMatchObject({ status: 'replaying', replays: 1, replays_left: 4 });
  expect(refused?.json()).toMatchObject({
    code: 'INVALID_TRANSITION',
    current_state: 'replaying',
    allowed: [],
  });
  expect(stored(id)?.replays).toBe(1);
});

test('a letter that failed at its last replay can only be dropped', async () => {
  const { client, post } = build();
  const id = putLetter(client, 1);
  const cause = { reason: 'defect', error: 'again', stateVersion: 1, group: 'a', summary: 'again' } as const;
  for (let n = 1; n <= 5; n++) {
    expect((await post(`/${id}/replay`)).statusCode).toBe(202);
    client.deadLetters.endReplay({ letter: id, n, result: { type: 'failed', ...cause } });
  }

  expect((await post(`/${id}/replay`)).json()).toMatchObject({ status: 409, allowed: ['drop'] });
  expect((await post(`/${id}/drop`)).json()).toMatchObject({ status: 'dropped', error: 'again' });
  expect((await post(`/${id}/drop`)).json()).toMatchObject({ status: 409, current_state: 'dropped' });
});

test('an act needs a reason, a letter that is there, and the version that was read', async () => {
  const { client, post, patch } = build();
  const id = putLetter(client, 1);

  for (const act of ['replay', 'drop']) {
    expect((await post(`/${id}/${act}`, {})).json()).toMatchObject({
      status: 422,
      errors: [{ path: 'reason' }],
    });
    expect((await post(`/${LETTER_NOBODY_HAS}/${act}`)).statusCode).toBe(404);
    expect((await post(`/x/${act}`)).json()).toMatchObject({ status: 422, errors: [{ path: 'params.id' }] });
    const stale = await post(`/${id}/${act}`, { reason }, { 'if-match': '"7"' });
    expect(stale.json()).toMatchObject({ status: 409, code: 'VERSION_CONFLICT', current_version: 1 });
    expect((await post(`/${id}/${act}`, { reason, version: 2 })).statusCode).toBe(409);
  }
  expect((await patch(LETTER_NOBODY_HAS, { message: { type: 'x' }, reason })).statusCode).toBe(404);
  const stale = await patch(id, { message: { type: 'x' }, reason, version: 4 });
  expect(stale.json()).toMatchObject({ code: 'VERSION_CONFLICT' });
  expect((await post(`/${id}/drop`, { reason }, { 'if-match': '"1"' })).statusCode).toBe(200);
});

test('a repeat with the same Idempotency-Key is not done again, and one with another body is refused', async () => {
  const { client, post, patch, stored } = build();
  const key = (name: string) => ({ 'idempotency-key': name });
  const [one, two, three] = [putLetter(client, 1), putLetter(client, 2), putLetter(client, 3)];
  const edit = { message: { type: 'stop' }, reason };

  const asks = [
    () => post(`/${one}/replay`, { reason }, key('a')),
    () => post(`/${two}/drop`, { reason }, key('b')),
    () => patch(three, edit, key('c')),
  ];
  for (const ask of asks) {
    const first = await ask();
    expect(first.statusCode).toBeLessThan(300);
    const again = await ask();
    expect([again.statusCode, again.json()]).toEqual([first.statusCode, first.json()]);
  }

  expect([one, two, three].map((id) => stored(id)?.version)).toEqual([2, 2, 2]);
  const other = await post(`/${one}/replay`, { reason: 'another' }, key('a'));
  expect(other.json()).toMatchObject({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' });
});

test('many letters are dealt with each for itself, by their ids', async () => {
  const { client, post, stored } = build();
  const [one, two] = [putLetter(client, 1), putLetter(client, 2)];
  await post(`/${two}/drop`);

  const answer = await post('/bulk', { act: 'replay', ids: [one, two, LETTER_NOBODY_HAS, one], reason });

  expect(answer.json()).toMatchObject({
    items: [
      { id: one, ok: true, code: null },
      { id: two, ok: false, code: 'INVALID_TRANSITION' },
      { id: LETTER_NOBODY_HAS, ok: false, code: 'NOT_FOUND' },
    ],
    ...{ done: 1, refused: 2, is_whole: true },
  });
  expect(stored(one)).toMatchObject({ status: 'replaying', replays: 1 });
});

test('many letters are dealt with by a filter, so many at once, until none is left', async () => {
  const { client, post, stored } = build();
  const ids = [1, 2, 3].map((seq) => putLetter(client, seq, { to: 'many' }));
  const other = putLetter(client, 4);
  const body = { act: 'drop', filter: { address: 'session/dev/many', reason: 'defect' }, limit: 2, reason };

  const answers = [await post('/bulk', body), await post('/bulk', body), await post('/bulk', body)];

  expect(answers.map((answer) => answer.json())).toMatchObject([
    { done: 2, is_whole: false },
    { done: 1, is_whole: true },
    { done: 0, is_whole: true },
  ]);
  expect(ids.map((id) => stored(id)?.status)).toEqual(Array(3).fill('dropped'));
  expect(stored(other)?.status).toBe('open');
});

test('a repeat of a bulk with its key is answered as the first one, also where more letters fit by now', async () => {
  const { client, post, stored } = build();
  putLetter(client, 1);
  const body = { act: 'drop', filter: {}, reason };
  const headers = { 'idempotency-key': 'bulk-1' };

  const first = await post('/bulk', body, headers);
  const late = putLetter(client, 2);
  const again = await post('/bulk', body, headers);

  expect(again.json()).toEqual(first.json());
  expect(stored(late)?.status).toBe('open');
  const other = await post('/bulk', { ...body, act: 'replay' }, headers);
  expect(other.json()).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
});

test('a bulk that says not what, or why, or too much, is refused', async () => {
  const { post } = build();
  const faults = async (body: object) => {
    const problem = (await post('/bulk', body)).json();
    return [problem.status, problem.errors?.map((fault: { path: string }) => fault.path)];
  };

  expect(await faults({ act: 'edit', ids: [] })).toEqual([422, ['act', 'ids', 'reason']]);
  expect(await faults({ act: 'drop', reason })).toEqual([422, ['ids']]);
  expect(await faults({ act: 'drop', reason, filter: {}, ids: [LETTER_NOBODY_HAS] })).toEqual([422, ['ids']]);
  expect(await faults({ act: 'drop', reason, filter: { address: 'x' }, limit: 201 })).toEqual([
    422,
    ['filter.address', 'limit'],
  ]);
});
