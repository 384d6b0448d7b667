/** Messages in the logs of a real nats-server, and a viewer that is cut off again and again. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { EventServer, type LiveGateway } from '#ops/dev/test-events.ts';
import type { ClusterChange } from '#protocols/cluster-change.ts';
import type { Envelope } from '#protocols/envelope.ts';
import { partitionOf } from '#protocols/partition.ts';
import { NODE_HEARTBEATS } from '#protocols/subjects.ts';
import { LEARNING_MS } from '#runtime/cluster-changes.ts';
import { NodeWatch } from '#runtime/nats/node-watch.ts';

const SESSION = { type: 'session', tenant: 'dev', id: 's-1' };
const TASK = { type: 'task', tenant: 'dev', id: 't-1' };

interface Heard {
  readonly type: string;
  readonly seq: number;
  readonly subject?: string;
  readonly [field: string]: unknown;
}

let events: EventServer;
let gateway: LiveGateway;
let nodes: NodeWatch;
const changes: ClusterChange[] = [];
const beating = new Map<string, number[]>();
let beat: NodeJS.Timeout;
let watchedSinceMs = 0;

beforeAll(async () => {
  events = await EventServer.start(process.env);
  gateway = await events.gateway();
  watchedSinceMs = performance.now();
  nodes = new NodeWatch(events.connection);
  nodes.onChanges((told) => changes.push(...told));
  for (const id of ['node-1', 'node-2']) beating.set(id, id === 'node-1' ? [1, 2] : []);
  beat = setInterval(() => {
    for (const [id, partitions] of beating) say({ id, partitions });
  }, 100);
});

afterAll(async () => {
  clearInterval(beat);
  nodes?.stop();
  await events?.stop();
});

function say(part: { id: string; partitions: number[]; handOver?: object; leaving?: true }): void {
  const heartbeat = { draining: false, lag: 0, leaving: false, ...part };
  events.connection.publish(NODE_HEARTBEATS, JSON.stringify(heartbeat));
}

async function watch(path: string): Promise<{ socket: WebSocket; heard: Heard[] }> {
  const socket = new WebSocket(`${gateway.address.replace('http', 'ws')}${path}`);
  const heard: Heard[] = [];
  socket.on('message', (data) => heard.push(...[JSON.parse(String(data))].flat()));
  await once(socket, 'message', { signal: AbortSignal.timeout(10_000) });
  return { socket, heard };
}

async function consumersOf(stream: string): Promise<number> {
  const { state } = await events.manager.streams.info(stream);
  return state.consumer_count;
}

async function ask(path: string) {
  const answer = await fetch(`${gateway.address}/api/v1${path}`);
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

/** A command, what its turn sent and recorded, and what the turn of that sent, among others' messages. */
async function sendChain(): Promise<Record<'command' | 'start' | 'done', number>> {
  const place = partitionOf(SESSION, 64);
  const base = { root: 'c.begin' };
  const to = 'session/dev/s-1';
  const command: Envelope = {
    ...{ ...base, id: 'c.begin', to, message: { type: 'begin', words: 'hello' } },
    source: {
      kind: 'command',
      key: 'http:key',
      bodyHash: '0'.repeat(64),
      replyTo: 'inbox.1',
      by: 'user:dev',
    },
  };
  const effect = (n: number, part: Pick<Envelope, 'to' | 'cause'>, from: string): Envelope => ({
    ...{ ...base, ...part, message: { type: 'start' } },
    id: `e.${place}.9.data.${n}`,
    source: { kind: 'effect', from, partition: place, n },
  });
  const seqs = { command: await events.send('data', command), start: 0, done: 0 };
  await events.send('data', effect(1, { to: 'task/dev/t-2', cause: 'c.other' }, 'session/dev/s-2'));
  const startId = `e.${place}.9.data.2`;
  seqs.start = await events.send('data', effect(2, { to: 'task/dev/t-1', cause: 'c.begin' }, to));
  await events.record(SESSION, 'transitioned', { payload: { to: 'running' }, cause: 'c.begin' });
  const back = partitionOf(TASK, 64);
  seqs.done = await events.send('control', {
    ...{ ...base, id: `e.${back}.${place}.control.1`, to, cause: startId, message: { type: 'done' } },
    source: { kind: 'effect', from: 'task/dev/t-1', partition: back, n: 1 },
  });
  return seqs;
}

test('a message is found by place and by id, with its body, its cause and what it caused; keys of callers are not shown', async () => {
  const seqs = await sendChain();

  const command = await ask(`/messages/data/${seqs.command}`);
  const start = await ask(`/messages/e.${partitionOf(SESSION, 64)}.9.data.2?to=task/dev/t-1`);
  const done = await ask(`/messages/control/${seqs.done}`);

  expect(command.body).toMatchObject({
    message: { seq: seqs.command, payload: { id: 'c.begin', by: 'user:dev', cause: null } },
    ...{ body: { type: 'begin', words: 'hello' }, caused_by: null },
    caused: { messages: [{ seq: seqs.start }], events: [{ type: 'session.transitioned' }], is_whole: true },
  });
  expect(JSON.stringify(command.body)).not.toMatch(/http:key|inbox\.1|0{64}/);
  expect(start.body).toMatchObject({
    caused_by: { payload: { id: 'c.begin' } },
    caused: { messages: [{ lane: 'control', seq: seqs.done }], events: [] },
  });
  expect(done.body).toMatchObject({ caused_by: { seq: seqs.start } });
  expect((await ask('/messages/data/999999')).status).toBe(404);
  expect((await ask('/messages/c.nobody')).status).toBe(404);
});

test('messages are listed from a place on, to one actor or to all', async () => {
  const all = await ask('/messages?limit=2');
  const next = await ask(`/messages?after=${all.body.next_after}&to=task/dev/t-1`);

  expect((all.body.items as Heard[]).map(({ seq }) => seq)).toEqual([1, 2]);
  expect(all.body.next_after).toBe(2);
  expect(next.body).toMatchObject({ items: [{ payload: { to: 'task/dev/t-1' } }], next_after: null });
});

test('the logs are read while somebody watches the traffic, and no consumer stays behind', async () => {
  // Those that the reads before it made are deleted a moment after their answers.
  await expect.poll(() => consumersOf('MAILBOX')).toBe(0);
  const { socket, heard } = await watch('/ws/traffic?subjects=tap.dev.>');
  await expect.poll(() => consumersOf('CONTROL'), { timeout: 10_000 }).toBe(1);
  await expect.poll(() => consumersOf('MAILBOX'), { timeout: 10_000 }).toBe(1);
  await sleep(100);

  const message = { id: 'c.live', to: 'lock/dev/locks', message: { type: 'acquire' }, root: 'c.live' };
  await events.send('control', { ...message, source: { kind: 'system' } });
  await expect.poll(() => heard.filter(({ type }) => type === 'tail').length, { timeout: 10_000 }).toBe(1);
  socket.close();

  expect(heard.at(-1)?.frames).toMatchObject([{ subject: 'tap.dev.lock.locks.acquire', lane: 'control' }]);
  await expect
    .poll(async () => (await consumersOf('MAILBOX')) + (await consumersOf('CONTROL')), { timeout: 10_000 })
    .toBe(0);
});

test('a viewer that is cut off twenty times gets every event once and in order', async () => {
  const cutsMax = 20;
  const first = (await watch('/ws')).heard[0]?.seq ?? 0;
  const seqs: number[] = [];
  let published = 0;
  let isPublishing = true;
  const publishing = (async () => {
    while (isPublishing) {
      await Promise.all(Array.from({ length: 20 }, (_, n) => events.publish(TASK, 'progressed', { n })));
      published += 20;
    }
  })();
  const lastSeq = () => seqs.at(-1) ?? first;
  const waits: number[] = [];
  for (let cuts = 0; cuts <= cutsMax; cuts++) {
    const isLast = cuts === cutsMax;
    if (isLast) isPublishing = false;
    if (isLast) await publishing;
    const beganMs = performance.now();
    const socket = new WebSocket(`${gateway.address.replace('http', 'ws')}/ws?acks=true&after=${lastSeq()}`);
    const wanted = isLast ? first + published : lastSeq() + 40 + 7 * cuts;
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`stands at ${lastSeq()} of ${wanted}`)), 20_000);
      socket.on('message', (data) => {
        const frames = [JSON.parse(String(data)) as Heard | Heard[]].flat().filter((one) => 'subject' in one);
        if (frames.length > 0 && waits.length === cuts) waits.push(performance.now() - beganMs);
        seqs.push(...frames.map(({ seq }) => seq));
        socket.send(JSON.stringify({ type: 'ack', seq: lastSeq() }));
        if (lastSeq() < wanted) return;
        clearTimeout(late);
        socket.removeAllListeners('message');
        socket.terminate();
        resolve();
      });
    });
  }

  expect(published).toBeGreaterThan(1_000);
  expect(seqs).toEqual(Array.from({ length: published }, (_, at) => first + 1 + at));
  expect(waits.toSorted((a, b) => a - b)[cutsMax / 2]).toBeLessThan(2_000);
});

test('nodes that hand over, fall silent or leave are told with their partitions', {
  timeout: 20_000,
}, async () => {
  await expect.poll(() => nodes.alive().length, { timeout: 5_000 }).toBe(2);
  await sleep(Math.max(0, LEARNING_MS + 200 - (performance.now() - watchedSinceMs)));
  beating.set('node-1', [1]);
  say({ id: 'node-1', partitions: [1], handOver: { partition: 2, epoch: 3, to: 'node-2' } });
  beating.set('node-2', [2]);
  beating.set('node-3', []);
  await expect
    .poll(() => changes.map(({ type }) => type), { timeout: 5_000 })
    .toContain('partition.handed_over');

  beating.delete('node-1');
  await expect.poll(() => changes.map(({ type }) => type), { timeout: 10_000 }).toContain('partition.lost');
  beating.delete('node-3');
  say({ id: 'node-3', partitions: [], leaving: true });
  await expect.poll(() => changes.map(({ type }) => type), { timeout: 5_000 }).toContain('node.left');

  expect(changes.filter(({ type }) => type === 'node.lost').map(({ node }) => node)).toEqual(['node-1']);
  expect(changes.filter(({ type }) => type.startsWith('partition'))).toMatchObject([
    { type: 'partition.released', node: 'node-1', partition: 2 },
    { type: 'partition.handed_over', node: 'node-2', from: 'node-1', partition: 2 },
    { type: 'partition.lost', node: 'node-1', partition: 1 },
  ]);
});
