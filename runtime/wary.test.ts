/** Owners that follow one that died, or that could not write, on nodes in memory: who is found, and who goes on. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AloneResult, AloneTurn } from './isolation.ts';
import { type AttemptPlace, attemptText } from './supervision.ts';
import { type EventLoopWatch, watchEventLoop } from './testing/event-loop.ts';
import { takeInPlace } from './testing/isolation.ts';
import { SupervisedNodes } from './testing/supervised-node.ts';
import { Wary } from './wary.ts';

let loop: EventLoopWatch;
let nodes: SupervisedNodes;

beforeEach(() => {
  loop = watchEventLoop();
  nodes = new SupervisedNodes(loop);
});
afterEach(() => loop.stop());

const NEVER = new Promise<never>(() => undefined);

/** A process that ends when it is about to take the message at `seq`; before that what it writes is written. */
function dyingAt(seq: number) {
  const attempt = async (partition: number, epoch: number, places: readonly AttemptPlace[] | null) => {
    const isOurs = await nodes.store.attempt(partition, epoch, places);
    return places?.some((place) => place.seq === seq) ? NEVER : isOurs;
  };
  return { store: { attempt } };
}

/** Three messages wait; the one in the middle ends two owners, the first of which was not aware of it. */
async function dieTwice() {
  const unaware = await nodes.start('one', { store: { commit: () => NEVER } });
  for (const text of ['before', 'poison', 'after'])
    await nodes.tell(text === 'poison' ? 'bad' : 'well', text);
  await unaware.die();
  const second = await nodes.start('two', dyingAt(2));
  await second.die();
  const third = await nodes.start('three', dyingAt(2));
  await third.die();
}

async function aloneThen(result: (turn: AloneTurn) => Promise<AloneResult>) {
  const alone: string[] = [];
  await nodes.start('last', {
    takeAlone: async (_kind, turn) => {
      alone.push(turn.envelope.id);
      return result(turn);
    },
  });
  await nodes.clock.advance(5_000);
  return alone;
}

test('a message of which owners died is taken alone, and no other; if it is deadly there too it is a dead letter', async () => {
  await dieTwice();

  const alone = await aloneThen(async () => ({
    type: 'died',
    reason: 'poison',
    error: 'ended with SIGKILL',
  }));

  expect(alone).toEqual(['poison']);
  expect(nodes.deadLetters).toEqual(['bad poison']);
  expect(await nodes.seen('well')).toEqual(['before', 'after']);
  expect(await nodes.seen('bad')).toEqual([]);
});

test('a message that is taken alone and does no harm counts like any other', async () => {
  await dieTwice();

  const alone = await aloneThen(async (turn) => {
    const { FRAGILE } = await import('./testing/fragile.ts');
    return takeInPlace(FRAGILE, turn);
  });

  expect(alone).toEqual(['poison']);
  expect(nodes.deadLetters).toEqual([]);
  expect(await nodes.seen('bad')).toEqual(['poison']);
  expect(await nodes.seen('well')).toEqual(['before', 'after']);
});

test('an actor whose state alone is deadly is suspended at once: its mail ends no more processes', async () => {
  await dieTwice();

  await aloneThen(async () => ({ type: 'died', reason: 'poison_state', error: 'ended with SIGKILL' }));
  await nodes.tell('bad', 'later');

  expect(nodes.deadLetters).toEqual(['bad poison_state']);
  expect(nodes.store.rows.keptMail).toHaveLength(1);
});

test('where nothing can be taken alone the message waits: it is no dead letter', async () => {
  await dieTwice();

  const alone = await aloneThen(() => Promise.reject(new Error('no process')));

  expect(alone.length).toBeGreaterThan(1);
  expect(nodes.deadLetters).toEqual([]);
  expect(await nodes.seen('well')).toEqual(['before']);
});

test('a store that is away, however often, makes no message suspect', async () => {
  let away = 5;
  const alone: string[] = [];
  const commit: typeof nodes.store.commit = async (batches) => {
    if (away-- > 0) throw new Error('connection lost');
    return nodes.store.commit(batches);
  };
  const first = await nodes.start('one');
  await first.die();
  await nodes.start('two', {
    store: { commit },
    takeAlone: async (kind, turn) => {
      alone.push(turn.envelope.id);
      return takeInPlace(kind, turn);
    },
  });

  await nodes.tell('well', 'one');
  await nodes.clock.advance(30_000);

  expect(away).toBeLessThan(0);
  expect(alone).toEqual([]);
  expect(nodes.deadLetters).toEqual([]);
  expect(await nodes.seen('well')).toEqual(['one']);
});

test('a message whose turn can not be written is a dead letter, and those beside it are written', async () => {
  await nodes.start('one', { store: {} });
  const first = nodes.tell('well', 'before');
  const spoil = nodes.ask('bad', { type: 'spoil' });
  await Promise.all([first, spoil, nodes.tell('well', 'after')]);
  await nodes.clock.advance(10_000);

  expect(nodes.deadLetters).toEqual(['bad unwritable']);
  expect(await nodes.seen('bad')).toEqual([]);
  expect(await nodes.seen('well')).toEqual(['before', 'after']);
  expect(await spoil).toMatchObject({ ok: false, failure: { code: 'INTERNAL_ERROR' } });
});

test('messages are taken one at a time only as long as they are of a step at which an owner died', () => {
  const suspects = {
    [attemptText([
      { lane: 'data', seq: 40 },
      { lane: 'control', seq: 7 },
    ])]: 1,
  };
  const wary = new Wary({ suspects, isRecording: true, isSearching: false, culprit: null, inHandMax: 100 });

  expect(wary.stepMaxBehind({ data: 39, control: 9 })).toBe(1);
  expect(wary.stepMaxBehind({ data: 40, control: 6 })).toBe(1);
  expect(wary.stepMaxBehind({ data: 40, control: 7 })).toBeGreaterThan(1);
});

test('each full step that went well is followed by one of twice as many, up to a bound', () => {
  const wary = new Wary({
    suspects: { [attemptText([{ lane: 'data', seq: 2 }])]: 1 },
    isRecording: true,
    isSearching: false,
    culprit: null,
    inHandMax: 10_000,
  });
  const sizes: number[] = [];

  for (let [steps, seq] = [0, 0]; steps < 8; steps++) {
    const size = wary.stepMaxBehind({ data: seq, control: 0 });
    sizes.push(size);
    wary.begin(Array.from({ length: size }, (_, n) => ({ lane: 'data', seq: seq + n + 1 })));
    seq += size;
  }

  expect(sizes).toEqual([1, 1, 32, 64, 128, 256, 256, 256]);
  wary.begin([{ lane: 'data', seq: 9_000 }]);
  expect(wary.stepMaxBehind({ data: 9_000, control: 0 })).toBe(256);
});
