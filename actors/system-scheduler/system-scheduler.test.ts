import { expect, test } from 'vitest';
import type { SystemScheduler } from '#protocols/system-scheduler.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { CHECK_MS, systemSchedulerKind, TENANTS_MAX } from './system-scheduler.ts';

type System = OneActor<SystemScheduler>;

function makeSystem(sessions_running: number | null, weights: Record<string, number> = {}): System {
  const system = new OneActor<SystemScheduler>(systemSchedulerKind, 'capacity');
  return setCapacity(system, sessions_running, weights);
}

function setCapacity(system: System, sessions_running: number | null, weights = {}): System {
  return system.handle({ type: 'set_capacity', capacity: { sessions_running, weights } });
}

/** What a tenant tells. Left out: it knows of no grant. */
function tell(
  system: System,
  tenant: string,
  said: { number: number; in_use: number; wanted: number; granted?: number },
): System {
  return system.handle({ type: 'share', granted: 0, ...said }, `scheduler/${tenant}/sessions`);
}

/** What tenants heard in the last turn, as `tenant sum`. */
function grantsOf(system: System): string[] {
  return system
    .of('send')
    .flatMap(({ to, message }) =>
      message.type === 'share_set' && message.is_metered ? [`${to.tenant} ${message.granted}`] : [],
    );
}

test('without a capacity a tenant hears that its slots are its own, and is not asked again', () => {
  const system = tell(new OneActor<SystemScheduler>(systemSchedulerKind, 'capacity'), 'a', {
    number: 1,
    in_use: 0,
    wanted: 1,
  });

  expect(system.sentTo('scheduler')).toEqual([{ type: 'share_set', is_metered: false, granted: 0 }]);
  expect(system.of('schedule')).toEqual([]);
});

test('what is granted and in use is never more than the capacity, and a free slot goes to who wants it', () => {
  const system = tell(makeSystem(3), 'a', { number: 1, in_use: 0, wanted: 2 });
  const first = grantsOf(system);
  const second = grantsOf(tell(system, 'b', { number: 1, in_use: 0, wanted: 5 }));

  const known = grantsOf(tell(system, 'a', { number: 2, in_use: 2, wanted: 0, granted: 2 }));
  const freed = grantsOf(tell(system, 'a', { number: 3, in_use: 1, wanted: 0, granted: 2 }));

  expect([first, second, known, freed]).toEqual([['a 2'], ['b 1'], [], ['b 2']]);
});

test('slots that are free at once go to the tenants in turn, by their weights', () => {
  const system = makeSystem(1, { a: 1, b: 2, c: 3 });
  tell(system, 'hog', { number: 1, in_use: 1, wanted: 0 });
  for (const tenant of ['a', 'b', 'c']) tell(system, tenant, { number: 1, in_use: 0, wanted: 100 });

  setCapacity(system, 61, { a: 1, b: 2, c: 3 });

  expect(grantsOf(system).toSorted()).toEqual(['a 10', 'b 20', 'c 30']);
});

test('who wanted nothing for long has saved nothing up, and who had all alone owes nothing', () => {
  const system = tell(makeSystem(4), 'busy', { number: 1, in_use: 4, wanted: 0 });
  system.nowMs += 24 * 3_600_000;
  tell(system, 'fresh', { number: 1, in_use: 0, wanted: 100 });
  tell(system, 'busy', { number: 2, in_use: 4, wanted: 100 });
  const seen: string[][] = [];

  for (let in_use = 3; in_use >= 0; in_use--) {
    tell(system, 'busy', { number: 10 - in_use, in_use, wanted: 100, granted: 0 });
    seen.push(grantsOf(system));
  }

  expect(seen).toEqual([['fresh 1'], ['fresh 2'], ['busy 1'], ['busy 2']]);
});

test('what a tenant told before, or twice, changes nothing', () => {
  const system = tell(makeSystem(5), 'a', { number: 2, in_use: 1, wanted: 1 });
  const before = system.state;

  tell(tell(system, 'a', { number: 2, in_use: 0, wanted: 9 }), 'a', { number: 1, in_use: 0, wanted: 9 });

  expect(system.state).toBe(before);
});

test('a capacity that is set grants nothing before all tenants have said what they have', () => {
  const system = new OneActor<SystemScheduler>(systemSchedulerKind, 'capacity');
  for (const tenant of ['a', 'b']) tell(system, tenant, { number: 1, in_use: 0, wanted: 1 });

  const told = setCapacity(system, 2).sentTo('scheduler');
  const early = grantsOf(tell(system, 'a', { number: 2, in_use: 0, wanted: 5 }));
  const heard = grantsOf(tell(system, 'b', { number: 2, in_use: 1, wanted: 0 }));

  expect(told).toEqual([
    { type: 'share_set', is_metered: true, granted: 0 },
    { type: 'share_set', is_metered: true, granted: 0 },
  ]);
  expect([early, heard]).toEqual([[], ['a 1']]);
});

test('a capacity that is taken away lets all tenants run as they may', () => {
  const system = tell(makeSystem(1), 'a', { number: 1, in_use: 0, wanted: 5 });

  setCapacity(system, null);

  expect(system.sentTo('scheduler')).toEqual([{ type: 'share_set', is_metered: false, granted: 1 }]);
  expect(system.value).toEqual({ sessions_running: null, weights: {} });
});

test('a tenant that never answers holds nothing after a while, and counts again when it does', () => {
  const system = tell(makeSystem(1), 'dead', { number: 1, in_use: 1, wanted: 0 });
  tell(system, 'next', { number: 1, in_use: 0, wanted: 1 });
  const seen: string[][] = [];
  for (let count = 0; count < 4; count++) {
    system.nowMs += CHECK_MS;
    system.handle({ type: 'check_due' }, 'timer');
    seen.push(grantsOf(system));
    tell(system, 'next', { number: 2 + count, in_use: 0, wanted: 1 });
  }

  tell(system, 'dead', { number: 2, in_use: 1, wanted: 0 });
  tell(system, 'next', { number: 9, in_use: 0, wanted: 1, granted: 1 });

  expect(seen).toEqual([[], [], [], ['next 1']]);
  expect(grantsOf(system)).toEqual([]);
});

test('while nobody has a slot nobody is asked', () => {
  const system = tell(makeSystem(5), 'a', { number: 1, in_use: 1, wanted: 0 });
  const begins = system.of('schedule').map(({ key }) => key);
  tell(system, 'a', { number: 2, in_use: 0, wanted: 0 });

  expect(begins).toEqual(['check']);
  expect(system.handle({ type: 'check_due' }, 'timer').effects).toEqual([]);
});

test('of too many tenants one that has nothing is forgotten for one that comes; without such a one it has to wait', () => {
  const system = makeSystem(10_000);
  const [one] = Object.values(tell(system, 't-0', { number: 1, in_use: 1, wanted: 0 }).state.tenants);
  const names = Array.from({ length: TENANTS_MAX }, (_, index) => `t-${index}`);
  const tenants = names.map((name) => [name, { ...one, in_use: name === 't-7' ? 0 : 1 }]);
  system.state = { ...system.state, tenants: Object.fromEntries(tenants) };

  const taken = grantsOf(tell(system, 'new', { number: 1, in_use: 0, wanted: 1 }));
  tell(system, 'later', { number: 1, in_use: 0, wanted: 1 });

  expect(taken).toEqual(['new 1']);
  expect(Object.keys(system.state.tenants)).toHaveLength(TENANTS_MAX);
  expect(system.state.tenants['t-7']).toBeUndefined();
  expect(system.eventNames).toEqual(['tenants_full']);
  expect(JSON.stringify(system.state).length).toBeLessThan(1024 * 1024);
});
