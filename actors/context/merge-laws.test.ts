/**
 * What a merge of several contexts promises, by laws, tried on documents made of seeds.
 *
 * Where a key is a list in one document and something else in another, which comes first decides what is left to be
 * united: such documents keep their order. The laws of order are tried on documents of one shape.
 */
import { expect, test } from 'vitest';
import { MergeStrategy as MergeStrategies, type ProvenanceLabel, weakestLabel } from '#protocols/context.ts';
import { isJsonObject, type JsonObject } from '#protocols/json-value.ts';
import { Random } from '#runtime/testing/random.ts';
import { randomDocument } from '../testing/random-json.ts';
import { type MergeDocument, mergeAll } from './merge.ts';

const SEEDS = 500;
const HOURS = 3_600_000;
/** Merging by them is the same as merging one source after the other. */
const ONE_BY_ONE = ['deep_merge', 'prefer_source', 'prefer_target'] as const;

/** At hours that are all different. */
function documentsOf(data: readonly JsonObject[], random: Random): MergeDocument[] {
  const hours = shuffle(
    random,
    data.map((_, n) => n),
  );
  return data.map((one, n) => ({
    id: `context-${n}`,
    updated_at: new Date(Date.parse('2026-01-01') + (hours[n] ?? 0) * HOURS).toISOString(),
    data: one,
  }));
}

/** Some of a fixed set of places, each with values of one kind. Lists have no item twice. */
function shapedDocument(random: Random, depth = 0): JsonObject {
  const shaped: Record<string, unknown> = {};
  if (random.chance(0.6)) shaped.n = random.below(4);
  if (random.chance(0.6)) shaped.text = random.pick(['x', 'y', 'z']);
  if (random.chance(0.6)) shaped.list = shuffle(random, [1, 2, 3, 4, 5]).slice(0, random.below(5));
  for (const key of ['a', 'b'])
    if (depth < 2 && random.chance(0.6)) shaped[key] = shapedDocument(random, depth + 1);
  return shaped;
}

function forEachSeed(check: (random: Random, seed: number) => void): void {
  for (let seed = 1; seed <= SEEDS; seed++) check(new Random(seed), seed);
}

function shapedDocuments(random: Random, count: number): [MergeDocument, ...MergeDocument[]] {
  const [first = never(), ...others] = documentsOf(
    Array.from({ length: count }, () => shapedDocument(random)),
    random,
  );
  return [first, ...others];
}

function shuffle<Item>(random: Random, items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, key: random.next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

function never(): never {
  throw new Error('there is a first document');
}

/** Lists as sets. */
function sortLists(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortLists).sort();
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, sortLists(part)]));
}

test('merging several at once is merging them one after the other', () => {
  forEachSeed((random, seed) => {
    const data = Array.from({ length: 4 }, () => randomDocument(random));
    const [target = never(), ...sources] = documentsOf(data, random);
    for (const strategy of ONE_BY_ONE) {
      const byOne = sources.reduce<JsonObject>(
        (merged, source) => mergeAll({ ...target, data: merged }, [source], strategy).data,
        target.data,
      );

      expect(mergeAll(target, sources, strategy).data, `${strategy}, seed ${seed}`).toEqual(byOne);
    }
  });
});

test('merging is associative: merging the merged sources is merging each of them', () => {
  forEachSeed((random, seed) => {
    const [a, b, c] = shapedDocuments(random, 3) as [MergeDocument, MergeDocument, MergeDocument];
    for (const strategy of ONE_BY_ONE) {
      const first = mergeAll({ ...a, data: mergeAll(a, [b], strategy).data }, [c], strategy).data;
      const last = mergeAll(a, [{ ...b, data: mergeAll(b, [c], strategy).data }], strategy).data;

      expect(first, `${strategy}, seed ${seed}`).toEqual(last);
    }
  });
});

test('last_write_wins does not ask who is the target, nor in which order the sources are named', () => {
  forEachSeed((random, seed) => {
    const documents = shapedDocuments(random, 4);
    const [target = never(), ...sources] = shuffle(random, documents);
    const [first, ...others] = documents;

    const once = mergeAll(first, others, 'last_write_wins').data;
    expect(mergeAll(target, sources, 'last_write_wins').data, `seed ${seed}`).toEqual(once);
  });
});

test('of what nobody disputes deep_merge makes the same from either side, but for the order of lists', () => {
  let undisputed = 0;
  forEachSeed((random, seed) => {
    const [a, b = never()] = shapedDocuments(random, 2);
    const there = mergeAll(a, [b], 'deep_merge');
    const back = mergeAll(b, [a], 'deep_merge');

    expect(there.conflicts.map(({ path }) => path).sort(), `seed ${seed}`).toEqual(
      back.conflicts.map(({ path }) => path).sort(),
    );
    if (there.conflicts.length > 0) return;
    undisputed += 1;
    expect(sortLists(there.data), `seed ${seed}`).toEqual(sortLists(back.data));
  });
  expect(undisputed).toBeGreaterThan(SEEDS / 50);
});

test('every strategy is idempotent: the same sources once more change nothing', () => {
  forEachSeed((random, seed) => {
    const any = documentsOf(
      Array.from({ length: random.between(2, 5) }, () => randomDocument(random)),
      random,
    );
    for (const strategy of MergeStrategies.options) {
      // Merged by time the target comes last the second time: what stood between is no longer in its place.
      const [target = never(), ...sources] = any;
      const { data: merged } = mergeAll(target, sources, strategy);
      const newest = new Date(Date.parse('2026-02-01')).toISOString();
      // Whoever merged wrote last.
      const again = mergeAll({ ...target, data: merged, updated_at: newest }, sources, strategy).data;

      expect(again, `${strategy}, seed ${seed}`).toEqual(merged);
    }
  });
});

test('a document that says nothing changes nothing, on whichever side it stands', () => {
  forEachSeed((random, seed) => {
    const document = { id: 'c-1', updated_at: '2026-01-01T00:00:00.000Z', data: randomDocument(random) };
    const empty = { ...document, id: 'c-2', data: {} };
    for (const strategy of [...ONE_BY_ONE, 'last_write_wins'] as const) {
      for (const [target, source] of [
        [document, empty],
        [empty, document],
      ] as const) {
        const { data, conflicts } = mergeAll(target, [source], strategy);
        expect([data, conflicts], `${strategy}, seed ${seed}`).toEqual([document.data, []]);
      }
    }
  });
});

test('labels that come together make one whatever the order and the grouping, and the same once more changes nothing', () => {
  const all: readonly ProvenanceLabel[] = ['trusted', 'agent', 'untrusted'];
  for (const a of all) {
    expect(weakestLabel([a, a])).toBe(a);
    expect(weakestLabel([a, 'trusted'])).toBe(a);
    for (const b of all) {
      expect(weakestLabel([a, b])).toBe(weakestLabel([b, a]));
      for (const c of all) {
        expect(weakestLabel([weakestLabel([a, b]), c])).toBe(weakestLabel([a, weakestLabel([b, c])]));
      }
    }
  }
});
