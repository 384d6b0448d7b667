import { expect, test } from 'vitest';
import type { Scheduler } from '#protocols/scheduler.ts';
import type { OneActor } from '#protocols/testing/one-actor.ts';
import { admittedBy, makeScheduler, quotaWith, want } from '../testing/scheduler-fixture.ts';
import { schedulerKind } from './scheduler.ts';

const use = (scheduler: OneActor<Scheduler>, about: object) =>
  scheduler.handle({ type: 'used', ...about }, 'task/dev/t-1');

test('when the tokens of the month are used up no session begins, and that is told once', () => {
  const scheduler = makeScheduler({ tokens_a_month: 100 });
  want(scheduler, 's-1');
  const running = Object.keys(scheduler.state.running);

  const events = [use(scheduler, { tokens: 99 }).eventNames, use(scheduler, { tokens: 1 }).eventNames];
  events.push(use(scheduler, { tokens: 5 }).eventNames);
  const admitted = admittedBy(want(scheduler, 's-2'));

  expect(running).toEqual(['s-1']);
  expect(events).toEqual([[], ['quota_reached'], []]);
  expect(admitted).toEqual([]);
  expect(scheduler.of('schedule')).toContainEqual(
    expect.objectContaining({ atMs: Date.parse('2026-02-01'), message: { type: 'admit_due' } }),
  );
});

test('who waits for tokens is let in when the next month begins, or the quota is raised', () => {
  const spent = () => want(use(makeScheduler({ tokens_a_month: 100 }), { tokens: 100 }), 's-1');
  const month = spent();
  month.nowMs = Date.parse('2026-02-01');
  const raised = spent().handle({ type: 'set_quota', quota: quotaWith({ tokens_a_month: 101 }) });

  expect(admittedBy(month.handle({ type: 'admit_due' }, 'timer'))).toEqual(['s-1']);
  expect(admittedBy(raised)).toEqual(['s-1']);
});

test('what is deleted is counted back, never to less than nothing', () => {
  const scheduler = use(makeScheduler(), { artifact_bytes: 7 });
  const left = [5, 5].map((artifact_bytes) => {
    scheduler.handle({ type: 'freed', artifact_bytes }, 'task/dev/t-1');
    return scheduler.state.used.artifact_bytes;
  });

  expect(left).toEqual([2, 0]);
});

test('a scheduler of the version before counted nothing, and can be read by it', () => {
  const { state } = use(makeScheduler(), { artifact_bytes: 7 });

  const before = schedulerKind.writeState(state, 1);

  expect(before).not.toHaveProperty('used');
  expect(before).not.toHaveProperty('quota.tokens_a_month');
  expect(schedulerKind.readState(before, 1)).toMatchObject({
    used: { tokens: 0, artifact_bytes: 0 },
    quota: { tokens_a_month: 1_000_000, requests_a_minute: 600, artifact_bytes: 1_073_741_824 },
  });
});
