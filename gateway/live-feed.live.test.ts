/** The live feed over a real event stream: viewers that come and go, many of them, one that never reads. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { EventServer, type LiveGateway } from '#ops/dev/test-events.ts';
import { EventStream } from './testing/event-stream.ts';

let events: EventServer;

beforeAll(async () => {
  events = await EventServer.start(process.env);
});

afterAll(async () => {
  await events?.stop();
});

interface Heard {
  readonly seq: number;
  readonly type: string;
  readonly subject?: string;
  readonly [field: string]: unknown;
}

/** A WebSocket that keeps what it heard. */
class Socket {
  readonly heard: Heard[] = [];
  readonly socket: WebSocket;
  readonly #opened: Promise<unknown>;

  constructor(address: string, path: string) {
    this.socket = new WebSocket(`${address.replace('http', 'ws')}/ws${path}`);
    const closed = once(this.socket, 'close').then(([code, reason]) => {
      throw new Error(`closed with ${code} ${reason} before anything was heard`);
    });
    this.#opened = Promise.race([
      once(this.socket, 'message', { signal: AbortSignal.timeout(30_000) }),
      closed,
    ]);
    // Who looks is `opened`.
    this.#opened.catch(() => undefined);
    closed.catch(() => undefined);
    this.socket.on('message', (data) => this.heard.push(...[JSON.parse(String(data))].flat()));
    this.socket.on('error', () => undefined);
  }

  get frames(): Heard[] {
    return this.heard.filter(({ subject }) => subject !== undefined);
  }

  get notices(): Heard[] {
    return this.heard.filter(({ subject }) => subject === undefined);
  }

  async opened(): Promise<this> {
    await this.#opened;
    return this;
  }

  close(): void {
    this.socket.terminate();
  }
}

/** The same numbers in each run of a seed. */
function makeRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const KINDS = ['session', 'task', 'agent', 'context', 'lock'] as const;

/** Publishes so many events of all kinds, some at once; resolves to what the log has, in its order. */
async function publishMany(count: number, perRound: number) {
  const log: { seq: number; kind: string; id: string; session: string }[] = [];
  const publish = async (n: number) => {
    const kind = KINDS[n % KINDS.length] ?? 'session';
    const [id, session] = [`${kind}-${n % 7}`, `session-${n % 5}`];
    const seq = await events.publish({ type: kind, tenant: 'dev', id }, 'changed', { session_id: session });
    log.push({ seq, kind, id, session });
  };
  for (let n = 0; n < count; n += perRound) {
    await Promise.all(Array.from({ length: perRound }, (_, k) => publish(n + k)));
    await sleep(2);
  }
  return log.sort((a, b) => a.seq - b.seq);
}

type Logged = Awaited<ReturnType<typeof publishMany>>[number];

const PATHS: readonly { path: string; has: (event: Logged) => boolean }[] = [
  { path: '', has: () => true },
  { path: '/sessions', has: ({ kind }) => kind === 'session' },
  {
    path: '/sessions/session-0',
    has: ({ kind, id, session }) =>
      (kind === 'session' && id === 'session-0') || (kind === 'task' && session === 'session-0'),
  },
  { path: '/agents', has: ({ kind }) => kind === 'agent' },
  { path: '/agents/agent-2', has: ({ id }) => id === 'agent-2' },
  { path: '/tasks/task-1', has: ({ id }) => id === 'task-1' },
  { path: '/system', has: ({ kind }) => kind === 'lock' },
];

/** Watches for some time, again and again, each time from the last sequence; at the end up to `until`. */
async function watchAtRandom(options: {
  gateways: LiveGateway[];
  path: string;
  from: number;
  random: (below: number) => number;
  until: () => number | null;
}): Promise<Heard[]> {
  const { gateways, path, from, random, until } = options;
  const seen: Heard[] = [];
  let after = from;
  const isThrough = () => {
    const end = until();
    return end !== null && after >= end;
  };
  while (!isThrough()) {
    const { address } = gateways[random(gateways.length)] ?? { address: '' };
    const query = `${path}?after=${after}`;
    const line =
      random(2) === 0
        ? new Socket(address, query)
        : await EventStream.open(`${address}/events${path}`, { 'last-event-id': String(after) });
    if (line instanceof Socket) await line.opened();
    const lastMs = Date.now() + random(250);
    while (Date.now() < lastMs && !isThrough()) {
      await sleep(5);
      if (until() !== null) after = Math.max(after, line.frames.at(-1)?.seq ?? 0, aliveSeq(line.notices));
    }
    line.close();
    expect(line.notices.filter(({ type }) => type !== 'subscribed' && type !== 'alive')).toEqual([]);
    seen.push(...(line.frames as Heard[]));
    after = Math.max(after, line.frames.at(-1)?.seq ?? 0, aliveSeq(line.notices));
  }
  return seen;
}

/** A viewer of little goes on from where it was told that all is well. */
function aliveSeq(notices: readonly { type: string; seq?: unknown }[]): number {
  return Number(notices.findLast(({ type }) => type === 'alive')?.seq ?? 0);
}

test.for([1, 2, 3])(
  'what viewers saw that came again at random is what the log has (seed %i)',
  async (seed) => {
    // Little memory and small pages, so that the log, memory and the live line meet often.
    const limits = { framesMax: 50, pastPage: 20, heartbeatMs: 50 };
    const gateways = [await events.gateway(limits), await events.gateway(limits)];
    const random = makeRandom(seed);
    const from = await events.newestSeq();
    let end: number | null = null;

    const watching = [...PATHS, ...PATHS].map(async ({ path, has }) => {
      const seen = await watchAtRandom({ gateways, path, from, random, until: () => end });
      return { path, has, seen };
    });
    const log = await publishMany(1_000, 10);
    end = log.at(-1)?.seq ?? 0;

    for (const { path, has, seen } of await Promise.all(watching)) {
      expect([path, ...seen.map(({ seq }) => seq)]).toEqual([path, ...log.filter(has).map(({ seq }) => seq)]);
    }
  },
);

test('two hundred viewers, one of which never reads: the others get everything in time, and memory is bounded', async () => {
  const { app, address } = await events.gateway({ shedAfterMs: 2_000, reviewMs: 100, goodbyeMs: 100 });
  const deaf = await new Socket(address, '').opened();
  const deafStream = await EventStream.open(`${address}/events`);
  const quick = await Promise.all(
    Array.from({ length: 198 }, (_, n) => new Socket(address, n < 20 ? '' : '/sessions').opened()),
  );
  deaf.socket.pause();
  deafStream.pause();
  const rssBefore = process.memoryUsage().rss;
  const delaysMs: number[] = [];
  quick.at(-1)?.socket.on('message', (data) => {
    for (const { timestamp } of [JSON.parse(String(data))].flat())
      delaysMs.push(Date.now() - Date.parse(timestamp));
  });
  const session = { type: 'session', tenant: 'dev', id: 's1' };
  const task = { type: 'task', tenant: 'dev', id: 't1' };
  const note = 'x'.repeat(20_000);
  const isShed = async () =>
    (await app.inject({ url: '/metrics' })).body.includes('oio_live_viewers_shed_total 2');

  let published = 0;
  for (let round = 0; round < 400 && !(await isShed()); round++) {
    await Promise.all([
      events.publish(session, 'changed'),
      ...Array.from({ length: 4 }, () => events.publish(task, 'progressed', { note })),
    ]);
    published += 1;
  }
  await expect.poll(isShed, { timeout: 10_000 }).toBe(true);
  const isWhole = ({ frames }: Socket, n: number) => frames.length === (n < 20 ? 5 * published : published);
  await expect.poll(() => quick.every(isWhole), { timeout: 15_000 }).toBe(true);

  for (const { notices } of quick) expect(notices.map(({ type }) => type)).toEqual(['subscribed']);
  delaysMs.sort((a, b) => a - b);
  expect(delaysMs[Math.floor(delaysMs.length / 2)]).toBeLessThan(500);
  expect(delaysMs.at(-1)).toBeLessThan(2_000);
  expect(process.memoryUsage().rss - rssBefore).toBeLessThan(1024 ** 3);
  for (const one of [deaf, deafStream, ...quick]) one.close();
});

test('however many viewers there are, the gateway has one consumer on the stream', async () => {
  const consumers = async () => (await events.manager.streams.info('EVENTS')).state.consumer_count;
  // Those of reads before are taken away, and nobody waits for that.
  await sleep(500);
  const before = await consumers();
  const { address } = await events.gateway();

  const viewers = await Promise.all(Array.from({ length: 40 }, () => new Socket(address, '').opened()));

  expect(await consumers()).toBe(before + 1);
  for (const viewer of viewers) viewer.close();
});

test('viewers that come again and again leave no consumers behind', async () => {
  const consumers = async () => (await events.manager.streams.info('EVENTS')).state.consumer_count;
  await sleep(500);
  const before = await consumers();
  const { address } = await events.gateway();

  for (let round = 0; round < 5; round++) {
    const again = Array.from({ length: 20 }, () => new Socket(address, '?after=0').opened());
    for (const viewer of await Promise.all(again)) viewer.close();
  }

  await expect.poll(consumers, { timeout: 5_000 }).toBe(before + 1);
});

test('what was purged from the log is told as a gap, and what is left comes after it', async () => {
  const agent = { type: 'agent', tenant: 'dev', id: 'purged' };
  const seqs: number[] = [];
  for (let n = 0; n < 20; n++) seqs.push(await events.publish(agent, 'changed'));
  const [first = 0, kept = 0] = [seqs[0], seqs[12]];
  await events.manager.streams.purge('EVENTS', { seq: kept });
  const { address } = await events.gateway();

  const socket = await new Socket(address, `/agents/purged?after=${first}`).opened();
  await expect.poll(() => socket.frames.length).toBe(8);

  expect(socket.heard[1]).toMatchObject({
    type: 'gap',
    reason: 'expired',
    after_seq: first,
    before_seq: kept,
  });
  expect(socket.frames.map(({ seq }) => seq)).toEqual(seqs.slice(12));
  socket.close();
});

test('viewers of a log that was made anew are told so and hear its events', async () => {
  const { address } = await events.gateway();
  const agent = { type: 'agent', tenant: 'dev', id: 'anew' };
  const last = await events.publish(agent, 'changed');
  const watching = await new Socket(address, '/agents/anew').opened();
  await events.manager.streams.delete('EVENTS');
  await events.makeStream(1);

  const seq = await events.publish(agent, 'changed');
  await expect.poll(() => watching.frames.length, { timeout: 20_000 }).toBe(1);
  const returning = await new Socket(address, `/agents/anew?after=${last}`).opened();
  await expect.poll(() => returning.notices.length).toBe(2);

  expect(watching.notices.map(({ type, reason }) => [type, reason])).toEqual([
    ['subscribed', undefined],
    ['gap', 'ahead'],
  ]);
  expect(watching.frames[0]?.seq).toBe(seq);
  expect(returning.notices[1]).toMatchObject({ type: 'gap', reason: 'ahead', after_seq: last });
  for (const one of [watching, returning]) one.close();
});
