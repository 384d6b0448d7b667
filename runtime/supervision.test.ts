/** Suspended actors on nodes in memory: what becomes of their mail, whatever happens meanwhile. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ActorKind } from '#protocols/actor.ts';
import { KEPT_MAIL, Supervision } from './supervision.ts';
import { COUNTER } from './testing/counter.ts';
import { type EventLoopWatch, watchEventLoop } from './testing/event-loop.ts';
import { FRAGILE } from './testing/fragile.ts';
import { fragileAddress, SupervisedNodes } from './testing/supervised-node.ts';

let loop: EventLoopWatch;
let nodes: SupervisedNodes;

beforeEach(() => {
  loop = watchEventLoop();
  nodes = new SupervisedNodes(loop);
});
afterEach(() => loop.stop());

const SUSPENDED = { ok: false, failure: { code: 'ACTOR_SUSPENDED' } };
const statusOf = (id: string) =>
  nodes.store.rows.supervised.find(({ address }) => address.id === id)?.status ?? 'active';

test('a kind that suspends takes nothing after a fault, and the others of its partition go on', async () => {
  const { node } = await nodes.start('one');

  await nodes.ask('broken', { type: 'throw' });

  expect(await nodes.ask('broken', { type: 'note', text: 'x' })).toMatchObject(SUSPENDED);
  expect(await nodes.ask('well', { type: 'note', text: 'y' })).toEqual({ ok: true, value: 1 });
  expect(await nodes.seen('broken')).toEqual([]);
  expect(node.suspended).toBe(1);
});

test('what no caller waits for is kept for a suspended actor, and taken in order after an order to resume', async () => {
  await nodes.start('one');
  await nodes.ask('broken', { type: 'note_later', text: 'timer', afterMs: 3_000 });
  await nodes.ask('broken', { type: 'throw' });
  await nodes.ask('other', { type: 'tell', to: 'broken', text: 'first effect' });
  await nodes.clock.advance(5_000);
  await nodes.ask('other', { type: 'tell', to: 'broken', text: 'second effect' });
  expect(await nodes.seen('broken')).toEqual([]);
  expect(nodes.store.rows.keptMail).toHaveLength(3);
  expect(nodes.store.rows.timers).toEqual([]);

  expect(await nodes.order('broken', 'resume')).toEqual({ ok: true, value: { status: 'resuming', kept: 3 } });
  await nodes.ask('broken', { type: 'note', text: 'newer' });

  expect(await nodes.seen('broken')).toEqual(['first effect', 'timer', 'second effect', 'newer']);
  expect(nodes.store.rows.keptMail).toEqual([]);
  expect(nodes.store.rows.outbox.filter(({ lane }) => lane !== 'event')).toEqual([]);
});

test('a refused command leaves its key free: asked again under it after the order, it is applied once', async () => {
  await nodes.start('one');
  await nodes.ask('broken', { type: 'throw' });
  expect(await nodes.ask('broken', { type: 'note', text: 'x' }, 'my-key')).toMatchObject(SUSPENDED);
  expect(await nodes.store.findReplies([{ tenant: 'test', key: 'my-key' }])).toEqual([]);

  await nodes.order('broken', 'resume');
  expect(await nodes.ask('broken', { type: 'note', text: 'x' }, 'my-key')).toEqual({ ok: true, value: 1 });
  expect(await nodes.ask('broken', { type: 'note', text: 'x' }, 'my-key')).toEqual({ ok: true, value: 1 });

  expect(await nodes.seen('broken')).toEqual(['x']);
});

test('the next owner finds the actor suspended and its mail kept', async () => {
  const one = await nodes.start('one');
  await nodes.ask('broken', { type: 'throw' });
  await nodes.tell('broken', 'before');
  await one.die();

  await nodes.start('two');
  await nodes.tell('broken', 'after');
  expect(await nodes.seen('broken')).toEqual([]);
  await nodes.order('broken', 'resume');

  expect(await nodes.seen('broken')).toEqual(['before', 'after']);
});

test('a person suspends an actor that did nothing wrong, and one that is suspended stays as it is', async () => {
  await nodes.start('one');

  expect(await nodes.order('well', 'suspend')).toEqual({ ok: true, value: { status: 'suspended', kept: 0 } });
  expect(await nodes.order('well', 'suspend')).toEqual({ ok: true, value: { status: 'suspended', kept: 0 } });
  await nodes.tell('well', 'later');
  expect(await nodes.order('well', 'resume')).toEqual({ ok: true, value: { status: 'resuming', kept: 1 } });
  expect(await nodes.order('well', 'resume')).toEqual({ ok: true, value: { status: 'active', kept: 0 } });

  expect(await nodes.seen('well')).toEqual(['later']);
});

test('dropped mail becomes dead letters, and the actor goes on without it', async () => {
  await nodes.start('one');
  await nodes.order('well', 'suspend');
  await nodes.tell('well', 'dropped');
  await nodes.tell('well', 'dropped too');

  await nodes.order('well', 'drop');
  await nodes.tell('well', 'newer');

  expect(await nodes.seen('well')).toEqual(['newer']);
  expect(nodes.deadLetters).toEqual(['well dropped', 'well dropped']);
});

test('an actor that breaks on its kept mail is suspended again there, and keeps the rest', async () => {
  await nodes.start('one');
  await nodes.order('broken', 'suspend');
  await nodes.tell('broken', 'first');
  const bad = { kind: 'system' } as const;
  await nodes.log.publish({
    subject: 'mbx.0',
    id: 'bad',
    bytes: Buffer.from(
      JSON.stringify({
        id: 'bad',
        to: 'fragile/test/broken',
        message: { type: 'throw' },
        source: bad,
        root: 'bad',
      }),
    ),
  });
  await nodes.tell('broken', 'last');

  await nodes.order('broken', 'resume');

  expect(await nodes.seen('broken')).toEqual(['first']);
  expect(statusOf('broken')).toBe('suspended');
  expect(nodes.store.rows.keptMail.map(({ n }) => n)).toEqual([3]);
  await nodes.order('broken', 'resume');
  expect(await nodes.seen('broken')).toEqual(['first', 'last']);
  expect(nodes.deadLetters).toEqual(['broken defect']);
});

test('an owner that dies while mail is taken back leaves the rest to the next one, which takes it before all else', async () => {
  let commitsLeft = Number.POSITIVE_INFINITY;
  const one = await nodes.start('one', {
    store: {
      commit: async (batches) => {
        if (commitsLeft-- <= 0) throw new Error('connection lost');
        return nodes.store.commit(batches);
      },
    },
  });
  await nodes.order('well', 'suspend');
  const texts = Array.from({ length: 150 }, (_, index) => `mail ${index}`);
  for (const text of texts) await nodes.tell('well', text);
  commitsLeft = 2;
  await nodes.order('well', 'resume');
  await one.die();
  const taken = (await nodes.seen('well')).length;
  expect(taken).toBeGreaterThan(0);
  expect(taken).toBeLessThan(150);
  await nodes.tell('well', 'newer');

  await nodes.start('two');
  await nodes.clock.advance(10_000);

  expect(await nodes.seen('well')).toEqual([...texts, 'newer']);
  expect(statusOf('well')).toBe('active');
}, 30_000);

test('mail is taken back once, however long a commit takes: none is read again before it is gone', async () => {
  const one = await nodes.start('one');
  await nodes.order('well', 'suspend');
  const texts = Array.from({ length: 150 }, (_, index) => `mail ${index}`);
  for (const text of texts) await nodes.tell('well', text);
  await one.die();
  const commit: typeof nodes.store.commit = async (batches) => {
    await nodes.clock.sleep(100);
    return nodes.store.commit(batches);
  };
  await nodes.start('two', { store: { commit } });

  await nodes.order('well', 'resume');
  await nodes.clock.advance(2_000);

  expect(await nodes.seen('well')).toEqual(texts);
}, 30_000);

test('the state of a suspended actor stays unread: it may be what does harm', async () => {
  const one = await nodes.start('one');
  await nodes.ask('bad', { type: 'note', text: 'x' });
  await nodes.order('bad', 'suspend');
  await one.die();
  const readState = vi.spyOn(FRAGILE, 'readState');
  await nodes.start('two');

  await nodes.tell('bad', 'later');

  expect(nodes.store.rows.keptMail).toHaveLength(1);
  expect(readState).not.toHaveBeenCalled();
  readState.mockRestore();
});

test('a kind that resumes has a budget of faults, counted by the time of its messages', () => {
  const kind: ActorKind = { ...COUNTER, faults: { max: 2, withinMs: 1_000 } };
  const address = fragileAddress('one');
  const after = (...times: number[]) => {
    const supervision = new Supervision([]);
    return times
      .map((atMs) => supervision.fault(address, kind, { atMs, error: 'broke', isLast: false }).status)
      .at(-1);
  };

  expect(after(0, 10)).toBe('active');
  expect(after(0, 10, 999)).toBe('suspended');
  expect(after(0, 10, 1_000)).toBe('active');
  expect(after(0, 600, 1_200, 1_500)).toBe('suspended');
});

test('a budget goes on under the next owner, from what the store has of it', () => {
  const kind: ActorKind = { ...FRAGILE, onDefect: 'resume', faults: { max: 1, withinMs: 1_000 } };
  const address = fragileAddress('one');
  const first = new Supervision([]).fault(address, kind, { atMs: 5, error: 'broke', isLast: false });

  const second = new Supervision([first]).fault(address, kind, { atMs: 6, error: 'broke', isLast: false });

  expect(second).toMatchObject({ status: 'suspended', faults: [5, 6], by: 'runtime' });
});

test('kept mail is bounded by number and by bytes', () => {
  const address = fragileAddress('one');
  const rowOf = (part: object) => {
    const row = new Supervision([]).obey(address, { act: 'suspend', reason: '' }, { by: 'user:x', atMs: 1 });
    return new Supervision([{ ...row, ...part }]);
  };

  expect(rowOf({ kept: KEPT_MAIL.countMax - 1 }).keep(address, 1)).toMatchObject({ lastKept: 1 });
  expect(rowOf({ kept: KEPT_MAIL.countMax }).keep(address, 1)).toBeNull();
  expect(rowOf({ keptBytes: KEPT_MAIL.bytesMax - 1 }).keep(address, 2)).toBeNull();
});

test('mail beyond the bound of a suspended actor is a dead letter that says so', async () => {
  const one = await nodes.start('one');
  await nodes.order('full', 'suspend');
  await one.die();
  const supervised = async (partition: number) =>
    (await nodes.store.supervised(partition)).map((row) => ({ ...row, kept: KEPT_MAIL.countMax }));
  await nodes.start('two', { store: { supervised } });

  await nodes.tell('full', 'too much');

  expect(nodes.deadLetters).toEqual(['full kept_mail_full']);
  expect(nodes.store.rows.keptMail).toEqual([]);
});
