import { expect, test } from 'vitest';
import { lockKind } from '#actors/lock/lock.ts';
import type { Reply } from '#protocols/failure.ts';
import type { Command } from '#runtime/client.ts';
import type { MemoryClient } from '#runtime/testing/client.ts';
import { buildTestGateway, NOW_MS } from '../testing/gateway.ts';

/** The lock actor itself behind the gateway: what it emits is published, as after a commit. */
function buildWithLocks() {
  let ids = 0;
  const act = (command: Command, client: MemoryClient): Reply => {
    const { to, by, message } = command;
    const context = { self: to, now: NOW_MS, messageId: 'm', by, id: () => `id-${ids++}` };
    const turn = lockKind.handle(client.find(to)?.state ?? null, message, context);
    if ('code' in turn) return { ok: false, failure: turn };
    if (turn.state !== null) client.put(to, turn.state);
    let reply: Reply = { ok: true, value: null };
    for (const effect of turn.effects) {
      if (effect.type === 'emit') client.publish(to, effect.name, { payload: effect.payload });
      if (effect.type === 'reply') reply = effect.reply;
    }
    return reply;
  };
  const { app, client } = buildTestGateway(act);
  const post = (path: string, payload?: object, headers: Record<string, string> = {}) =>
    app.inject({ method: 'POST', url: `/api/v1/locks/${path}`, headers, ...(payload ? { payload } : {}) });
  const get = (path: string) => app.inject({ url: `/api/v1/locks${path}` });
  return { client, post, get };
}

const NAME = 'repo%2Fmain';

test('a free lock is had at once, shown with its holder, token and age, renewed and let go', async () => {
  const { post, get } = buildWithLocks();

  const granted = await post(`${NAME}/acquire`, { holder: 'ci-1', request_id: 'r-1' });
  const shown = await get(`/${NAME}`);
  const renewed = await post(`${NAME}/renew`, { holder: 'ci-1', token: 1, ttl_ms: 90_000 });
  const released = await post(`${NAME}/release`, { holder: 'ci-1', token: 1 });

  expect([granted.statusCode, granted.json()]).toMatchObject([
    200,
    { state: 'granted', name: 'repo/main', owner: 'user:dev/ci-1', request_id: 'r-1', token: 1 },
  ]);
  expect(shown.json()).toMatchObject({ name: 'repo/main', token: 1, age_ms: 0, waiters: [] });
  expect(renewed.json()).toMatchObject({ token: 1, expires_at: '2026-01-01T01:01:30.000Z' });
  expect(released.json()).toMatchObject({ state: 'gone', reason: 'released', count: 0 });
  expect((await get(`/${NAME}`)).json()).toMatchObject({ status: 404, code: 'LOCK_NOT_FOUND' });
});

test('the owner is who asks: a body can name a holder of its own and nobody else', async () => {
  const { client, post } = buildWithLocks();

  await post('n/acquire', { owner: 'task/t-1/1', holder: 'ci-1' });
  await post('m/acquire');
  const foreign = await post('k/acquire', { holder: 'a/b' });

  expect(client.commands.map(({ message }) => message.owner)).toEqual(['user:dev/ci-1', 'user:dev']);
  expect([foreign.statusCode, foreign.json().errors[0].path]).toEqual([422, 'holder']);
});

test('a lock that is held is refused to who does not wait, with who has it and under which token', async () => {
  const { post } = buildWithLocks();
  await post('n/acquire', { holder: 'a' });

  const refused = await post('n/acquire', { holder: 'b' });

  expect(refused.json()).toMatchObject({
    status: 409,
    code: 'LOCK_NOT_OWNED',
    current_state: 'held',
    current_token: 1,
  });
});

test('who waits is answered when the lock is granted', async () => {
  const { post } = buildWithLocks();
  await post('n/acquire', { holder: 'a' });

  const waiting = post('n/acquire', { holder: 'b', wait_ms: 60_000 });
  const beganMs = performance.now();
  setTimeout(() => void post('n/release', { holder: 'a', token: 1 }), 50);
  const granted = await waiting;

  expect([granted.statusCode, granted.json()]).toMatchObject([
    200,
    { state: 'granted', owner: 'user:dev/b', token: 2 },
  ]);
  // By the event: the table is looked at once a second only.
  expect(performance.now() - beganMs).toBeLessThan(900);
});

test('who prefers not to wait for the answer gets its place in the queue, and where to look', async () => {
  const { post, get } = buildWithLocks();
  await post(`${NAME}/acquire`, { holder: 'a' });
  const asked = { holder: 'b', request_id: 'r-1', wait_ms: 60_000 };

  const waiting = await post(`${NAME}/acquire`, asked, { prefer: 'respond-async' });
  const short = await post(`${NAME}/acquire`, asked, { prefer: 'wait=0' });
  const place = String(waiting.headers.location);
  const looked = await get(place.replace('/api/v1/locks', ''));
  await post(`${NAME}/release`, { holder: 'a', token: 1 });
  const again = await post(`${NAME}/acquire`, asked);

  expect([waiting.statusCode, waiting.json()]).toMatchObject([202, { state: 'waiting', position: 1 }]);
  expect(short.statusCode).toBe(202);
  expect(place).toBe('/api/v1/locks/repo%2Fmain/requests/r-1?holder=b');
  expect(looked.json()).toMatchObject({ state: 'waiting', request_id: 'r-1', position: 1 });
  expect(again.json()).toMatchObject({ state: 'granted', request_id: 'r-1', token: 2 });
});

test('a request is repeated by its idempotency key, and tells what is true by then', async () => {
  const { client, post } = buildWithLocks();
  await post('n/acquire', { holder: 'a' });
  const headers = { 'idempotency-key': 'key-1', prefer: 'wait=0' };

  const first = await post('n/acquire', { holder: 'b', wait_ms: 60_000 }, headers);
  await post('n/release', { holder: 'a', token: 1 });
  const again = await post('n/acquire', { holder: 'b', wait_ms: 60_000 }, headers);
  const other = await post('n/acquire', { holder: 'b', wait_ms: 1_000 }, headers);

  expect(first.json().state).toBe('waiting');
  expect(again.json()).toMatchObject({ state: 'granted', request_id: first.json().request_id });
  expect(other.json().code).toBe('IDEMPOTENCY_KEY_REUSED');
  expect(client.commands[0]?.lane).toBe('data');
});

test('requests of another holder are not found', async () => {
  const { post, get } = buildWithLocks();
  await post('n/acquire', { holder: 'a', request_id: 'r' });

  expect((await get('/n/requests/r?holder=a')).json().state).toBe('granted');
  expect((await get('/n/requests/r?holder=b')).json()).toMatchObject({ status: 404, code: 'LOCK_NOT_FOUND' });
  expect((await get('/n/requests/r')).statusCode).toBe(404);
});

test('a request that is over is refused, and says how it ended', async () => {
  const { post } = buildWithLocks();
  await post('n/acquire', { request_id: 'r' });
  await post('n/release', { request_id: 'r' });

  expect((await post('n/acquire', { request_id: 'r' })).json()).toMatchObject({
    status: 409,
    code: 'LOCK_NOT_OWNED',
    current_state: 'released',
  });
});

test('a wait that would close a circle is refused with the circle', async () => {
  const { post } = buildWithLocks();
  await post('n/acquire', { holder: 'a' });
  await post('m/acquire', { holder: 'b' });
  await post('m/acquire', { holder: 'a', wait_ms: 60_000 }, { prefer: 'wait=0' });

  const refused = await post('n/acquire', { holder: 'b', wait_ms: 60_000 });

  expect(refused.json()).toMatchObject({
    status: 409,
    code: 'DEADLOCK_DETECTED',
    cycle: ['user:dev/b', 'user:dev/a', 'user:dev/b'],
  });
});

test('a broken lock goes to the next, and the event keeps who did it and why', async () => {
  const { client, post } = buildWithLocks();
  await post('n/acquire', { holder: 'a' });
  await post('n/acquire', { holder: 'b', wait_ms: 60_000 }, { prefer: 'wait=0' });

  const broken = await post('n/break', { token: 1, reason: 'its machine is gone' });
  const late = await post('n/break', { token: 1, reason: 'its machine is gone' });
  const renewal = await post('n/renew', { holder: 'a', token: 1 });
  const events = client.events.filter(({ record }) => record.name === 'broken');

  expect(broken.json()).toMatchObject({ owner: 'user:dev/a', token: 1, broken: true });
  expect(late.json()).toMatchObject({ status: 409, code: 'VERSION_CONFLICT', current_token: 2 });
  expect(renewal.json()).toMatchObject({ status: 409, code: 'LOCK_NOT_OWNED', current_token: 2 });
  expect(events).toHaveLength(1);
  expect(events[0]?.record.payload).toMatchObject({
    who: 'user:dev',
    reason: 'its machine is gone',
    token: 1,
  });
});

test('renew, release and break overtake what waits, an acquire keeps its turn', async () => {
  const { client, post } = buildWithLocks();
  await post('n/acquire');
  await post('n/renew', { token: 1 });
  await post('n/break', { token: 1, reason: 'x' });
  await post('n/release', { request_id: 'r' });

  expect(client.commands.map(({ lane, message }) => [message.type, lane])).toEqual([
    ['acquire', 'data'],
    ['renew', 'control'],
    ['break', 'control'],
    ['release', 'control'],
  ]);
});

test('the list is filtered, and its cursor skips nothing when locks go meanwhile', async () => {
  const { post, get } = buildWithLocks();
  for (const name of ['a', 'b', 'c', 'd']) await post(`repo%2F${name}/acquire`, { holder: 'x' });
  await post('other/acquire', { holder: 'y' });
  await post('other/acquire', { holder: 'x', wait_ms: 60_000 }, { prefer: 'wait=0' });

  const names = (body: { items: { name: string }[] }) => body.items.map(({ name }) => name);
  const first = (await get('?prefix=repo/&limit=2')).json();
  await post('repo%2Fa/release', { holder: 'x', token: 1 });
  const second = (await get(`?prefix=repo/&limit=2&cursor=${first.next_cursor}`)).json();

  expect([names(first), first.total]).toEqual([['repo/a', 'repo/b'], 4]);
  expect([names(second), second.next_cursor]).toEqual([['repo/c', 'repo/d'], null]);
  expect(names((await get('?owner=user:dev%2Fy')).json())).toEqual(['other']);
  expect((await get('?waited=true')).json().items).toMatchObject([
    { name: 'other', waiters: [{ owner: 'user:dev/x', priority: 'normal' }] },
  ]);
  expect(names((await get('?search=THE')).json())).toEqual(['other']);
});

test('before the first lock the list is empty', async () => {
  const { get } = buildWithLocks();

  expect((await get('')).json()).toEqual({ items: [], next_cursor: null, total: 0 });
});

test('bodies with faults are refused with the path of each, and nothing is asked', async () => {
  const { client, post, get } = buildWithLocks();

  const faults = [
    await post('n/acquire', { ttl_ms: 1, wait_ms: -1 }),
    await post('n/renew', {}),
    await post('n/release', {}),
    await post('n/break', { token: 1, reason: ' ' }),
    await post('a%20b/acquire'),
    await get('?cursor=x'),
  ].map((response) => [response.statusCode, response.json().errors[0].path]);

  expect(faults).toEqual([
    [422, 'ttl_ms'],
    [422, 'token'],
    [422, 'token'],
    [422, 'reason'],
    [422, 'params.name'],
    [422, 'query.cursor'],
  ]);
  expect(client.commands).toHaveLength(0);
});
