/** Laws of contexts, tried on documents made of seeds; a broken law names its seed. */
import { expect, test } from 'vitest';
import {
  Context,
  MergeStrategy as MergeStrategies,
  type MergeStrategy,
  ProvenanceLabel,
  weakestLabel,
} from '#protocols/context.ts';
import { differencesOf } from '#protocols/context-diff.ts';
import { partsOf, valueAt } from '#protocols/dotted-path.ts';
import { isJsonObject, isSameJson, type JsonObject } from '#protocols/json-value.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { Random } from '#runtime/testing/random.ts';
import { randomDocument, randomValue } from '../testing/random-json.ts';
import { contextKind } from './context.ts';
import { mergeAll } from './merge.ts';
import { applyWrite } from './write.ts';

const SEEDS = 500;
const MERGING = MergeStrategies.options.filter((strategy) => strategy !== 'manual');

interface Sample {
  readonly seed: number;
  readonly random: Random;
  readonly target: JsonObject;
  readonly source: JsonObject;
}

function forEachSample(check: (sample: Sample) => void): void {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new Random(seed);
    check({ seed, random, target: randomDocument(random), source: randomDocument(random) });
  }
}

const FIRST = '2026-01-01T00:00:00.000Z';
const THEN = '2026-01-02T00:00:00.000Z';

/** The source is written later than the target, unless it is said when. */
function merge(target: JsonObject, source: JsonObject, how: MergeStrategy | { targetAt: string }) {
  const { strategy, targetAt } =
    typeof how === 'string'
      ? { strategy: how, targetAt: FIRST }
      : ({ strategy: 'last_write_wins', ...how } as const);
  const document = { id: 'target', updated_at: targetAt, data: target };
  return mergeAll(
    document,
    [{ id: 'source', updated_at: '2026-01-01T12:00:00.000Z', data: source }],
    strategy,
  );
}

/** Whether `whole` has all that `part` has: every key, and of a list every item. */
function holds(whole: unknown, part: unknown): boolean {
  if (isJsonObject(part) && isJsonObject(whole)) {
    return Object.entries(part).every(
      ([key, value]) => Object.hasOwn(whole, key) && holds(whole[key], value),
    );
  }
  if (Array.isArray(part) && Array.isArray(whole)) {
    return part.every((item) => whole.some((one) => isSameJson(one, item)));
  }
  return isSameJson(whole, part);
}

test('deep_merge keeps all of the target, and all of the source but what it tells as a conflict', () => {
  forEachSample(({ seed, target, source }) => {
    const { data, conflicts } = merge(target, source, 'deep_merge');

    expect(holds(data, target), `seed ${seed}`).toBe(true);
    const unset = conflicts.map(({ path }) => path);
    const undisputed = applyWrite(source, { unset, set: {} });
    expect('data' in undisputed && holds(data, undisputed.data), `seed ${seed}`).toBe(true);
  });
});

test('what one of two has alone is kept by every strategy that merges', () => {
  forEachSample(({ seed, target, source }) => {
    for (const strategy of MERGING) {
      const { data } = merge(target, source, strategy);
      const added = differencesOf(target, source).filter(({ type }) => type === 'added');
      const deleted = differencesOf(target, source).filter(({ type }) => type === 'deleted');

      for (const difference of added)
        expect(valueAt(data, partsOf(difference.path)), `${strategy}, seed ${seed}`).toEqual(
          valueAt(source, partsOf(difference.path)),
        );
      for (const { path } of deleted)
        expect(valueAt(data, partsOf(path)), `${strategy}, seed ${seed}`).toEqual(
          valueAt(target, partsOf(path)),
        );
    }
  });
});

test('merging the same again changes nothing', () => {
  forEachSample(({ seed, target, source }) => {
    for (const strategy of MergeStrategies.options) {
      const once = merge(target, source, strategy).data;
      expect(merge(once, source, strategy).data, `${strategy}, seed ${seed}`).toEqual(once);
    }
  });
});

test('a document merged with itself stays as it is, without a conflict', () => {
  forEachSample(({ seed, target }) => {
    for (const strategy of MergeStrategies.options) {
      expect(merge(target, target, strategy), `${strategy}, seed ${seed}`).toEqual({
        data: target,
        conflicts: [],
      });
    }
  });
});

test('prefer_source one way is prefer_target the other way', () => {
  forEachSample(({ seed, target, source }) => {
    const oneWay = merge(target, source, 'prefer_source').data;
    const otherWay = merge(source, target, 'prefer_target').data;

    expect(isSameJson(oneWay, otherWay), `seed ${seed}`).toBe(true);
  });
});

test('last_write_wins prefers whichever was written later', () => {
  forEachSample(({ seed, target, source }) => {
    const later = merge(target, source, { targetAt: FIRST }).data;
    const earlier = merge(target, source, { targetAt: THEN }).data;

    expect(later, `seed ${seed}`).toEqual(merge(target, source, 'prefer_source').data);
    expect(isSameJson(earlier, merge(target, source, 'prefer_target').data), `seed ${seed}`).toBe(true);
  });
});

test('manual merges nothing and tells the same conflicts as prefer_target', () => {
  forEachSample(({ seed, target, source }) => {
    const manual = merge(target, source, 'manual');

    expect(manual.data, `seed ${seed}`).toBe(target);
    expect(manual.conflicts, `seed ${seed}`).toEqual(merge(target, source, 'prefer_target').conflicts);
  });
});

test('the differences of two documents, made to the first, give the second', () => {
  forEachSample(({ seed, target, source }) => {
    const differences = differencesOf(target, source);
    const written = applyWrite(target, {
      unset: differences.filter(({ type }) => type === 'deleted').map(({ path }) => path),
      set: Object.fromEntries(
        differences.flatMap((one) => (one.type === 'deleted' ? [] : [[one.path, one.value]])),
      ),
    });

    expect('data' in written && isSameJson(written.data, source), `seed ${seed}`).toBe(true);
    expect(differencesOf(source, source), `seed ${seed}`).toEqual([]);
    expect(differencesOf(source, target), `seed ${seed}`).toHaveLength(differences.length);
  });
});

test('a write leaves the document that it was made on as it was', () => {
  forEachSample(({ seed, random, target }) => {
    const before = JSON.stringify(target);

    applyWrite(target, { unset: [], set: { 'a.b': randomValue(random), c: 1, 'a.0': 2 } });

    expect(JSON.stringify(target), `seed ${seed}`).toBe(before);
  });
});

test('the version grows by one with each change and never otherwise, and the label never gets stronger', () => {
  const strength = ProvenanceLabel.options;
  for (let seed = 1; seed <= 50; seed++) {
    const random = new Random(seed);
    const actor = new OneActor<Context>(contextKind, 'c-1');
    actor.handle({ type: 'create', scope: 'global', name: 'Notes', data: randomDocument(random) });
    for (let turn = 0; turn < 40; turn++) {
      const before = actor.state;
      const by = random.pick(['user:anna', 'agent:agent-one']);
      actor.handle(randomMessage(random, before.version), by);
      const isSame = isSameJson({ ...actor.state }, { ...before });

      expect(actor.state.version, `seed ${seed}`).toBe(before.version + (isSame ? 0 : 1));
      expect(strength.indexOf(actor.state.label)).toBeGreaterThanOrEqual(strength.indexOf(before.label));
      expect(Context.parse(actor.state), `seed ${seed}`).toEqual(actor.state);
    }
  }
});

function randomMessage(random: Random, version: number) {
  const base = random.pick([version, version, version - 1 || null, null]);
  if (random.chance(0.5)) {
    const path = random.pick(['a', 'a.b', 'b.c', 'a.0', 'src/a\\.ts']);
    const write = random.chance(0.7) ? { set: { [path]: randomValue(random) } } : { unset: [path] };
    return { type: 'write', base, ...write };
  }
  const source = {
    id: 'c-2',
    version: 1,
    updated_at: '2025-01-01T00:00:00.000Z',
    label: random.pick(ProvenanceLabel.options.slice(0, random.between(1, 3))),
    data: randomDocument(random),
  };
  return { type: 'merge', base, strategy: random.pick(MergeStrategies.options), sources: [source] };
}

test('of labels that come together the weakest wins, in whatever order', () => {
  for (const a of ProvenanceLabel.options) {
    for (const b of ProvenanceLabel.options) {
      const weakest = a === 'untrusted' || b === 'untrusted' ? 'untrusted' : a === 'agent' ? a : b;
      expect(weakestLabel([a, b])).toBe(weakest);
      expect(weakestLabel([b, a])).toBe(weakest);
    }
  }
  expect(weakestLabel([])).toBe('trusted');
});
