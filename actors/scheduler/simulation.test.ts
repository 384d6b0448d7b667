import { expect, test } from 'vitest';
import { AGING_MS } from '#protocols/admission.ts';
import { quotaWith } from '../testing/scheduler-fixture.ts';
import { type Arrival, Scheduling, type Sight } from '../testing/scheduling.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const HOURS = 30;
const PRIORITIES = ['critical', 'high', 'medium', 'low', 'deferred'] as const;

function pick<T>(scheduling: Scheduling, items: readonly T[]): T {
  const item = items[Math.floor(scheduling.random() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

/** Sessions that come at random, on the mean every so many ms. */
function arriveAtRandom(
  scheduling: Scheduling,
  about: { tenant: string; everyMs: number; untilMs: number; make: (number: number) => Arrival },
): void {
  let number = 0;
  const next = () => {
    if (scheduling.nowMs >= about.untilMs) return;
    scheduling.arrive(about.tenant, about.make(++number));
    scheduling.at(scheduling.nowMs - Math.log(1 - scheduling.random()) * about.everyMs, next);
  };
  scheduling.at(scheduling.nowMs, next);
}

test('aging: under a load that never ends, nobody is passed by who came more than fifty minutes later', () => {
  for (const seed of [1, 2, 3]) {
    const scheduling = new Scheduling(seed);
    scheduling.addTenant('a', quotaWith({ sessions_running: 4 }));
    const untilMs = scheduling.nowMs + 12 * HOUR_MS;
    // More than the four slots can take, nearly all of it urgent.
    const everyMs = 120_000;
    arriveAtRandom(scheduling, {
      tenant: 'a',
      everyMs,
      untilMs,
      make: (number) => ({
        id: `s-${number}`,
        priority: number % 20 === 0 ? 'deferred' : pick(scheduling, ['critical', 'critical', 'high']),
        keys: [],
        runMs: 10 * MINUTE_MS,
      }),
    });
    let passedMs = 0;
    scheduling.onAdmitted = (admitted) => {
      for (const other of scheduling.sessions.values()) {
        if (other.state === 'queued') passedMs = Math.max(passedMs, admitted.cameMs - other.cameMs);
      }
    };

    scheduling.runUntil(untilMs);

    const deferred = [...scheduling.sessions.values()].filter(({ priority }) => priority === 'deferred');
    const old = deferred.filter(({ cameMs }) => cameMs < untilMs - 5 * HOUR_MS);
    expect(scheduling.scheduler('a').waiting.length, `seed ${seed}`).toBeGreaterThan(5);
    expect(passedMs, `seed ${seed}`).toBeLessThanOrEqual(5 * AGING_MS);
    expect(passedMs, `seed ${seed}`).toBeGreaterThan(3 * AGING_MS);
    expect(old.length).toBeGreaterThan(4);
    expect(
      old.filter(({ admittedMs }) => admittedMs === null),
      `seed ${seed}`,
    ).toEqual([]);
  }
});

test('quotas and keys are never passed at any moment, and at the end everybody had a turn', () => {
  for (const seed of [11, 12, 13, 14]) {
    const scheduling = new Scheduling(seed);
    const concurrency = { repository: 2, provider: 3, limits: { 'key:b': 2 } };
    scheduling.addTenant('a', quotaWith({ sessions_running: 5, concurrency }));
    const keys = ['repository:/r1', 'repository:/r2', 'provider:p', 'key:a', 'key:b', 'key:c'];
    const untilMs = scheduling.nowMs + 4 * HOUR_MS;
    scheduling.onChange = () => scheduling.checkLimits();
    arriveAtRandom(scheduling, {
      tenant: 'a',
      everyMs: 90_000,
      untilMs,
      make: (number) => ({
        id: `s-${number}`,
        priority: pick(scheduling, PRIORITIES),
        keys: keys.filter(() => scheduling.random() < 0.3),
        runMs: scheduling.random() * 8 * MINUTE_MS,
      }),
    });
    for (let minute = 0; minute < 240; minute += 3) {
      scheduling.at(scheduling.nowMs + minute * MINUTE_MS, () => disturb(scheduling));
    }

    scheduling.runUntil(untilMs + 48 * HOUR_MS);

    const { running, waiting } = scheduling.scheduler('a');
    expect([Object.keys(running), waiting], `seed ${seed}`).toEqual([[], []]);
    expect(scheduling.sessions.size).toBeGreaterThan(100);
    for (const { id, state } of scheduling.sessions.values()) expect([id, state]).toEqual([id, 'ended']);
  }
});

/** Somebody cancels a session, or pauses it and resumes it soon after. */
function disturb(scheduling: Scheduling): void {
  const alive = [...scheduling.sessions.values()].filter(
    ({ state }) => state === 'queued' || state === 'running',
  );
  if (alive.length === 0) return;
  const session = pick(scheduling, alive);
  scheduling.release(session);
  if (scheduling.random() < 0.6) scheduling.at(scheduling.nowMs + 20, () => scheduling.want(session));
}

test('fairness: tenants that always want more have had, within a tenth, as their weights are to each other', () => {
  const weights = { a: 1, b: 2, c: 3, d: 4 };
  const meanMs = { a: 50 * MINUTE_MS, b: 6 * MINUTE_MS, c: 20 * MINUTE_MS, d: 12 * MINUTE_MS };
  for (const seed of [21, 22]) {
    const scheduling = new Scheduling(seed);
    const capacity = 12;
    scheduling.setCapacity(capacity, weights);
    const had = saturate(scheduling, meanMs);
    scheduling.onChange = () => {
      scheduling.checkLimits();
      const held = Object.keys(weights).map((name) => Object.keys(scheduling.scheduler(name).running).length);
      expect(held.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(capacity);
    };

    scheduling.runUntil(scheduling.nowMs + HOURS * HOUR_MS);

    const total = Object.values(had).reduce((sum, ms) => sum + ms, 0);
    expect(total / (capacity * HOURS * HOUR_MS), 'no slot stands empty').toBeGreaterThan(0.98);
    for (const [name, weight] of Object.entries(weights)) {
      const share = (had[name] ?? 0) / total / (weight / 10);
      expect(Math.abs(share - 1), `seed ${seed}, ${name}: ${share}`).toBeLessThan(0.1);
    }
  }
});

/** Each tenant has five sessions waiting at any time; what they had of slots, in ms, is counted. */
function saturate(scheduling: Scheduling, meanMs: Record<string, number>): Record<string, number> {
  const had: Record<string, number> = {};
  let number = 0;
  const arrive = (tenant: string) => {
    const runMs = scheduling.random() * 2 * (meanMs[tenant] ?? 0);
    scheduling.arrive(tenant, { id: `${tenant}-${++number}`, priority: 'medium', keys: [], runMs });
  };
  scheduling.onAdmitted = ({ tenant, runMs }: Sight) => {
    had[tenant] = (had[tenant] ?? 0) + runMs;
    arrive(tenant);
  };
  for (const tenant of Object.keys(meanMs)) {
    scheduling.addTenant(tenant, quotaWith({ sessions_running: 50 }));
    for (let count = 0; count < 5; count++) arrive(tenant);
  }
  return had;
}

test('a tenant that wants less than its share leaves the rest to the others', () => {
  const scheduling = new Scheduling(31);
  scheduling.setCapacity(6, { small: 5, big: 1 });
  scheduling.addTenant('small', quotaWith({ sessions_running: 1 }));
  const had = saturate(scheduling, { big: 5 * MINUTE_MS, other: 5 * MINUTE_MS });
  const untilMs = scheduling.nowMs + 20 * HOUR_MS;
  arriveAtRandom(scheduling, {
    tenant: 'small',
    everyMs: 30 * MINUTE_MS,
    untilMs,
    make: (number) => ({ id: `small-${number}`, priority: 'low', keys: [], runMs: 5 * MINUTE_MS }),
  });
  const waits: number[] = [];
  const counted = scheduling.onAdmitted;
  scheduling.onAdmitted = (session) => {
    if (session.tenant === 'small') waits.push(scheduling.nowMs - session.cameMs);
    else counted?.(session);
  };

  scheduling.runUntil(untilMs);

  const [big = 0, other = 0] = [had.big, had.other];
  expect(Math.abs(big / other - 1)).toBeLessThan(0.1);
  expect((big + other) / (6 * 20 * HOUR_MS)).toBeGreaterThan(0.75);
  expect(waits.length).toBeGreaterThan(20);
  // Next in turn when a slot is free, but for those that it has to wait behind of its own.
  expect(waits.toSorted((one, two) => one - two)[Math.floor(waits.length / 2)]).toBeLessThan(5 * MINUTE_MS);
});
