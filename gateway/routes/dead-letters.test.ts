import { expect, test } from 'vitest';
import { buildTestGateway } from '../testing/gateway.ts';
import { LETTER_NOBODY_HAS, putLetter, putNonsense } from '../testing/letters.ts';

const ROOT = '/api/v1/dead-letters';

function buildWithLetters() {
  const { app, client } = buildTestGateway();
  const one = putLetter(client, 1);
  const two = putLetter(client, 2, { to: 's2' });
  const three = putLetter(client, 3, { reason: 'invalid_message', error: '[{"path":"by"}]' });
  const nonsense = putNonsense(client, 4);
  const get = (path: string) => app.inject({ url: `${ROOT}${path}` });
  const ids = async (query: string) =>
    (await get(query)).json().items.map(({ id }: { id: string }) => id) as string[];
  return { app, client, get, ids, one, two, three, nonsense };
}

test('dead letters are listed newest first, by status, reason, actor, type and cause', async () => {
  const { get, ids, one, two, three } = buildWithLetters();

  expect(await ids('')).toEqual([three, two, one]);
  expect(await ids('?reason=defect')).toEqual([two, one]);
  expect(await ids('?reason=defect,malformed&address=session/dev/s1')).toEqual([one]);
  expect(await ids('?status=open&type=session')).toEqual([three, two, one]);
  expect(await ids('?status=dropped')).toEqual([]);
  expect(await ids('?type=agent')).toEqual([]);
  const { group } = (await get(`/${one}`)).json();
  expect(await ids(`?group=${group}`)).toEqual([two, one]);
});

test('a list goes on where the page before ended, whatever came meanwhile', async () => {
  const { get, client, one, two, three } = buildWithLetters();

  const first = (await get('?page_size=2')).json();
  putLetter(client, 9);
  const second = (await get(`?page_size=2&cursor=${first.next_cursor}`)).json();

  expect(first.items.map(({ id }: { id: string }) => id)).toEqual([three, two]);
  expect(second.items.map(({ id }: { id: string }) => id)).toEqual([one]);
  expect(second.next_cursor).toBeNull();
});

test('letters that name no address have a list of their own', async () => {
  const { ids, nonsense } = buildWithLetters();

  expect(await ids('?unaddressed=true')).toEqual([nonsense]);
});

test('letters are told by their cause, with how many are open', async () => {
  const { get, client, one } = buildWithLetters();
  await client.deadLetters.act({
    ...{
      tenant: 'dev',
      id: one,
      act: { type: 'drop' },
      reason: 'x',
      by: 'user:dev',
      version: null,
      keyed: null,
    },
  });

  const { items } = (await get('/groups')).json();

  expect(items).toMatchObject([
    { reason: 'defect', actor_type: 'session', message_type: 'start', counts: { open: 1, dropped: 1 } },
    { reason: 'invalid_message', counts: { open: 1, replayed: 0 } },
  ]);
  expect((await get('/groups?unaddressed=true')).json().items).toMatchObject([{ reason: 'malformed' }]);
});

test('a letter is shown with what came, where it came from and its ETag', async () => {
  const { get, one, nonsense } = buildWithLetters();

  const answer = await get(`/${one}`);

  expect(answer.statusCode).toBe(200);
  expect(answer.headers.etag).toBe('"1"');
  expect(answer.json()).toMatchObject({
    ...{
      id: one,
      address: 'session/dev/s1',
      status: 'open',
      replays: 0,
      replays_left: 5,
      error: 'Error: on purpose',
    },
    ...{ body: { message: { type: 'start' } }, edited: null, acts: [], outcome: null },
    ...{ message_id: 'm1', source: 'command', cause: 'c', root: 'r', state_version: 1 },
  });
  expect((await get(`/${nonsense}`)).json()).toMatchObject({ body: 'no json', source: null, root: null });
});

test('a letter that is not there is not found, and what is no id is not valid', async () => {
  const { get } = buildWithLetters();

  expect((await get(`/${LETTER_NOBODY_HAS}`)).statusCode).toBe(404);
  expect((await get('/x')).json()).toMatchObject({ status: 422, errors: [{ path: 'params.id' }] });
});

test('a list that asks for what cannot be is refused with the path of each fault', async () => {
  const { get } = buildWithLetters();

  for (const path of ['', '/groups']) {
    const problem = (await get(`${path}?status=lost&address=a&group=Z&page_size=0`)).json();

    expect(problem.status).toBe(422);
    expect(problem.errors.map((fault: { path: string }) => fault.path).sort()).toEqual([
      'query.address',
      'query.group',
      'query.page_size',
      'query.status.0',
    ]);
  }
});
