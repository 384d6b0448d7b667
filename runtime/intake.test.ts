import { expect, test } from 'vitest';
import { type Envelope, encodeEnvelope } from '#protocols/envelope.ts';
import { Counters } from './counters.ts';
import { type IntakeContext, sortMessages } from './intake.ts';
import { COUNTER } from './testing/counter.ts';
import { command, effect } from './testing/envelopes.ts';

function context(part: Partial<IntakeContext> = {}): IntakeContext {
  return {
    partition: 0,
    generation: 0,
    counters: new Counters({ outbound: [], inbound: [] }),
    kinds: new Map([['counter', COUNTER]]),
    partitionCount: 1,
    nowMs: 1,
    known: () => undefined,
    ...part,
  };
}

function deliver(...bodies: (Envelope | string)[]) {
  return bodies.map((body, index) => ({
    lane: 'data' as const,
    delivery: {
      seq: index + 1,
      id: `id-${index}`,
      atMs: 1,
      bytes: typeof body === 'string' ? new TextEncoder().encode(body) : encodeEnvelope(body),
    },
  }));
}

const fates = (items: ReturnType<typeof sortMessages>) =>
  items.map(({ fate }) => (fate.type === 'dead' ? `dead: ${fate.letter.reason}` : fate.type));

test('every message has a fate; none is dropped in silence', () => {
  const items = sortMessages(
    deliver(
      command('one', { type: 'add', by: 1 }),
      'no json',
      '{"id":"x"}',
      { ...command('one', { type: 'add', by: 1 }, 'key-2'), to: 'stranger/test/one' },
      effect('one', { type: 'add', by: 1 }, { partition: 0, n: 1 }),
      effect('one', { type: 'add', by: 1 }, { partition: 0, n: 1 }),
      effect('one', { type: 'add', by: 1 }, { partition: 0, n: 3 }),
    ),
    context(),
  );

  expect(fates(items)).toEqual([
    'turn',
    'dead: malformed',
    'dead: malformed',
    'dead: unknown_type',
    'turn',
    'duplicate',
    'gap',
  ]);
});

test('a command twice in one round is a turn and a repeat', () => {
  const twice = command('one', { type: 'add', by: 1 });

  expect(fates(sortMessages(deliver(twice, twice), context()))).toEqual(['turn', 'repeat']);
});

test('a command whose reply waits for its commit is a repeat', () => {
  const known = () => ({
    tenant: 'test',
    key: 'key-1',
    bodyHash: 'a'.repeat(64),
    reply: { ok: true, value: 1 } as const,
  });

  expect(fates(sortMessages(deliver(command('one', { type: 'add', by: 1 })), context({ known })))).toEqual([
    'repeat',
  ]);
});

test('a message in the wrong partition is a dead letter, not a second life of its actor', () => {
  const items = sortMessages(
    deliver(command('one', { type: 'add', by: 1 })),
    context({ partitionCount: 64, partition: 63 }),
  );

  expect(fates(items)).toEqual(['dead: misrouted']);
});

test('an effect to an unknown kind is a dead letter that counts as applied, so the next one is no gap', () => {
  const items = sortMessages(
    deliver(
      { ...effect('one', { type: 'add', by: 1 }, { partition: 0, n: 1 }), to: 'stranger/test/one' },
      effect('one', { type: 'add', by: 1 }, { partition: 0, n: 2 }),
    ),
    context(),
  );

  expect(fates(items)).toEqual(['dead: unknown_type', 'turn']);
  expect(items[0]?.fate).toMatchObject({ counter: { other: 0, lane: 'data', n: 1 } });
});
