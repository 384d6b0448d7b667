import { expect, test } from 'vitest';
import { placeOf } from '#protocols/admission.ts';
import type { Scheduler } from '#protocols/scheduler.ts';
import type { OneActor } from '#protocols/testing/one-actor.ts';
import {
  admittedBy,
  makeScheduler,
  quotaWith,
  release,
  runningIn,
  waitingIn,
  want,
} from '../testing/scheduler-fixture.ts';

const MINUTE_MS = 60_000;

function reasonOf(scheduler: OneActor<Scheduler>, id: string) {
  const place = placeOf(scheduler.state, id, scheduler.nowMs);
  return place && { position: place.position, ...place.obstacle };
}

/** One session that holds the only slot: all that come wait. */
function makeFull(): OneActor<Scheduler> {
  return want(makeScheduler({ sessions_running: 1 }), 'first');
}

test('a session that may start at once gets its slot in the turn in which it asks', () => {
  const scheduler = want(makeScheduler(), 's-1');

  expect(admittedBy(scheduler)).toEqual(['s-1']);
  expect(scheduler.sentTo('session')).toEqual([{ type: 'admitted', ticket: 1 }]);
  expect(scheduler.state).toMatchObject({ waiting: [], running: { 's-1': { ticket: 1, missed: 0 } } });
  expect(scheduler.of('emit')).toMatchObject([
    { name: 'admitted', payload: { session_id: 's-1', waited_ms: 0 } },
  ]);
});

test('without a quota set ten sessions run at once, and the next ones wait for one of them to end', () => {
  const scheduler = makeScheduler();
  for (let count = 1; count <= 12; count++) want(scheduler, `s-${count}`);
  const [running, waiting] = [runningIn(scheduler).length, waitingIn(scheduler)];

  release(scheduler, 's-3');

  expect([running, waiting]).toEqual([10, ['s-11', 's-12']]);
  expect(admittedBy(scheduler)).toEqual(['s-11']);
  expect(scheduler.of('emit').map(({ name }) => name)).toEqual(['released', 'admitted']);
});

test('a higher priority goes first, equals in the order they came', () => {
  const scheduler = makeFull();
  const asked = ['low', 'medium', 'critical', 'deferred', 'high', 'medium', 'critical'];
  for (const [index, priority] of asked.entries()) want(scheduler, `s-${index}`, { priority });
  const order: string[] = [];

  for (let id: string | undefined = 'first'; id !== undefined; id = order.at(-1)) {
    const before = order.length;
    order.push(...admittedBy(release(scheduler, id)));
    if (order.length === before) break;
  }

  expect(order).toEqual(['s-2', 's-6', 's-4', 's-1', 's-5', 's-0', 's-3']);
});

test('each ten minutes of waiting lift a session by one priority, so that at last it goes before all', () => {
  const scheduler = want(makeFull(), 'old', { priority: 'deferred' });
  scheduler.nowMs += 40 * MINUTE_MS - 1;
  want(scheduler, 'too-early', { priority: 'critical' });
  const early = reasonOf(scheduler, 'old')?.position;
  scheduler.nowMs += 1;
  want(scheduler, 'new', { priority: 'critical' });

  expect(early).toBe(2);
  expect(reasonOf(scheduler, 'old')?.position).toBe(1);
  expect(reasonOf(scheduler, 'new')?.position).toBe(3);
  expect(admittedBy(release(scheduler, 'first'))).toEqual(['old']);
});

test('sessions with the same free key run one after the other, and others pass them', () => {
  const scheduler = makeScheduler();
  const keys = ['key:deploy/prod'];

  want(scheduler, 's-1', { keys });
  want(scheduler, 's-2', { keys, priority: 'critical' });
  want(scheduler, 's-3', { keys: ['key:deploy/test'] });

  expect(runningIn(scheduler)).toEqual(['s-1', 's-3']);
  expect(reasonOf(scheduler, 's-2')).toEqual({
    position: 1,
    waits_for: 'concurrency_key',
    key: 'key:deploy/prod',
    limit: 1,
    used: 1,
  });
  expect(admittedBy(release(scheduler, 's-1'))).toEqual(['s-2']);
});

test('repositories, agents and providers bound nothing until a quota says so, for all of a kind or for one', () => {
  const keys = ['repository:/srv/notes', 'agent:ada', 'provider:anthropic'];
  const free = makeScheduler();
  for (let count = 1; count <= 5; count++) want(free, `s-${count}`, { keys });
  const bounds = [
    { repository: 2 },
    { agent: 2 },
    { provider: 2 },
    { repository: 1, limits: { 'repository:/srv/notes': 2 } },
  ];

  expect(runningIn(free)).toHaveLength(5);
  for (const concurrency of bounds) {
    const bound = makeScheduler({ concurrency });
    for (let count = 1; count <= 5; count++) want(bound, `s-${count}`, { keys });
    expect(runningIn(bound), JSON.stringify(concurrency)).toEqual(['s-1', 's-2']);
  }
});

test('a session waits for all of its keys, and is told the one that is in use', () => {
  const scheduler = makeScheduler();
  want(scheduler, 'a', { keys: ['key:a'] });
  want(scheduler, 'b', { keys: ['key:b'] });

  want(scheduler, 'both', { keys: ['key:a', 'key:b'] });
  const first = reasonOf(scheduler, 'both')?.key;
  release(scheduler, 'a');
  const second = reasonOf(scheduler, 'both')?.key;

  expect([first, second]).toEqual(['key:a', 'key:b']);
  expect(admittedBy(release(scheduler, 'b'))).toEqual(['both']);
});

test('a session of two keys is not passed for ever: the first in the queue has its keys kept after ten minutes', () => {
  const scheduler = makeScheduler();
  want(scheduler, 'a-0', { keys: ['key:a'] });
  want(scheduler, 'both', { keys: ['key:a', 'key:b'] });
  const passed = admittedBy(want(scheduler, 'b-0', { keys: ['key:b'] }));
  scheduler.nowMs += 10 * MINUTE_MS;
  release(scheduler, 'b-0');

  const held = admittedBy(want(scheduler, 'b-1', { keys: ['key:b'] }));
  const goes = admittedBy(release(scheduler, 'a-0'));

  expect([passed, held, goes]).toEqual([['b-0'], [], ['both']]);
  expect(reasonOf(scheduler, 'b-1')).toMatchObject({ waits_for: 'concurrency_key', limit: 1, used: 1 });
});

test('who waits for a slot is told how many run, and how many may', () => {
  const scheduler = want(makeFull(), 's-2');

  expect(reasonOf(scheduler, 's-2')).toEqual({
    position: 1,
    waits_for: 'sessions_running',
    key: null,
    limit: 1,
    used: 1,
  });
  expect(reasonOf(scheduler, 'first')).toBeNull();
});

test('a wish said twice, or an older one, changes nothing; a newer one takes the place of the older', () => {
  const scheduler = want(makeFull(), 's-2', { ticket: 2 });
  const before = scheduler.state;

  want(scheduler, 's-2', { ticket: 2 });
  want(scheduler, 's-2', { ticket: 1, priority: 'critical' });
  want(scheduler, 'first', { ticket: 1 });
  const same = scheduler.state;
  want(scheduler, 's-2', { ticket: 3, priority: 'low' });

  expect(same).toBe(before);
  expect(scheduler.state.waiting).toMatchObject([{ session_id: 's-2', ticket: 3, priority: 'low' }]);
});

test('a release of an earlier ticket, a second one, and one of nobody change nothing', () => {
  const scheduler = want(makeFull(), 's-2', { ticket: 2 });
  const before = scheduler.state;

  for (const id of ['first', 's-2', 'nobody']) {
    release(scheduler, id, 0);
    expect(scheduler.state, id).toBe(before);
    expect(scheduler.effects, id).toEqual([]);
  }
  release(scheduler, 's-2', 1);
  expect(scheduler.state).toBe(before);
  release(release(scheduler, 's-2', 2), 's-2', 2);
  expect(waitingIn(scheduler)).toEqual([]);
});

test('a session that has a slot and wants one anew gives the old one back first', () => {
  const scheduler = want(makeFull(), 's-2');

  want(scheduler, 'first', { ticket: 2 });

  expect(runningIn(scheduler)).toEqual(['s-2']);
  expect(waitingIn(scheduler)).toEqual(['first']);
});

test('a full queue sends the next one away with what is full, and keeps those that are in it', () => {
  const scheduler = makeScheduler({ sessions_running: 1, sessions_queued: 2 });
  for (const id of ['s-1', 's-2', 's-3']) want(scheduler, id);

  want(scheduler, 's-4', { priority: 'critical' });

  expect(waitingIn(scheduler)).toEqual(['s-2', 's-3']);
  expect(scheduler.sentTo('session')).toEqual([
    { type: 'not_queued', ticket: 1, quota: 'sessions_queued', limit: 2, used: 2 },
  ]);
  expect(scheduler.eventNames).toEqual(['queue_full']);
  expect(admittedBy(want(release(release(scheduler, 's-2'), 's-3'), 's-4', { ticket: 2 }))).toEqual([]);
  expect(admittedBy(release(scheduler, 's-1'))).toEqual(['s-4']);
});

test('a raised quota admits at once, a lowered one ends nobody, and the registry hears its part', () => {
  const scheduler = makeScheduler({ sessions_running: 2 });
  for (let count = 1; count <= 6; count++) want(scheduler, `s-${count}`);

  scheduler.handle({
    type: 'set_quota',
    quota: quotaWith({ sessions_running: 4, agents: 7, tasks_running: 50 }),
  });
  const [raised, told, answer] = [admittedBy(scheduler), scheduler.sentTo('registry'), scheduler.value];
  scheduler.handle({ type: 'set_quota', quota: quotaWith({ sessions_running: 1 }) });
  const lowered = runningIn(scheduler);
  const none = ['s-1', 's-2', 's-3'].flatMap((id) => admittedBy(release(scheduler, id)));

  expect(raised).toEqual(['s-3', 's-4']);
  expect(told).toEqual([{ type: 'set_quota', agents_max: 7, tasks_max: 50 }]);
  expect(answer).toMatchObject({ sessions_running: 4, agents: 7 });
  expect(lowered).toHaveLength(4);
  expect(none).toEqual([]);
  expect(admittedBy(release(scheduler, 's-4'))).toEqual(['s-5']);
});

test('more than one turn may admit go in the next ones, at once', () => {
  const scheduler = makeScheduler({ sessions_running: 1 });
  for (let count = 0; count <= 450; count++) want(scheduler, `s-${count}`);

  scheduler.handle({ type: 'set_quota', quota: quotaWith({ sessions_running: 500 }) });
  const admitted = [admittedBy(scheduler).length];
  while (scheduler.of('schedule').some(({ key, atMs }) => key === 'admit' && atMs === scheduler.nowMs)) {
    scheduler.handle({ type: 'admit_due' }, 'timer');
    admitted.push(admittedBy(scheduler).length);
  }

  expect(admitted).toEqual([200, 200, 50]);
  expect(runningIn(scheduler)).toHaveLength(451);
});

test('a full scheduler stays below what a state may have', () => {
  const scheduler = makeScheduler({ sessions_running: 500 });
  const keys = Array.from({ length: 10 }, (_, index) => `agent:${`${index}`.repeat(110)}`);

  for (let count = 0; count < 1_600; count++) want(scheduler, `session-${count}-${'x'.repeat(20)}`, { keys });

  expect(scheduler.effects.length).toBeLessThanOrEqual(2_000);
  expect(JSON.stringify(scheduler.state).length).toBeLessThan(1024 * 1024);
});
