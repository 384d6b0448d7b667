import { expect, test } from 'vitest';
import type { Scheduler } from '#protocols/scheduler.ts';
import type { OneActor } from '#protocols/testing/one-actor.ts';
import { admittedBy, makeScheduler, release, runningIn, want } from '../testing/scheduler-fixture.ts';
import { CHECK_MS } from './check.ts';

function check(scheduler: OneActor<Scheduler>): OneActor<Scheduler> {
  scheduler.nowMs += CHECK_MS;
  return scheduler.handle({ type: 'check_due' }, 'timer');
}

function holding(scheduler: OneActor<Scheduler>, id: string, ticket = 1): void {
  scheduler.handle({ type: 'holding', session_id: id, ticket }, `session/dev/${id}`);
}

test('who has a slot is asked for it in turn, from the first session to the last', () => {
  const scheduler = want(makeScheduler(), 's-1');
  const begins = scheduler.of('schedule').map(({ key, atMs }) => [key, atMs - scheduler.nowMs]);

  const asked = check(want(scheduler, 's-2')).sentTo('session');
  const goesOn = scheduler.of('schedule').map(({ key }) => key);
  release(release(scheduler, 's-1'), 's-2');

  expect(begins).toEqual([['check', CHECK_MS]]);
  expect(asked).toEqual([
    { type: 'slot_check', ticket: 1 },
    { type: 'slot_check', ticket: 1 },
  ]);
  expect(goesOn).toEqual(['check']);
  expect(check(scheduler).effects).toEqual([]);
});

test('a session that never answers loses its slot and hears so, and the next one gets it', () => {
  const scheduler = want(want(makeScheduler({ sessions_running: 1 }), 'dead'), 'next');
  for (let count = 1; count <= 3; count++) check(scheduler);
  const before = runningIn(scheduler);

  check(scheduler);

  expect(before).toEqual(['dead']);
  expect(admittedBy(scheduler)).toEqual(['next']);
  expect(scheduler.of('send')[0]).toMatchObject({
    to: { id: 'dead' },
    message: { type: 'slot_lost', ticket: 1 },
  });
  expect(scheduler.eventNames).toEqual(['slot_lost', 'admitted']);
});

test('a session that answers keeps its slot, however long it runs; an answer for another ticket is none', () => {
  const scheduler = want(want(makeScheduler(), 'alive', { ticket: 2 }), 'confused', { ticket: 2 });

  for (let count = 1; count <= 10; count++) {
    check(scheduler);
    holding(scheduler, 'alive', 2);
    holding(scheduler, 'confused', 1);
    holding(scheduler, 'nobody', 1);
  }

  expect(runningIn(scheduler)).toEqual(['alive']);
});
