/** The feed's paths and its event streams: the same frames, each path its own. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import WebSocket from 'ws';
import type { LiveFeedLimits } from './live-feed.ts';
import { EventStream } from './testing/event-stream.ts';
import { buildTestGateway, type TestGateway } from './testing/gateway.ts';

const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function listen(feedLimits: Partial<LiveFeedLimits> = {}) {
  const gateway: TestGateway = buildTestGateway(undefined, { feedLimits });
  open.push(gateway.app);
  const address = await gateway.app.listen({ port: 0, host: '127.0.0.1' });
  const stream = async (path = '', headers: Record<string, string> = {}) => {
    const one = await EventStream.open(`${address}/events${path}`, headers);
    open.push(one);
    return one;
  };
  return { ...gateway, address, stream };
}

async function watch(address: string, path: string): Promise<{ messages: unknown[]; socket: WebSocket }> {
  const socket = new WebSocket(`${address.replace('http', 'ws')}/ws${path}`);
  const messages: unknown[] = [];
  socket.on('message', (data) => messages.push(...[JSON.parse(String(data))].flat()));
  await once(socket, 'message');
  return { messages, socket };
}

/** One event of each kind that there is, for two entities of each. */
function publishAll({ client }: TestGateway): void {
  for (const id of ['one', 'two']) {
    for (const type of ['session', 'agent', 'context', 'lock', 'registry']) {
      client.publish({ type, tenant: 'dev', id }, 'changed');
    }
    client.publish({ type: 'task', tenant: 'dev', id: `task-${id}` }, 'changed', {
      payload: { session_id: id },
    });
  }
  client.publish({ type: 'session', tenant: 'other', id: 'one' }, 'changed');
}

const SHOWN: Readonly<Record<string, readonly string[]>> = {
  '': [
    ...['session.changed one', 'agent.changed one', 'context.changed one', 'system.lock.changed one'],
    ...['system.registry.changed one', 'task.changed task-one'],
    ...['session.changed two', 'agent.changed two', 'context.changed two', 'system.lock.changed two'],
    ...['system.registry.changed two', 'task.changed task-two'],
  ],
  '/sessions': ['session.changed one', 'session.changed two'],
  '/sessions/one': ['session.changed one', 'task.changed task-one'],
  '/agents': ['agent.changed one', 'agent.changed two'],
  '/agents/two': ['agent.changed two'],
  '/tasks/task-two': ['task.changed task-two'],
  '/system': [
    ...['system.lock.changed one', 'system.registry.changed one'],
    ...['system.lock.changed two', 'system.registry.changed two'],
  ],
};

const told = (frames: readonly unknown[]) =>
  (frames as { type: string; subject?: string }[])
    .filter(({ subject }) => subject !== undefined)
    .map(({ type, subject }) => `${type} ${subject?.split('.')[3]}`);

test('each path shows its own events, live and past, and an event stream has the frames of the WebSocket', async () => {
  const gateway = await listen();
  for (const [path, expected] of Object.entries(SHOWN)) {
    const before = gateway.client.events.length;
    const socket = await watch(gateway.address, path);
    const stream = await gateway.stream(path);
    await stream.hears(1);

    publishAll(gateway);
    await stream.hears(expected.length + 1);
    await expect.poll(() => socket.messages.length).toBe(expected.length + 1);
    const past = await gateway.stream(`${path}?after=${before}`);
    await past.hears(expected.length + 1);

    expect([path, told(socket.messages)]).toEqual([path, expected]);
    expect(stream.frames).toEqual(socket.messages.slice(1));
    expect(past.frames).toEqual(stream.frames);
    socket.socket.terminate();
  }
});

test('filters narrow a path further, and never widen it', async () => {
  const gateway = await listen();
  const stream = await gateway.stream('/sessions/one?subjects=evt.dev.*.*.changed,evt.dev.agent.>');
  await stream.hears(1);

  publishAll(gateway);
  await stream.hears(3);

  expect(told(stream.frames)).toEqual(['session.changed one', 'task.changed task-one']);
});

test('each frame of an event stream has its sequence as id, and the last id goes before the address', async () => {
  const gateway = await listen();
  publishAll(gateway);

  const stream = await gateway.stream('?after=0', { 'last-event-id': '9' });
  await stream.hears(4);

  expect(stream.ids).toEqual(['10', '11', '12']);
});

test('a bad sequence is refused with its place: as an answer to a stream, as a frame to a WebSocket', async () => {
  const { app, address } = await listen();
  const cases = [
    { url: '/events?after=x', headers: {}, path: 'query.after' },
    { url: '/events?after=-1', headers: {}, path: 'query.after' },
    { url: '/events?after=1.5', headers: {}, path: 'query.after' },
    { url: '/events', headers: { 'last-event-id': 'yesterday' }, path: 'headers.last-event-id' },
    { url: '/events?subjects=evt.other.>', headers: {}, path: 'query.subjects' },
    { url: '/events/sessions/no%20id', headers: {}, path: 'params.id' },
  ];

  for (const { url, headers, path } of cases) {
    const response = await app.inject({ url, headers });
    expect([url, response.statusCode]).toEqual([url, 422]);
    expect(response.json()).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ path }] });
  }
  for (const [path, detail] of [
    ['?after=x', /^after: /],
    ['/sessions/no%20id', /^id: /],
  ] as const) {
    const { messages } = await watch(address, path);
    expect(messages[0]).toMatchObject({ type: 'error', detail: expect.stringMatching(detail) });
  }
});

test('what the log no longer has is told as a gap before what is left of it', async () => {
  const gateway = await listen();
  publishAll(gateway);
  gateway.client.firstEventSeq = 8;

  const stream = await gateway.stream('?after=2');
  await stream.hears(7);

  expect(stream.notices.map(({ type }) => type)).toEqual(['subscribed', 'gap']);
  expect(stream.notices[1]).toMatchObject({ reason: 'expired', after_seq: 2, before_seq: 8 });
  expect(stream.ids).toEqual(['8', '9', '10', '11', '12']);
});

test('who is past the end of the log is told so, and hears what comes', async () => {
  const gateway = await listen();
  publishAll(gateway);

  const stream = await gateway.stream('?after=500');
  await stream.hears(2);
  gateway.client.publish({ type: 'agent', tenant: 'dev', id: 'one' }, 'changed');
  await stream.hears(3);

  expect(stream.notices[1]).toMatchObject({ reason: 'ahead', after_seq: 500, before_seq: 14 });
  expect(stream.ids).toEqual(['14']);
});

test('who comes again soon is served from memory, not from the log', async () => {
  const gateway = await listen();
  const first = await gateway.stream();
  await first.hears(1);
  publishAll(gateway);
  await first.hears(13);

  const again = await gateway.stream('?after=5');
  await again.hears(8);

  expect(again.ids).toEqual(first.ids.slice(5));
  expect(gateway.client.pagesRead).toBe(0);
});

test('a stream that is quiet says that it is alive, with the sequence to go on from', async () => {
  const gateway = await listen({ heartbeatMs: 20 });
  publishAll(gateway);

  const stream = await gateway.stream('/tasks/nobody');
  await stream.hears(3);

  expect(stream.notices[1]).toMatchObject({ type: 'alive', seq: 13 });
  expect(stream.ids[0]).toBe('13');
});

test('a viewer that is slow is thinned: what is left out is counted by type, the rest is whole, and it goes on after', async () => {
  const gateway = await listen({ thinAtBytes: 64 * 1024, reviewMs: 20, shedAfterMs: 20_000 });
  const { client } = gateway;
  const slow = await gateway.stream();
  await slow.hears(1);
  slow.pause();
  const task = { type: 'task', tenant: 'dev', id: 't1' };
  const payload = { note: 'x'.repeat(20_000) };
  for (let n = 0; n < 600; n += 1) {
    client.publish(task, n % 10 === 0 ? 'transitioned' : 'progressed', { payload });
    if (n % 20 === 0) await sleep(2);
  }
  await sleep(100);

  slow.resume();
  await expect.poll(() => slow.leftOut + slow.frames.length, { timeout: 10_000 }).toBe(600);
  client.publish(task, 'completed');
  await expect.poll(() => slow.frames.at(-1)).toMatchObject({ type: 'task.completed' });

  expect(slow.leftOut).toBeGreaterThan(0);
  expect(slow.leftOutByType['task.progressed']).toBeGreaterThan(0);
  expect(slow.isInOrder).toBe(true);
});

test('a stream that is closed says why as its last word', async () => {
  const gateway = await listen();
  const stream = await gateway.stream();
  await stream.hears(1);

  await gateway.app.close();
  await stream.ended;

  expect(stream.notices.at(-1)).toMatchObject({ type: 'closed', code: 1001 });
});

test('a stream for which there is no room, or no events, is refused with 503', async () => {
  const { app, client, stream } = await listen({ viewersMax: 1 });
  client.watchEvents = ((watchEvents) => async (hear: Parameters<typeof watchEvents>[0]) => {
    client.watchEvents = watchEvents;
    hear satisfies unknown;
    throw new Error('no NATS');
  })(client.watchEvents.bind(client));

  const blind = await app.inject({ url: '/events' });
  await (await stream()).hears(1);
  const full = await app.inject({ url: '/events' });

  for (const response of [blind, full]) {
    expect(response.statusCode).toBe(503);
    expect(response.headers['retry-after']).toBeDefined();
  }
  expect(full.json().detail).toBe('too many viewers');
});
