/** Turns taken alone: what they do to the process that takes them they do to no other. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, onTestFinished, test } from 'vitest';
import type { Message } from '#protocols/envelope.ts';
import { takeAloneIn } from './isolation-process.ts';
import { buildLogger } from './logger.ts';
import { command } from './testing/envelopes.ts';
import { FRAGILE } from './testing/fragile.ts';

const address = { type: 'fragile', tenant: 'test', id: 'one' };
const place = { generation: 0, lane: 'data', seq: 7, atMs: 1_700_000_000_000 } as const;
const limits = { heapMiB: 64, loadMs: 30_000, turnMs: 1_000, idleMs: 10_000 };
const logger = buildLogger({ level: 'silent', role: 'test' });
const kindsModule = new URL('./testing/kinds.ts', import.meta.url);

function takeAlone(message: Message, take = takeAloneIn({ kindsModule, logger, limits })) {
  const state = { seen: ['first'], watchMs: null };
  const loaded = { address, version: 1, stateVersion: 1, state, timers: {}, changedAtMs: 0 };
  const envelope = { ...command('one', message), to: 'fragile/test/one' };
  return take(FRAGILE, { address, loaded, envelope, place });
}

/** How many processes were started since. */
function countProcesses(): () => number {
  let count = 0;
  const note = () => void count++;
  subscribe('child_process', note);
  onTestFinished(() => void unsubscribe('child_process', note));
  return () => count;
}

test('a turn taken alone that does no harm is used: state, version and reply are those of any turn', async () => {
  const result = await takeAlone({ type: 'note', text: 'second' });

  expect(result).toMatchObject({
    type: 'taken',
    outcome: {
      cell: { kind: FRAGILE, version: 2, state: { seen: ['first', 'second'] } },
      reply: { value: 2 },
    },
  });
}, 60_000);

test('a turn that ends its process, never ends, or takes all memory dies alone, and is known for it', async () => {
  const results = await Promise.all([
    takeAlone({ type: 'kill', spares: false }),
    takeAlone({ type: 'spin' }),
    takeAlone({ type: 'eat' }),
  ]);

  expect(results).toMatchObject([
    { type: 'died', reason: 'poison', error: expect.stringContaining('SIGKILL') },
    { type: 'died', reason: 'poison', error: expect.stringContaining('still at it after 1000 ms') },
    { type: 'died', reason: 'poison', error: expect.stringMatching(/memory|still at it/) },
  ]);
}, 60_000);

test('turns that wait are taken one after the other by one process, and a deadly one among them spoils no other', async () => {
  const started = countProcesses();
  const take = takeAloneIn({ kindsModule, logger, limits });
  const note = (text: string) => takeAlone({ type: 'note', text }, take);

  const harmless = await Promise.all(Array.from({ length: 20 }, (_, index) => note(`${index}`)));
  expect(harmless.map(({ type }) => type)).toEqual(Array.from({ length: 20 }, () => 'taken'));
  expect(started()).toBe(1);

  const mixed = await Promise.all([note('a'), takeAlone({ type: 'kill', spares: false }, take), note('b')]);
  expect(mixed.map(({ type }) => type)).toEqual(['taken', 'died', 'taken']);
  expect(started()).toBe(3);
}, 60_000);

test('a process without work ends after a while', async () => {
  const started = countProcesses();
  const take = takeAloneIn({ kindsModule, logger, limits: { ...limits, idleMs: 100 } });

  await takeAlone({ type: 'note', text: 'a' }, take);
  await new Promise((resolve) => setTimeout(resolve, 500));
  await takeAlone({ type: 'note', text: 'b' }, take);
  expect(started()).toBe(2);
}, 60_000);

test('kinds that can not be loaded are no fault of the message: the call throws', async () => {
  const broken = takeAloneIn({
    kindsModule: new URL('./testing/nothing.ts', import.meta.url),
    logger,
    limits,
  });
  const envelope = command('one', { type: 'note', text: 'x' });

  await expect(broken(FRAGILE, { address, loaded: undefined, envelope, place })).rejects.toThrow(
    'no process',
  );
}, 60_000);
