import { expect, test } from 'vitest';
import { placeOf } from '#protocols/admission.ts';
import type { Scheduler } from '#protocols/scheduler.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { admittedBy, makeScheduler, release, runningIn, share, want } from '../testing/scheduler-fixture.ts';
import { schedulerKind } from './scheduler.ts';

const told = (scheduler: OneActor<Scheduler>) =>
  scheduler.sentTo('system-scheduler').map(({ granted, in_use, wanted }) => ({ granted, in_use, wanted }));

test('the first session of a tenant waits until it is known whether slots are shared, and all go at once if not', () => {
  const scheduler = new OneActor<Scheduler>(schedulerKind, 'sessions');
  want(scheduler, 's-1');
  const [first, asked] = [admittedBy(scheduler), told(scheduler)];
  want(scheduler, 's-2');

  share(scheduler, { is_metered: false, granted: 0 });

  expect([first, asked]).toEqual([[], [{ granted: 0, in_use: 0, wanted: 1 }]]);
  expect(admittedBy(scheduler)).toEqual(['s-1', 's-2']);
  expect(told(want(scheduler, 's-3'))).toEqual([]);
});

test('where slots are shared each session waits for a grant, and who waits is told so', () => {
  const scheduler = share(makeScheduler(), { is_metered: true, granted: 0 });
  want(want(scheduler, 's-1'), 's-2');
  const asked = told(scheduler);
  const place = placeOf(scheduler.state, 's-2', scheduler.nowMs);

  share(scheduler, { is_metered: true, granted: 1 });
  const first = admittedBy(scheduler);
  const known = told(scheduler);
  share(scheduler, { is_metered: true, granted: 1 });

  expect(asked).toEqual([{ granted: 0, in_use: 0, wanted: 2 }]);
  expect(place).toMatchObject({ position: 2, obstacle: { waits_for: 'shared_capacity' } });
  expect([first, known]).toEqual([['s-1'], [{ granted: 1, in_use: 1, wanted: 1 }]]);
  expect(scheduler.effects).toEqual([]);
  expect(runningIn(scheduler)).toEqual(['s-1']);
});

test('only as many slots are wanted as quota and keys leave free', () => {
  const scheduler = share(makeScheduler({ sessions_running: 3 }), { is_metered: true, granted: 0 });
  for (const id of ['s-1', 's-2']) want(scheduler, id, { keys: ['key:a'] });
  for (const id of ['s-3', 's-4', 's-5']) want(scheduler, id);

  expect(told(share(scheduler, { is_metered: true, granted: 1 }))).toEqual([
    { granted: 1, in_use: 1, wanted: 2 },
  ]);
});

test('a grant that nobody needs any more, and a slot that is given back, are told at once', () => {
  const scheduler = share(makeScheduler(), { is_metered: true, granted: 0 });
  release(want(scheduler, 's-1'), 's-1');

  const unused = told(share(scheduler, { is_metered: true, granted: 1 }));
  share(want(scheduler, 's-2'), { is_metered: true, granted: 2 });
  const ended = told(release(scheduler, 's-2'));

  expect(unused).toEqual([{ granted: 1, in_use: 0, wanted: 0 }]);
  expect(ended).toEqual([{ granted: 2, in_use: 0, wanted: 0 }]);
});

test('when slots become shared a tenant says what it has, also where that is what it said last', () => {
  const scheduler = want(makeScheduler(), 's-1');
  const busy = told(share(scheduler, { is_metered: true, granted: 0 }));
  const idle = told(share(makeScheduler(), { is_metered: true, granted: 0 }));

  expect([busy, idle]).toEqual([
    [{ granted: 0, in_use: 1, wanted: 0 }],
    [{ granted: 0, in_use: 0, wanted: 0 }],
  ]);
  expect(told(scheduler.handle({ type: 'share_check' }, 'system-scheduler/system/capacity'))).toEqual(busy);
});
