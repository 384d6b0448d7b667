import { expect, test } from 'vitest';
import { Entities, type Entity } from './entities.ts';
import { TestClock } from './test-clock.ts';

interface Item extends Entity {
  readonly state: string;
}

const item = (version: number, state = `v${version}`): Item => ({ id: 's1', version, state });

function start(load: (id: string) => Promise<Item | null>) {
  const clock = new TestClock();
  const loads: string[] = [];
  const seen = { changes: 0 };
  const entities = new Entities<Item>({
    clock,
    load: (id) => {
      loads.push(id);
      return load(id);
    },
    onChange: () => {
      seen.changes += 1;
    },
  });
  return { clock, loads, seen, entities };
}

test('an event that is not newer than what is known is ignored', async () => {
  const { clock, entities, loads } = start(async () => item(9));
  entities.merge([item(5)]);

  entities.hear('s1', 4);
  entities.hear('s1', 5);
  await clock.pass(1_000);

  expect(loads).toEqual([]);
});

test('a newer event leads to one read, and what is read is shown', async () => {
  const { clock, entities, loads } = start(async () => item(6));
  entities.merge([item(5)]);

  entities.hear('s1', 6);
  await clock.pass(0);

  expect(loads).toEqual(['s1']);
  expect(entities.get('s1')).toEqual(item(6));
});

test('many events in a row are at most one read in a quarter of a second', async () => {
  let version = 0;
  const { clock, entities, loads } = start(async () => item(version));

  for (let ms = 0; ms < 1_000; ms += 10) {
    version += 1;
    entities.hear('s1', version);
    await clock.pass(10);
  }
  await clock.pass(1_000);

  expect(loads.length).toBeLessThanOrEqual(5);
  expect(entities.get('s1')?.version).toBe(version);
});

test('a list that was read late does not take back what is newer', () => {
  const { entities } = start(async () => null);
  entities.merge([item(7)]);

  entities.merge([item(5)], true);

  expect(entities.get('s1')?.version).toBe(7);
});

test('what a whole list lacks is gone, and so is what cannot be found', async () => {
  const { clock, entities } = start(async () => null);
  entities.merge([item(1), { ...item(1), id: 's2' }]);

  entities.merge([item(1)], true);
  expect(entities.all.map((one) => one.id)).toEqual(['s1']);
  entities.hear('s1', 2);
  await clock.pass(0);

  expect(entities.all).toEqual([]);
});

test('a read that fails is tried again', async () => {
  const answers = [() => Promise.reject(new Error('no line')), () => Promise.resolve(item(2))];
  const { clock, entities, loads } = start(() => answers.shift()?.() ?? Promise.resolve(null));

  entities.hear('s1', 2);
  await clock.pass(1_999);
  expect(loads).toHaveLength(1);
  await clock.pass(1);

  expect(entities.get('s1')).toEqual(item(2));
});

test('reads under way are bounded', async () => {
  const finish: (() => void)[] = [];
  const { clock, entities, loads } = start(
    (id) => new Promise((resolve) => finish.push(() => resolve({ id, version: 1, state: '' }))),
  );

  for (let n = 0; n < 20; n++) entities.hear(`s${n}`, 1);
  await clock.pass(0);
  expect(loads).toHaveLength(6);
  while (finish.length > 0) {
    for (const one of finish.splice(0)) one();
    await clock.pass(250);
  }

  expect(entities.all).toHaveLength(20);
});

test('what is dropped while it is read does not come back', async () => {
  let finish: (value: Item) => void = () => undefined;
  const { clock, entities } = start(() => new Promise((resolve) => (finish = resolve)));
  entities.hear('s1', 1);
  await clock.pass(0);

  entities.drop('s1');
  finish(item(1));
  await clock.pass(0);

  expect(entities.all).toEqual([]);
});
