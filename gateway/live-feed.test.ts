import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import WebSocket from 'ws';
import type { LiveFeedLimits } from './live-feed.ts';
import { buildTestGateway, type TestGateway } from './testing/gateway.ts';

const session = (id: string) => ({ type: 'session', tenant: 'dev', id });
const task = (id: string) => ({ type: 'task', tenant: 'dev', id });

interface Heard {
  readonly seq: number;
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A viewer that keeps what it heard and can wait for more. */
class TestViewer {
  /** Lists of frames, and notices. */
  readonly messages: unknown[] = [];
  readonly closed: Promise<[number, Buffer]>;
  readonly socket: WebSocket;

  constructor(url: string) {
    this.socket = new WebSocket(url);
    this.socket.on('message', (data) => this.messages.push(JSON.parse(String(data))));
    this.closed = once(this.socket, 'close') as Promise<[number, Buffer]>;
  }

  get heard(): Heard[] {
    return this.messages.flat() as Heard[];
  }

  get seqs(): number[] {
    return this.heard.filter((one) => 'subject' in one).map((one) => one.seq);
  }

  async hears(isThere: (viewer: TestViewer) => boolean): Promise<void> {
    while (!isThere(this)) await once(this.socket, 'message', { signal: AbortSignal.timeout(5_000) });
  }

  async subscribed(times = 1): Promise<void> {
    await this.hears(() => this.heard.filter((one) => one.type === 'subscribed').length >= times);
  }
}

const open: TestGateway[] = [];

afterEach(async () => {
  for (const { app } of open.splice(0)) await app.close();
});

async function listen(feedLimits: Partial<LiveFeedLimits> = {}) {
  const gateway = buildTestGateway(undefined, { feedLimits });
  open.push(gateway);
  const address = await gateway.app.listen({ port: 0, host: '127.0.0.1' });
  const view = (query = '') => new TestViewer(`${address.replace('http', 'ws')}/ws${query}`);
  return { ...gateway, address, view };
}

test('a viewer gets each event that passes its filters', async () => {
  const { client, view } = await listen();
  const viewer = view('?subjects=evt.dev.session.>,evt.dev.task.t1.progressed');
  await viewer.subscribed();

  client.publish(session('s1'), 'transitioned', { payload: { to: 'running' } });
  client.publish(task('t1'), 'created');
  client.publish(task('t1'), 'progressed');
  await viewer.hears((one) => one.seqs.length === 2);

  expect(viewer.heard[1]).toMatchObject({
    seq: 1,
    type: 'session.transitioned',
    subject: 'evt.dev.session.s1.transitioned',
    timestamp: '2026-01-01T00:00:00.000Z',
    payload: { address: 'session/dev/s1', payload: { to: 'running' } },
  });
  expect(viewer.seqs).toEqual([1, 3]);
});

test('all viewers are fed from one watch', async () => {
  const { client, view } = await listen();
  const viewers = [view(), view(), view()];
  for (const viewer of viewers) await viewer.subscribed();

  client.publish(session('s1'), 'created');
  for (const viewer of viewers) await viewer.hears((one) => one.seqs.length === 1);

  expect(client.watchesStarted).toBe(1);
});

test('without filters a viewer gets all of its tenant and nothing of another', async () => {
  const { client, view } = await listen();
  const viewer = view();
  await viewer.subscribed();

  client.publish({ type: 'session', tenant: 'other', id: 's1' }, 'created');
  client.publish(session('s1'), 'created');
  await viewer.hears((one) => one.seqs.length === 1);

  expect(viewer.seqs).toEqual([2]);
});

test('a viewer that resumes gets what it missed and then live events: none left out, none twice', async () => {
  const { client, view } = await listen({ pastPage: 7 });
  for (let n = 0; n < 50; n++) client.publish(session('s1'), 'ticked');
  const readPast = client.pastPage.bind(client);
  // While the past is read, more happens: some of it the reading sees, all of it the watch.
  client.pastPage = async (query) => {
    client.publish(session('s1'), 'ticked');
    const page = await readPast(query);
    await new Promise((resolve) => setImmediate(resolve));
    return page;
  };
  const viewer = view('?after=20&subjects=evt.dev.session.s1.ticked');
  await viewer.subscribed();
  for (let n = 0; n < 10; n++) client.publish(session('s1'), 'ticked');

  await viewer.hears((one) => one.seqs.length >= client.events.length - 20);

  const expected = Array.from({ length: client.events.length - 20 }, (_, index) => 21 + index);
  expect(viewer.seqs).toEqual(expected);
});

test('a viewer that lost its line several times has each event once', async () => {
  const { client, view } = await listen();
  const seqs: number[] = [];
  const publisher = setInterval(() => client.publish(session('s1'), 'ticked'), 1);
  for (let drop = 0; drop < 8; drop++) {
    const viewer = view(`?after=${seqs.at(-1) ?? 0}`);
    await viewer.hears((one) => one.seqs.length >= 15);
    viewer.socket.terminate();
    await viewer.closed;
    seqs.push(...viewer.seqs);
  }
  clearInterval(publisher);

  expect(seqs).toEqual(seqs.map((_, index) => index + 1));
});

test('what is more than a resume sends at once is told as a gap', async () => {
  const { client, view } = await listen({ pastPage: 5, pastMax: 10 });
  for (let n = 0; n < 30; n++) client.publish(session('s1'), 'ticked');

  const viewer = view('?after=0');
  await viewer.hears((one) => one.heard.some((message) => message.type === 'gap'));

  expect(viewer.seqs).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(viewer.heard.at(-1)).toMatchObject({
    type: 'gap',
    reason: 'too_many',
    after_seq: 10,
    before_seq: 31,
  });
});

test('frames are gathered into lists for a moment', async () => {
  const { client, view } = await listen();
  const viewer = view();
  await viewer.subscribed();

  for (let n = 0; n < 100; n++) client.publish(session('s1'), 'ticked');
  await viewer.hears((one) => one.seqs.length === 100);

  expect(viewer.messages.length).toBeLessThan(20);
  expect(Array.isArray(viewer.messages[1])).toBe(true);
});

test('a viewer can change its filters', async () => {
  const { client, view } = await listen();
  const viewer = view('?subjects=evt.dev.task.>');
  await viewer.subscribed();
  client.publish(session('s1'), 'created');

  viewer.socket.send(JSON.stringify({ type: 'subscribe', subjects: ['evt.dev.session.>'], after: 0 }));
  await viewer.hears((one) => one.seqs.length === 1);

  expect(viewer.seqs).toEqual([1]);
});

test('a filter that is none, or of another tenant, is told and closed with 1008', async () => {
  const { view } = await listen();
  const queries = [
    '?subjects=evt.other.>',
    '?subjects=evt.*.session.>',
    '?subjects=mbx.1',
    '?subjects=evt.>',
    '?after=x',
  ];

  for (const query of queries) {
    const viewer = view(query);
    const [code] = await viewer.closed;
    expect([query, code]).toEqual([query, 1008]);
    expect(viewer.heard.at(-1)).toMatchObject({ type: 'error', code: 'VALIDATION_FAILED' });
  }
});

test('a message that is not understood is told and closed with 1008', async () => {
  const { view } = await listen();
  const viewer = view();
  await viewer.subscribed();

  viewer.socket.send('{"type":"subscribe"');

  expect((await viewer.closed)[0]).toBe(1008);
});

test('a viewer that does not read is shed, and the others go on', async () => {
  const { app, client, view } = await listen({ shedAfterMs: 300, reviewMs: 20, goodbyeMs: 50 });
  const slow = view();
  const quick = view();
  await slow.subscribed();
  await quick.subscribed();
  slow.socket.pause();

  const payload = { text: 'x'.repeat(50_000) };
  for (let n = 0; n < 400; n += 10) {
    for (let k = 0; k < 10; k++) client.publish(session('s1'), 'ticked', { payload });
    await quick.hears((one) => one.seqs.length === n + 10);
  }

  const metrics = async () => (await app.inject({ url: '/metrics' })).body;
  await expect.poll(metrics, { timeout: 5_000 }).toContain('oio_live_viewers_shed_total 1');
  slow.socket.resume();
  expect([1006, 1013]).toContain((await slow.closed)[0]);
  client.publish(session('s1'), 'ticked');
  await quick.hears((one) => one.seqs.length === 401);
});

test('a viewer that does not answer is cut off', async () => {
  const { view } = await listen({ heartbeatMs: 30 });
  const viewer = view();
  await viewer.subscribed();
  await viewer.hears((one) => one.heard.some((message) => message.type === 'alive'));

  viewer.socket.pong = () => undefined;
  viewer.socket.pause();
  await new Promise((resolve) => setTimeout(resolve, 120));
  viewer.socket.resume();

  expect((await viewer.closed)[0]).toBe(1006);
});

test('when events cannot be watched the viewer is told to come again, and the next one is tried anew', async () => {
  const { client, view } = await listen();
  const watch = client.watchEvents.bind(client);
  client.watchEvents = () => Promise.reject(new Error('no NATS'));
  const first = view();

  expect((await first.closed)[0]).toBe(1013);
  expect(first.heard.at(-1)).toMatchObject({ type: 'error', code: 'NOT_READY' });
  client.watchEvents = watch;
  await view().subscribed();
});

test('closing the gateway sends viewers away with 1001, also one that does not read', async () => {
  const { app, view } = await listen({ goodbyeMs: 50 });
  const viewer = view();
  const deaf = view();
  await viewer.subscribed();
  await deaf.subscribed();
  deaf.socket.pause();

  await app.close();

  expect((await viewer.closed)[0]).toBe(1001);
});

test('a page of another site cannot watch', async () => {
  const { address } = await listen();
  const socket = new WebSocket(`${address.replace('http', 'ws')}/ws`, { origin: 'https://evil.example' });

  const [error] = await once(socket, 'error');

  expect(String(error)).toContain('403');
});
