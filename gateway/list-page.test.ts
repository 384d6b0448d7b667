import { expect, test } from 'vitest';
import { sampleSession } from '#protocols/testing/samples.ts';
import { buildTestGateway, type TestGateway } from './testing/gateway.ts';

const ROOT = '/api/v1/sessions';

/** Sessions `s0`, `s1`, …, a minute apart. */
function gatewayWith(count: number): TestGateway {
  const gateway = buildTestGateway();
  for (let n = 0; n < count; n++) put(gateway, `s${n}`, { atMinute: n });
  return gateway;
}

function put(
  { client }: TestGateway,
  id: string,
  { atMinute, state = 'pending' as const }: { atMinute: number; state?: 'pending' },
) {
  const at = new Date(Date.UTC(2026, 0, 1, 0, atMinute)).toISOString();
  const session = sampleSession({ id, state, title: `Session ${id}`, initial_prompt: 'Mend the parser.' });
  const index = { status: state, title: session.title, createdAt: at, updatedAt: at };
  client.put({ type: 'session', tenant: 'dev', id }, session, index);
}

async function ask({ app }: TestGateway, query: string) {
  const response = await app.inject({ url: `${ROOT}?${query}` });
  const body = response.json();
  const ids = body.items?.map((item: { id: string }) => item.id);
  return { status: response.statusCode, body, ids, cursor: body.next_cursor };
}

const faultsOf = (body: { errors: { path: string; message: string }[] }) =>
  body.errors.map(({ path }) => path);

test('a cursor goes on right behind its page, although rows were added before it', async () => {
  const gateway = gatewayWith(5);
  const first = await ask(gateway, 'page_size=2');
  put(gateway, 'new', { atMinute: 59 });

  const second = await ask(gateway, `page_size=2&cursor=${first.cursor}`);
  const third = await ask(gateway, `page_size=2&cursor=${second.cursor}`);

  expect([first.ids, second.ids, third.ids]).toEqual([['s4', 's3'], ['s2', 's1'], ['s0']]);
  expect(third.cursor).toBeNull();
});

test('a cursor of another filter, order or list is refused, one of another page size is not', async () => {
  const gateway = gatewayWith(5);
  const { cursor } = await ask(gateway, 'page_size=2&search=session');

  for (const query of ['', 'search=other', 'search=session&order=asc', 'search=session&sort=title']) {
    const refused = await ask(gateway, `${query}&cursor=${cursor}`);
    expect([query, refused.status, faultsOf(refused.body)]).toEqual([query, 422, ['query.cursor']]);
  }
  const elsewhere = await gateway.app.inject({ url: `/api/v1/tasks?search=session&cursor=${cursor}` });
  expect(elsewhere.statusCode).toBe(422);
  expect((await ask(gateway, `search=session&page_size=3&cursor=${cursor}`)).ids).toEqual(['s2', 's1', 's0']);
});

test('a cursor that was made up is refused, whatever is in it', async () => {
  const gateway = gatewayWith(3);
  const { cursor } = await ask(gateway, 'page_size=1');
  const real = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  const made = (part: object) => Buffer.from(JSON.stringify({ ...real, ...part })).toString('base64url');
  const bad = [
    'nonsense',
    made({ key: '2026-02-30T00:00:00.000000Z' }),
    made({ key: 'infinity' }),
    made({ id: 'a\u0000' }),
    made({ id: 7 }),
    made({ list: 'x' }),
    'A'.repeat(2_001),
  ];

  for (const one of bad) {
    const { status, body } = await ask(gateway, `page_size=1&cursor=${one}`);
    expect([one, status, faultsOf(body)]).toEqual([one, 422, ['query.cursor']]);
  }
});

test('in the order of change there is no cursor', async () => {
  const gateway = gatewayWith(3);
  const { cursor } = await ask(gateway, 'page_size=1');

  const page = await ask(gateway, 'page_size=1&sort=updated');
  const refused = await ask(gateway, `page_size=1&sort=updated&cursor=${cursor}`);

  expect(page.cursor).toBeNull();
  expect([refused.status, faultsOf(refused.body)]).toEqual([422, ['query.cursor']]);
});

test('pages far down have no number', async () => {
  const gateway = gatewayWith(1);

  const last = await ask(gateway, 'page=100&page_size=100');
  const far = await ask(gateway, 'page=101&page_size=100');

  expect(last.status).toBe(200);
  expect([far.status, faultsOf(far.body)]).toEqual([422, ['query.page']]);
  expect(far.body.detail).toContain('cursor');
});

test('sessions are found by words of their prompt, labels, parent and time', async () => {
  const gateway = gatewayWith(2);
  const index = { status: 'pending', title: 'Child', createdAt: '2026-01-02T00:00:00.000Z', parent: 's0' };
  const labels = ['type:debug', 'priority:high', 'by:user:anna', 'model:a/b', 'tag:one', 'tag:two'];
  const child = sampleSession({ id: 'child', parent_id: 's0', initial_prompt: 'Look why.' });
  gateway.client.put({ type: 'session', tenant: 'dev', id: 'child' }, child, { ...index, labels });
  const found = async (query: string) => (await ask(gateway, query)).ids;

  expect(await found('search=pars+mend')).toEqual(['s1', 's0']);
  expect(await found('search=arser')).toEqual([]);
  for (const query of [
    'priority=high&session_type=debug&tag=one,two&created_by=user:anna&model=a/b',
    'parent_id=s0',
    'created_from=2026-01-01T12:00:00Z',
  ]) {
    expect([query, await found(query)]).toEqual([query, ['child']]);
  }
  expect(await found('tag=one&tag=three')).toEqual([]);
  expect(await found('created_before=2026-01-01T00:01:00Z')).toEqual(['s0']);
});

test('filters with faults are refused with the path of each', async () => {
  const { body } = await ask(
    gatewayWith(0),
    'priority=huge&session_type=x&created_from=yesterday&model=none&cursor=',
  );

  expect(faultsOf(body).sort()).toEqual([
    'query.created_from',
    'query.cursor',
    'query.model',
    'query.priority',
    'query.session_type',
  ]);
});
