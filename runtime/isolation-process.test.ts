/** Turns taken alone: what they do to the process that takes them they do to no other. */
import { expect, test } from 'vitest';
import type { Message } from '#protocols/envelope.ts';
import { takeAloneIn } from './isolation-process.ts';
import { buildLogger } from './logger.ts';
import { command } from './testing/envelopes.ts';
import { FRAGILE } from './testing/fragile.ts';

const address = { type: 'fragile', tenant: 'test', id: 'one' };
const place = { generation: 0, lane: 'data', seq: 7, atMs: 1_700_000_000_000 } as const;
const limits = { heapMiB: 64, loadMs: 30_000, turnMs: 1_000 };
const logger = buildLogger({ level: 'silent', role: 'test' });
const kindsModule = new URL('./testing/kinds.ts', import.meta.url);

function takeAlone(message: Message, state: unknown = { seen: ['first'], watchMs: null }) {
  const loaded = { address, version: 1, stateVersion: 1, state, timers: {}, changedAtMs: 0 };
  const envelope = { ...command('one', message), to: 'fragile/test/one' };
  return takeAloneIn({ kindsModule, logger, limits })(FRAGILE, { address, loaded, envelope, place });
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
