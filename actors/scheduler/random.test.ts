import { expect, test } from 'vitest';
import { usesOf } from '#protocols/admission.ts';
import { limitOf } from '#protocols/quota.ts';
import type { Scheduler } from '#protocols/scheduler.ts';
import type { OneActor } from '#protocols/testing/one-actor.ts';
import { makeScheduler, quotaWith, release, share, want } from '../testing/scheduler-fixture.ts';
import { makeRandom } from '../testing/scheduling.ts';

const SESSIONS = ['s-1', 's-2', 's-3', 's-4', 's-5', 's-6', 's-7', 's-8'];
const KEYS = ['key:a', 'key:b', 'provider:p', 'repository:/r'];
const PRIORITIES = ['critical', 'high', 'medium', 'low', 'deferred'];

/** What sessions say, and what they were told: by it alone it is known who waits and who has a slot. */
class Said {
  readonly waiting = new Map<string, number>();
  readonly running = new Map<string, number>();

  wants(id: string, ticket: number): void {
    if ((this.waiting.get(id) ?? this.running.get(id) ?? 0) >= ticket) return;
    this.running.delete(id);
    this.waiting.set(id, ticket);
  }

  leaves(id: string, ticket: number): void {
    if ((this.waiting.get(id) ?? ticket + 1) <= ticket) this.waiting.delete(id);
    if ((this.running.get(id) ?? ticket + 1) <= ticket) this.running.delete(id);
  }

  hears(scheduler: OneActor<Scheduler>): void {
    for (const { to, message } of scheduler.of('send')) {
      const ticket = Number(message.ticket);
      if (message.type === 'not_queued') this.waiting.delete(to.id);
      if (message.type === 'slot_lost') this.running.delete(to.id);
      if (message.type !== 'admitted') continue;
      expect(this.waiting.get(to.id), `${to.id} is admitted once for each wish`).toBe(ticket);
      this.waiting.delete(to.id);
      this.running.set(to.id, ticket);
    }
  }
}

function expectConsistent(scheduler: OneActor<Scheduler>, said: Said, about: string): void {
  const { running, waiting, quota, share: told } = scheduler.state;
  const tickets = Object.entries(running).map(([id, { ticket }]): [string, number] => [id, ticket]);
  expect(tickets.toSorted(), about).toEqual([...said.running].toSorted());
  const queued = waiting.map(({ session_id, ticket }): [string, number] => [session_id, ticket]);
  expect(queued.toSorted(), about).toEqual([...said.waiting].toSorted());
  expect(tickets.length, about).toBeLessThanOrEqual(quota.sessions_running);
  expect(waiting.length, about).toBeLessThanOrEqual(quota.sessions_queued);
  for (const [key, used] of usesOf(scheduler.state)) {
    expect(used, `${about}: ${key}`).toBeGreaterThan(0);
    expect(used, `${about}: ${key}`).toBeLessThanOrEqual(limitOf(quota, key) ?? Number.POSITIVE_INFINITY);
  }
  for (const count of [told.granted, told.told, told.in_use, told.wanted]) {
    expect(count, about).toBeGreaterThanOrEqual(0);
  }
}

test('whatever comes, doubled, late and at random: who waits and who has a slot is what the sessions said', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = makeRandom(seed);
    const below = (count: number) => Math.floor(random() * count);
    const quota = {
      sessions_running: 1 + below(4),
      sessions_queued: 1 + below(5),
      concurrency: { provider: 2 },
    };
    const scheduler = makeScheduler(quota);
    const said = new Said();
    let granted = 0;
    let isMetered = false;
    for (let turn = 0; turn < 150; turn++) {
      scheduler.nowMs += below(3) === 0 ? below(20 * 60_000) : below(1_000);
      const id = SESSIONS[below(SESSIONS.length)] ?? 's-1';
      const ticket = below(6) + Math.floor(turn / 20);
      switch (below(10)) {
        case 0:
        case 1:
        case 2:
        case 3:
          said.wants(id, ticket);
          want(scheduler, id, {
            ticket,
            priority: PRIORITIES[below(5)] ?? 'low',
            keys: KEYS.filter(() => random() < 0.3),
          });
          break;
        case 4:
        case 5:
          said.leaves(id, ticket);
          release(scheduler, id, ticket);
          break;
        case 6:
          scheduler.handle({ type: 'holding', session_id: id, ticket }, `session/dev/${id}`);
          break;
        case 7:
          scheduler.handle({ type: 'check_due' }, 'timer');
          break;
        case 8:
          if (below(4) === 0) isMetered = !isMetered;
          granted += below(3);
          share(scheduler, { is_metered: isMetered, granted: below(5) === 0 ? granted - 1 : granted });
          break;
        default:
          scheduler.handle({ type: 'set_quota', quota: quotaWith(quota) });
      }
      said.hears(scheduler);
      expectConsistent(scheduler, said, `seed ${seed}, turn ${turn}`);
    }
  }
});
