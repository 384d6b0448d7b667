/** One node on a virtual clock whose partitions stop to get on: what it says of itself. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeEnvelope } from '#protocols/envelope.ts';
import { STUCK_AFTER_MS } from './progress.ts';
import { judge } from './readiness.ts';
import type { Batch } from './store.ts';
import { MemoryCluster } from './testing/cluster.ts';
import { command } from './testing/envelopes.ts';
import { type EventLoopWatch, watchEventLoop } from './testing/event-loop.ts';

let loop: EventLoopWatch;

beforeEach(() => {
  loop = watchEventLoop();
});
afterEach(() => loop.stop());

async function startNode() {
  const cluster = new MemoryCluster(loop, 1);
  const hung = Promise.withResolvers<void>();
  let isHung = false;
  const commit = async (batches: readonly Batch[]) => {
    if (isHung) await hung.promise;
    return cluster.store.commit(batches);
  };
  const node = cluster.start('one', { store: { commit } });
  let sent = 0;
  const publish = () => {
    const key = `key-${++sent}`;
    const bytes = encodeEnvelope(command('counted', { type: 'add', by: 1 }, key));
    return cluster.log.publish({ subject: 'mbx.0', id: key, bytes });
  };
  const hang = () => {
    isHung = true;
  };
  const release = () => {
    isHung = false;
    hung.resolve();
  };
  return { cluster, node, publish, hang, release };
}

test('a node is ready when it holds what it should and gets on, not before', async () => {
  const { cluster, node } = await startNode();
  expect(judge(node)).toMatchObject({ isReady: false });
  expect(judge(node).reasons).toContain('it still listens who else is there');

  await cluster.clock.advance(1_000);

  expect(judge(node)).toMatchObject({ isReady: true, reasons: [], partitions: 1, lag: 0, oldestMs: 0 });
});

test('messages that wait and none applied for long: the node is not ready, says which partition and since when', async () => {
  const { cluster, node, publish, hang } = await startNode();
  await cluster.clock.advance(1_000);
  hang();
  await publish();
  await cluster.clock.advance(STUCK_AFTER_MS - 1_000);
  expect(judge(node)).toMatchObject({ isReady: true, lag: 1 });

  await cluster.clock.advance(2_000);

  const { isReady, reasons, oldestMs } = judge(node);
  expect(isReady).toBe(false);
  expect(reasons[0]).toMatch(/^partition 0 applied nothing for 1\d{4} ms, 1 wait$/);
  expect(oldestMs).toBeGreaterThan(STUCK_AFTER_MS);
  expect(node.report().stuck).toEqual([0]);
});

test('a node that applies what comes is ready for as long as it does', async () => {
  const { cluster, node, publish } = await startNode();
  await cluster.clock.advance(1_000);

  for (let second = 0; second < 30; second++) {
    await publish();
    await cluster.clock.advance(1_000);
    expect(judge(node).isReady).toBe(true);
  }
});

test('a partition that gets on again is ready again', async () => {
  const { cluster, node, publish, hang, release } = await startNode();
  await cluster.clock.advance(1_000);
  hang();
  await publish();
  await cluster.clock.advance(STUCK_AFTER_MS + 2_000);
  expect(judge(node).isReady).toBe(false);

  release();
  await cluster.clock.advance(1_000);

  expect(judge(node)).toMatchObject({ isReady: true, lag: 0, oldestMs: 0 });
});
