/** The example kind of ops/docs/actors.md: its rules alone, and what becomes of it on nodes that live and die. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { type ActorKind, defineActor } from '#protocols/actor.ts';
import { Answered, ask, reply } from '#protocols/effects.ts';
import { given } from '#protocols/testing/given.ts';
import type { Store } from '#runtime/store.ts';
import { startActors } from '#runtime/testing/actor-cluster.ts';
import { HOLD_MS, SEATS, type Seats } from './seats.ts';

const OPEN = { type: 'open', title: 'Hamlet', seats: ['A1', 'A2'] };
const HOLD = { type: 'hold', seat: 'A1' };
const show = given<Seats>(SEATS).when(OPEN);

test('a seat is held for ten minutes by whoever asked first', () => {
  const held = show.when(HOLD, 'user:anna');

  expect(held.state?.seats.A1).toEqual({ is: 'held', by: 'user:anna', untilMs: held.nowMs + HOLD_MS });
  expect(held.timers.get('hold/A1')?.atMs).toBe(held.nowMs + HOLD_MS);
  expect(held.eventNames).toEqual(['held']);
  expect(held.when(HOLD, 'user:bert').failure).toMatchObject({ code: 'INVALID_TRANSITION' });
});

test('a hold that nobody confirms is free again, and the one who waits longest is told', () => {
  const waited = show
    .when(HOLD)
    .when({ type: 'wait' }, 'guest/dev/bert')
    .when({ type: 'wait' }, 'guest/dev/cora');

  const freed = waited.after(HOLD_MS);

  expect(freed.state).toMatchObject({ seats: { A1: { is: 'free' } }, waiting: ['guest/dev/cora'] });
  expect(freed.eventNames).toEqual(['freed']);
  expect(freed.of('send')).toEqual([
    {
      type: 'send',
      to: { type: 'guest', tenant: 'dev', id: 'bert' },
      message: { type: 'seat_free', seat: 'A1', title: 'Hamlet' },
    },
  ]);
});

test('asking again for one own hold answers the same and does not make it longer', () => {
  const held = show.when(HOLD);

  const again = held.after(60_000).when(HOLD);

  expect(again.value).toEqual(held.value);
  expect(again.state).toEqual(held.state);
  expect(again.effects).toHaveLength(1);
});

test('a confirmed seat stays sold: its timer is gone', () => {
  const sold = show.when(HOLD).when({ type: 'confirm', seat: 'A1' });

  expect(sold.timers.size).toBe(0);
  expect(sold.after(2 * HOLD_MS).state?.seats.A1).toEqual({ is: 'sold', to: 'user:anna' });
});

test('only the holder confirms or cancels, only the clock ends a hold, only actors wait', () => {
  const held = show.when(HOLD, 'user:anna');
  const forbidden = ['confirm', 'cancel', 'expired'].map((type) =>
    held.when({ type, seat: 'A1' }, 'user:bert'),
  );

  for (const { failure, state } of [...forbidden, held.when({ type: 'wait' }, 'user:bert')]) {
    expect(failure?.code).toBe('FORBIDDEN');
    expect(state).toEqual(held.state);
  }
});

test('a cancelled hold is free at once, without a second sound from its timer', () => {
  const cancelled = show.when(HOLD).when({ type: 'cancel', seat: 'A1' });

  expect(cancelled.state?.seats.A1).toEqual({ is: 'free' });
  expect(cancelled.after(HOLD_MS).effects).toEqual([]);
});

test('a hundred wait, one more is refused; a message not of the union is refused with its faults', () => {
  let full = show;
  for (let n = 0; n < 100; n++) full = full.when({ type: 'wait' }, `guest/dev/g${n}`);

  expect(full.when({ type: 'wait' }, 'guest/dev/late').failure?.code).toBe('QUOTA_EXCEEDED');
  expect(full.when({ type: 'wait' }, 'guest/dev/g7').value).toBeNull();
  expect(full.when({ type: 'hold', seat: 'a seat' }).failure).toMatchObject({
    code: 'VALIDATION_FAILED',
    errors: [{ path: 'seat' }],
  });
});

test('a show is opened once, and closed it is not there', () => {
  expect(show.when(OPEN).failure?.code).toBe('INVALID_TRANSITION');
  expect(show.when(HOLD).when({ type: 'close' })).toMatchObject({ state: null, timers: new Map() });
  expect(given(SEATS).when(HOLD).failure?.code).toBe('NOT_FOUND');
});

test('state of the shape before is read as today: what was free is free, what was sold is sold', () => {
  const old = { title: 'Hamlet', free: ['A1'], sold: { A2: 'user:bert' } };

  const now = given<Seats>(SEATS, old, { stateVersion: 1 });

  expect(now.state?.seats).toEqual({ A1: { is: 'free' }, A2: { is: 'sold', to: 'user:bert' } });
  expect(now.when(HOLD).state?.seats.A1).toMatchObject({ is: 'held' });
  expect(SEATS.indexOf(now.state)).toEqual({ title: 'Hamlet', status: 'free' });
});

const SHOW = { type: 'seats', tenant: 'dev', id: 'hamlet' };
const BERT = { type: 'guest', tenant: 'dev', id: 'bert' };

/** Somebody who waits for a seat and counts how often it was told of one. */
const GUEST: ActorKind = defineActor({
  type: 'guest',
  stateVersion: 1,
  state: z.object({ told: z.number(), waits: z.string() }),
  message: z.discriminatedUnion('type', [
    z.object({ type: z.literal('queue') }),
    z.object({ type: z.literal('seat_free'), seat: z.string(), title: z.string() }),
    Answered,
  ]),
  control: [],
  onDefect: 'suspend',
  handle(state, message, context) {
    const now = state ?? { told: 0, waits: 'no' };
    switch (message.type) {
      case 'queue': {
        const asked = ask(SHOW, { type: 'wait' }, { key: 'wait', deadlineMs: context.now + 5_000 });
        return { state: { ...now, waits: 'asked' }, effects: [asked, reply(null)] };
      }
      case 'answered':
        return {
          state: { ...now, waits: message.reply.ok ? 'yes' : message.reply.failure.code },
          effects: [],
        };
      case 'seat_free':
        return { state: { ...now, told: now.told + 1 }, effects: [] };
    }
  },
});

test('a guest that asks is answered by message: yes, why not, or at the deadline', () => {
  const asked = given(GUEST).when({ type: 'queue' });
  const full = { code: 'QUOTA_EXCEEDED', detail: 'too many wait' } as const;

  expect(asked.answered('wait', { ok: true, value: null }).state).toMatchObject({ waits: 'yes' });
  expect(asked.answered('wait', { ok: false, failure: full }).state).toMatchObject({
    waits: 'QUOTA_EXCEEDED',
  });
  expect(asked.after(5_000).state).toMatchObject({ waits: 'DEADLINE_EXCEEDED' });
});

test('on a node, a hold expires by the virtual clock', async () => {
  await using cluster = await startActors([SEATS]);
  await cluster.ask(SHOW, OPEN);
  await cluster.ask(SHOW, HOLD);

  await cluster.advance(HOLD_MS + 1_000);

  expect(await cluster.state(SHOW)).toMatchObject({ seats: { A1: { is: 'free' } } });
  expect(cluster.events(SHOW).map(({ name }) => name)).toEqual(['opened', 'held', 'freed']);
});

test('a node that is killed takes no hold with it: the next one ends it on time, and tells the guest once', async () => {
  await using cluster = await startActors([SEATS, GUEST]);
  await cluster.ask(SHOW, OPEN);
  await cluster.ask(SHOW, HOLD);
  await cluster.ask(BERT, { type: 'queue' });
  await cluster.advance(1_000);
  const held = await cluster.state(SHOW);
  expect(held).toMatchObject({ seats: { A1: { is: 'held' } }, waiting: ['guest/dev/bert'] });

  await cluster.kill('one');
  await cluster.start('two');
  expect(await cluster.state(SHOW)).toEqual(held);
  await cluster.advance(HOLD_MS);

  expect(await cluster.state(SHOW)).toMatchObject({ seats: { A1: { is: 'free' } }, waiting: [] });
  expect(await cluster.state(BERT)).toEqual({ told: 1, waits: 'yes' });
});

test('killed between its commit and all that follows from it: the guest is told all the same, and once', async () => {
  await using cluster = await startActors([SEATS, GUEST]);
  await cluster.ask(SHOW, OPEN);
  await cluster.ask(SHOW, HOLD);
  await cluster.ask(BERT, { type: 'queue' });
  await cluster.kill('one');
  let hearsOfCommits = true;
  const commit: Store['commit'] = async (batches) => {
    const outcome = await cluster.store.commit(batches);
    return hearsOfCommits ? outcome : new Promise<never>(() => undefined);
  };
  await cluster.start('two', { store: { commit } });

  hearsOfCommits = false;
  await cluster.advance(HOLD_MS);
  expect(await cluster.state(SHOW)).toMatchObject({ seats: { A1: { is: 'free' } } });
  expect(await cluster.state(BERT)).toMatchObject({ told: 0 });
  await cluster.kill('two');
  await cluster.start('three');
  await cluster.advance(30_000);

  expect(await cluster.state(BERT)).toMatchObject({ told: 1 });
  expect(cluster.events(SHOW).filter(({ name }) => name === 'freed')).toHaveLength(1);
});

test('a command that is repeated under its key is done once, and answered the same, also by the next node', async () => {
  await using cluster = await startActors([SEATS]);
  await cluster.ask(SHOW, OPEN);

  const first = await cluster.ask(SHOW, HOLD, { key: 'mine' });
  await cluster.kill('one');
  await cluster.start('two');
  const second = await cluster.ask(SHOW, HOLD, { key: 'mine' });

  expect(second).toEqual(first);
  expect(cluster.events(SHOW).filter(({ name }) => name === 'held')).toHaveLength(1);
});

test('a fourth defect within a minute suspends the show; a person who resumes it finds all as it was', async () => {
  const broken: ActorKind = {
    ...SEATS,
    handle(state, message, context) {
      if (message.type === 'confirm') throw new Error('broken on purpose');
      return SEATS.handle(state, message, context);
    },
  };
  await using cluster = await startActors([broken]);
  await cluster.ask(SHOW, OPEN);
  await cluster.ask(SHOW, HOLD);
  const codes: (string | null)[] = [];
  for (let n = 0; n < 5; n++) {
    const answer = await cluster.ask(SHOW, { type: 'confirm', seat: 'A1' });
    codes.push(answer.ok ? null : answer.failure.code);
  }

  expect(codes).toEqual([...Array(4).fill('INTERNAL_ERROR'), 'ACTOR_SUSPENDED']);
  expect(await cluster.order(SHOW, 'resume')).toMatchObject({ ok: true });
  expect(await cluster.ask(SHOW, HOLD)).toMatchObject({ ok: true, value: { by: 'user:anna' } });
});

test('a node with new code goes on with the state that the old code left', async () => {
  const seatsBefore = defineActor({
    type: 'seats',
    stateVersion: 1,
    state: z.object({ title: z.string(), free: z.array(z.string()), sold: z.record(z.string(), z.string()) }),
    message: z.object({ type: z.literal('open'), title: z.string() }),
    control: [],
    onDefect: 'resume',
    handle: (_state, { title }) => ({
      state: { title, free: ['A1'], sold: { A2: 'user:bert' } },
      effects: [],
    }),
  });
  await using cluster = await startActors([seatsBefore]);
  await cluster.ask(SHOW, { type: 'open', title: 'Hamlet' });
  await cluster.kill('one');

  await cluster.start('two', { kinds: [SEATS] });
  const held = await cluster.ask(SHOW, HOLD);

  expect(held).toMatchObject({ ok: true, value: { is: 'held' } });
  expect(await cluster.ask(SHOW, { type: 'hold', seat: 'A2' })).toMatchObject({ ok: false });
});
