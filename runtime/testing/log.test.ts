import { expect, test } from 'vitest';
import { type LogUnderTest, testLog } from '../contracts/log-contract.ts';
import { MemoryLog } from './log.ts';

async function open(): Promise<LogUnderTest> {
  const log = new MemoryLog({ now: () => Date.UTC(2026, 0, 1) });
  const linger = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    log,
    linger,
    async until(check) {
      for (let turn = 0; turn < 1_000 && !check(); turn++) await linger();
      expect(check()).toBe(true);
    },
    disturb: async () => log.resetReaders(),
    stop: async () => undefined,
  };
}

testLog(open);

const entry = (text: string) => ({ subject: 'mbx.0', id: text, bytes: new TextEncoder().encode(text) });

async function follow(log: MemoryLog) {
  const heard: string[] = [];
  await log.read({
    lane: 'data',
    partition: 0,
    after: { seq: 0, id: null },
    onDelivery: ({ id }) => void heard.push(id),
    onCaughtUp: () => undefined,
    onBroken: () => void heard.push('broken'),
  });
  return heard;
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

test('a reader notices that the log lost messages which it had delivered', async () => {
  const log = new MemoryLog({ now: () => 0 });
  for (const text of ['a', 'b', 'c']) await log.publish(entry(text));
  const heard = await follow(log);
  await settle();

  log.loseTail('MAILBOX', 2);
  for (const text of ['d', 'e', 'f']) await log.publish(entry(text));
  await settle();

  expect(heard).toEqual(['a', 'b', 'c', 'broken']);
  expect(log.messages('data', 0).map(({ seq, id }) => [seq, id])).toEqual([
    [1, 'a'],
    [2, 'd'],
    [3, 'e'],
    [4, 'f'],
  ]);
});

test('a log made anew begins where it is told, and knows no id', async () => {
  const log = new MemoryLog({ now: () => 0 });
  await log.publish(entry('a'));

  log.recreate('MAILBOX', 1_001);
  await log.publish(entry('a'));

  expect(log.messages('data', 0).map(({ seq }) => seq)).toEqual([1_001]);
});
