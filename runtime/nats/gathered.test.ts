import { expect, test } from 'vitest';
import { Gathered } from './gathered.ts';
import type { Published } from './publisher.ts';

function setup() {
  const sent: { id: string; ack: (published: Published) => void; fail: (error: Error) => void }[] = [];
  const gathered = new Gathered({
    publish: ({ id }) => new Promise((ack, fail) => sent.push({ id, ack, fail })),
  });
  const publish = (id: string) => gathered.publish({ subject: 's', id, bytes: new Uint8Array() });
  return { sent, publish, ids: () => sent.map(({ id }) => id) };
}

const ACK: Published = { seq: 1, isDuplicate: false };

test('the first leaves at once, those that come meanwhile leave together when it is acknowledged', async () => {
  const { sent, publish, ids } = setup();
  const first = publish('a');
  const others = [publish('b'), publish('c')];
  expect(ids()).toEqual(['a']);

  sent[0]?.ack(ACK);
  await first;
  expect(ids()).toEqual(['a', 'b', 'c']);

  for (const { ack } of sent) ack(ACK);
  expect(await Promise.all(others)).toEqual([ACK, ACK]);
});

test('a failed publication lets the next ones go, too, and rejects for its own caller only', async () => {
  const { sent, publish, ids } = setup();
  const first = publish('a');
  const second = publish('b');

  sent[0]?.fail(new Error('refused'));
  await expect(first).rejects.toThrow('refused');
  expect(ids()).toEqual(['a', 'b']);
  sent[1]?.ack(ACK);
  expect(await second).toEqual(ACK);
});

test('without any acknowledgement none waits longer than its bound', async () => {
  const { publish, ids } = setup();
  void publish('a');
  void publish('b');

  await expect.poll(ids, { interval: 2, timeout: 500 }).toEqual(['a', 'b']);
});
