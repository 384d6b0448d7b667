/** The lanes over real sockets, with a client in memory. */
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import WebSocket from 'ws';
import type { Envelope } from '#protocols/envelope.ts';
import type { LiveFeedLimits } from './live-feed.ts';
import { EventStream } from './testing/event-stream.ts';
import { buildTestGateway, type TestGateway } from './testing/gateway.ts';

const task = (id: string) => ({ type: 'task', tenant: 'dev', id });
const envelope = (id: string, to: string, type = 'start'): Envelope => ({
  ...{ id, to, message: { type, secret: 'body' }, root: 'c.root', cause: 'c.cause' },
  source: { kind: 'effect', from: 'session/dev/s-1', partition: 1, n: 1 },
});

interface Heard {
  readonly type: string;
  readonly [field: string]: unknown;
}

class TestViewer {
  readonly heard: Heard[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<[number, Buffer]>;

  constructor(url: string) {
    this.socket = new WebSocket(url);
    this.socket.on('message', (data) => this.heard.push(JSON.parse(String(data))));
    this.closed = once(this.socket, 'close') as Promise<[number, Buffer]>;
  }

  of(type: string): Heard[] {
    return this.heard.filter((one) => one.type === type);
  }

  get tailed(): Heard[] {
    return this.of('tail').flatMap(({ frames }) => frames as Heard[]);
  }

  say(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  async hears(isThere: (viewer: TestViewer) => boolean): Promise<void> {
    while (!isThere(this)) await once(this.socket, 'message', { signal: AbortSignal.timeout(5_000) });
  }
}

const open: TestGateway[] = [];
afterEach(async () => {
  for (const { app } of open.splice(0)) await app.close();
});

async function listen(feedLimits: Partial<LiveFeedLimits> = {}) {
  const gateway = buildTestGateway(undefined, { feedLimits: { tickMs: 2, ...feedLimits } });
  open.push(gateway);
  const address = await gateway.app.listen({ port: 0, host: '127.0.0.1' });
  const view = async (path: string) => {
    const viewer = new TestViewer(`${address.replace('http', 'ws')}${path}`);
    await viewer.hears((one) => one.heard.length > 0);
    return viewer;
  };
  return { ...gateway, address, view };
}

test('the tail shows events and messages of the tenant, and of a message who, to whom and why, but no body', async () => {
  const { client, view } = await listen();
  const viewer = await view('/ws/traffic');
  await expect.poll(() => client.messages.watching).toBe(1);

  client.publish(task('t-1'), 'progressed');
  client.messages.add('data', envelope('e.1.2.data.7', 'task/other/t-9'));
  client.messages.add('data', envelope('e.1.2.data.8', 'task/dev/t-1'));
  await viewer.hears(({ tailed }) => tailed.length === 2);

  expect(viewer.tailed.map(({ subject }) => subject)).toEqual([
    'evt.dev.task.t-1.progressed',
    'tap.dev.task.t-1.start',
  ]);
  expect(viewer.tailed[1]).toMatchObject({
    ...{ lane: 'data', seq: 2, type: 'message' },
    payload: { id: 'e.1.2.data.8', to: 'task/dev/t-1', message: 'start', source: 'effect' },
  });
  expect(viewer.tailed[1]?.payload).toMatchObject({
    by: 'session/dev/s-1',
    cause: 'c.cause',
    root: 'c.root',
  });
  expect(JSON.stringify(viewer.tailed)).not.toContain('secret');
});

test('messages are read once however many watch, and no longer than somebody does', async () => {
  const { client, view } = await listen();
  await view('/ws');
  await view('/ws/traffic?subjects=evt.dev.>');
  expect(client.messages.watchesStarted).toBe(0);

  const viewers = [await view('/ws/traffic'), await view('/ws/traffic?subjects=tap.dev.task.>')];
  await expect.poll(() => client.messages.watching).toBe(1);
  expect(client.messages.watchesStarted).toBe(1);
  for (const { socket } of viewers) socket.close();

  await expect.poll(() => client.messages.watching, { timeout: 3_000 }).toBe(0);
});

test('one socket has all three lanes: exact events, a tail with other filters, and counts', async () => {
  const { client, view } = await listen();
  const viewer = await view('/ws?subjects=evt.dev.session.>');
  viewer.say({ type: 'tail', subjects: ['evt.dev.task.>'] });
  viewer.say({ type: 'metrics', every_ms: 250 });
  await viewer.hears((one) => one.of('metrics').length === 1);

  client.publish(task('t-1'), 'progressed');
  client.publish({ type: 'session', tenant: 'dev', id: 's-1' }, 'created');
  await viewer.hears((one) => one.of('metrics').length === 2);

  expect(viewer.tailed.map(({ type }) => type)).toEqual(['task.progressed']);
  expect(viewer.heard.flat().filter((one) => 'seq' in one && 'subject' in one)).toMatchObject([
    { type: 'session.created', seq: 2 },
  ]);
  expect(viewer.of('metrics')[1]?.seconds).toMatchObject([
    { counts: { 'evt.dev.task.*.progressed': 1, 'evt.dev.session.*.created': 1 } },
  ]);
});

test('messages are counted where that is asked for, and nothing of other tenants', async () => {
  const { client, view } = await listen();
  const viewer = await view('/ws/system');
  viewer.say({ type: 'metrics', every_ms: 250, messages: true });
  await expect.poll(() => client.messages.watching).toBe(1);

  client.messages.add('data', envelope('e.1.2.data.7', 'task/other/t-9'));
  client.messages.add('control', envelope('e.1.2.control.8', 'task/dev/t-1', 'stop'));
  await viewer.hears((one) => one.of('metrics').some(({ seconds }) => (seconds as unknown[]).length > 0));

  const told = viewer.of('metrics').at(-1);
  expect(told?.seconds).toMatchObject([{ counts: { 'tap.dev.task.*.stop': 1 } }]);
  expect(JSON.stringify(told?.seconds)).not.toContain('other.task');
  expect(told?.messages_since).toEqual(expect.any(Number));
});

test('a viewer that does not acknowledge gets two batches, is shed, and holds up nobody', async () => {
  const { client, view } = await listen({ shedAfterMs: 300, reviewMs: 20 });
  const [stalled, good] = await Promise.all([view('/ws/traffic'), view('/ws/traffic')]);
  good.socket.on('message', (data) => {
    const { type, through } = JSON.parse(String(data));
    if (type === 'tail') good.say({ type: 'ack', through });
  });
  const publishing = setInterval(() => client.publish(task('t-1'), 'progressed'), 5);

  const [code] = await stalled.closed;
  await good.hears(({ tailed }) => tailed.length === client.events.length);
  clearInterval(publishing);

  expect(code).toBe(1013);
  expect(stalled.of('tail').length).toBe(2);
  expect(good.of('tail').every(({ left_out }) => left_out === 0)).toBe(true);
});

test('with acks a viewer of the exact lane that takes nothing is told what was left out, though its line is empty', async () => {
  const { client, view } = await listen({ thinAtBytes: 1_000, fullAtBytes: 2_000, reviewMs: 20 });
  const viewer = await view('/ws?acks=true');
  for (let n = 0; n < 30; n++) {
    client.publish(task('t-1'), 'transitioned', { payload: { text: 'x'.repeat(200) } });
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
  const seqs = () => viewer.heard.flat().flatMap((one) => ('subject' in one ? [Number(one.seq)] : []));
  const before = seqs().length;
  expect(before).toBeLessThan(30);

  viewer.say({ type: 'ack', seq: seqs().at(-1) });
  await viewer.hears((one) => one.of('thinned').length === 1);

  const [{ left_out } = { left_out: 0 }] = viewer.of('thinned');
  expect(before + Number(left_out)).toBe(30);
});

test('the newest that the gateway still has come first, where they are asked for', async () => {
  const { client, view } = await listen();
  await view('/ws');
  for (let n = 0; n < 5; n++) client.publish(task(`t-${n}`), 'progressed');
  await new Promise((resolve) => setTimeout(resolve, 20));

  const viewer = await view('/ws/traffic?last=2');
  await viewer.hears(({ tailed }) => tailed.length === 2);

  expect(viewer.tailed.map(({ seq }) => seq)).toEqual([4, 5]);
});

test('the tail is there as an event stream too', async () => {
  const { client, address } = await listen();
  const stream = await EventStream.open(`${address}/events/traffic?subjects=evt.dev.task.>`);
  const publishing = setInterval(() => client.publish(task('t-1'), 'progressed'), 5);
  await stream.hears(2);
  clearInterval(publishing);
  stream.close();

  expect(stream.notices[0]).toMatchObject({
    type: 'tail',
    left_out: 0,
    // As many as were published within one batch.
    frames: expect.arrayContaining([expect.objectContaining({ type: 'task.progressed' })]),
  });
});

test('nodes and partitions are told to those who watch the system or everything', async () => {
  const { client, view } = await listen();
  const [system, tasks] = await Promise.all([view('/ws/system'), view('/ws/tasks/t-1')]);

  client.changeCluster({ type: 'node.joined', at: '2026-01-01T00:00:00.000Z', node: 'node-2' });
  await system.hears((one) => one.of('cluster').length === 1);

  expect(system.of('cluster')).toMatchObject([{ changes: [{ type: 'node.joined', node: 'node-2' }] }]);
  expect(tasks.of('cluster')).toEqual([]);
});

test('a gateway that leaves says when to come again, spread over its viewers, and closes with 1001', async () => {
  const { app, view } = await listen();
  const viewers = await Promise.all([view('/ws'), view('/ws'), view('/ws/traffic')]);

  await app.close();

  expect(await Promise.all(viewers.map(({ closed }) => closed.then(([code]) => code)))).toEqual([
    1001, 1001, 1001,
  ]);
  const waits = viewers.map((one) => Number(one.of('leaving')[0]?.retry_after_ms));
  expect(new Set(waits).size).toBe(3);
});

test('filters of another tenant and messages that are none are refused in words', async () => {
  const { view } = await listen();
  const foreign = await view('/ws/traffic?subjects=tap.other.>');
  const wrong = await view('/ws/traffic');
  wrong.say({ type: 'metrics', every_ms: 7 });

  expect(foreign.heard[0]).toMatchObject({
    type: 'error',
    detail: 'tap.other.> is not of this tenant: tap.dev.…',
  });
  expect((await foreign.closed)[0]).toBe(1008);
  expect((await wrong.closed)[0]).toBe(1008);
});
