import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ModelStage, type RegisteredModel } from '#protocols/model.ts';
import { ModelReference, NamedModel, SemanticVersion } from '#protocols/model-name.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { modelKind } from './model.ts';
import { canStage, nextNumber, STAGE_MOVES } from './stages.ts';

const ORIGIN = { source: 'openai/ft:small:1', base_model: 'openai/small', metrics: { loss: 0.4 } };
const WHY = 'better on the validation half';

/** A model with versions 1.0.0, 1.0.1, … as candidates. */
function make(count: number): OneActor<RegisteredModel> {
  const model = new OneActor<RegisteredModel>(modelKind, 'fixer');
  for (let n = 0; n < count; n++) model.handle({ type: 'add_version', ...ORIGIN });
  return model;
}

const promote = (number: string, stage = 'production') => ({ type: 'promote', number, stage, reason: WHY });
const stagesOf = ({ state }: OneActor<RegisteredModel>) => state.versions.map(({ stage }) => stage);

test('a version has its origin, a number that nobody else has, and begins as a candidate', () => {
  const model = make(2);

  expect(model.state).toMatchObject({
    id: 'fixer',
    versions: [
      { number: '1.0.0', stage: 'candidate', ...ORIGIN, dataset: null, job_id: null },
      { number: '1.0.1' },
    ],
  });
  expect(model.value).toEqual({ name: 'fixer', number: '1.0.1' });
  model.handle({ type: 'add_version', ...ORIGIN, number: '1.0.0' });
  expect(model.failure?.code).toBe('NAME_TAKEN');
  model.handle({ type: 'add_version', ...ORIGIN, number: '2.0.0' });
  model.handle({ type: 'add_version', ...ORIGIN });
  expect(model.value).toEqual({ name: 'fixer', number: '2.0.1' });
});

test('a number follows the highest one, not the latest', () => {
  expect(nextNumber([])).toBe('1.0.0');
  expect(nextNumber([{ number: '2.0.9' }, { number: '1.9.9' }, { number: '2.0.10-rc1' }])).toBe('2.0.11');
});

test('promoted into production, a version takes the place of the one there, in one event and one entry of the audit', () => {
  const model = make(2).handle(promote('1.0.0'), 'user:anna');

  model.handle(promote('1.0.1'), 'user:bert');

  expect(stagesOf(model)).toEqual(['archived', 'production']);
  expect(model.of('emit')).toMatchObject([
    {
      name: 'promoted',
      payload: {
        number: '1.0.1',
        from: 'candidate',
        to: 'production',
        in_place_of: '1.0.0',
        who: 'user:bert',
      },
    },
  ]);
  expect(model.sentTo('audit')).toMatchObject([
    {
      type: 'record',
      act: 'model.promoted',
      target: 'fixer@1.0.1',
      by: 'user:bert',
      reason: WHY,
      before: { stage: 'candidate', in_production: '1.0.0' },
    },
  ]);
});

test('a rollback brings the version before back, is audited, and what was found wanting is not gone back to', () => {
  const model = make(3).handle(promote('1.0.0')).handle(promote('1.0.1')).handle(promote('1.0.2'));

  model.handle({ type: 'rollback', reason: 'it loops' });

  expect(stagesOf(model)).toEqual(['archived', 'production', 'archived']);
  expect(model.sentTo('audit')).toMatchObject([{ act: 'model.rolled_back', target: 'fixer@1.0.1' }]);
  model.handle({ type: 'rollback', reason: 'it loops too' });
  expect(stagesOf(model)).toEqual(['production', 'archived', 'archived']);
  model.handle({ type: 'rollback', reason: 'and this' });
  expect(model.failure).toMatchObject({
    code: 'INVALID_TRANSITION',
    current_state: 'production',
    allowed: [],
  });
});

test('of all 16 pairs of stages exactly those of the table are allowed', () => {
  for (const from of ModelStage.options) {
    for (const to of ModelStage.options) {
      const model = make(1);
      const [version] = model.state.versions;
      if (version) model.state = { ...model.state, versions: [{ ...version, stage: from }] };

      model.handle(promote('1.0.0', to));

      const isAllowed = canStage(from, to);
      expect(model.failure?.code, `${from} to ${to}`).toBe(isAllowed ? undefined : 'INVALID_TRANSITION');
      expect(stagesOf(model)).toEqual([isAllowed ? to : from]);
      if (!isAllowed) expect(model.failure).toMatchObject({ allowed: STAGE_MOVES[from] });
    }
  }
});

test('whatever is promoted and rolled back in whatever order, a name never has two versions in production', () => {
  const act = fc.oneof(
    fc.constant({ type: 'add_version', ...ORIGIN }),
    fc.constant({ type: 'rollback', reason: WHY }),
    fc
      .record({ patch: fc.nat(4), stage: fc.constantFrom(...ModelStage.options) })
      .map(({ patch, stage }) => promote(`1.0.${patch}`, stage)),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
      const model = make(3);
      for (const one of acts) {
        const before = stagesOf(model);
        model.handle(one);
        const stages = stagesOf(model);
        for (const stage of ['production', 'staging']) {
          expect(stages.filter((one) => one === stage).length).toBeLessThanOrEqual(1);
        }
        // Nothing of a refusal, and one event and one entry of whatever changed a stage.
        if (model.failure) expect(stages).toEqual(before);
        else if (one.type !== 'add_version') expect(model.sentTo('audit')).toHaveLength(1);
      }
    }),
    { numRuns: 200 },
  );
});

test('a reference names the version in a stage or one by its number, and nothing that is archived', () => {
  const model = make(3).handle(promote('1.0.0')).handle(promote('1.0.1')).handle(promote('1.0.2', 'staging'));
  const resolve = (which: string) => model.handle({ type: 'resolve', reference: `registry:fixer@${which}` });

  expect(resolve('production').value).toEqual({
    reference: 'registry:fixer@production',
    name: 'fixer',
    version: '1.0.1',
    source: ORIGIN.source,
  });
  expect(resolve('staging').value).toMatchObject({ version: '1.0.2' });
  expect(resolve('1.0.2').value).toMatchObject({ version: '1.0.2' });
  expect(resolve('1.0.0').failure?.code).toBe('MODEL_NOT_FOUND');
  expect(
    new OneActor(modelKind, 'none').handle({ type: 'resolve', reference: 'registry:none@production' }).failure
      ?.code,
  ).toBe('MODEL_NOT_FOUND');
});

test('the words of the registry are these: four stages, semantic versions, three ways to refer to one', () => {
  expect(ModelStage.options).toEqual(['candidate', 'staging', 'production', 'archived']);
  for (const good of ['1.0.0', '0.1.0', '10.20.30-rc1']) {
    expect(SemanticVersion.safeParse(good).success).toBe(true);
    expect(ModelReference.safeParse(`registry:a-1@${good}`).success).toBe(true);
  }
  for (const bad of ['1', '1.0', '01.0.0', 'v1.0.0', '1.0.0 ']) {
    expect(SemanticVersion.safeParse(bad).success).toBe(false);
    expect(ModelReference.safeParse(`registry:a-1@${bad}`).success).toBe(false);
  }
  expect(ModelReference.safeParse('registry:A@production').success).toBe(false);
  expect(ModelReference.safeParse('registry:a@archived').success).toBe(false);
  expect(NamedModel.safeParse('openai/gpt').success).toBe(true);
  expect(NamedModel.safeParse('registry:a@production').success).toBe(true);
  expect(NamedModel.safeParse('registry:a/b').success).toBe(false);
});

test('the largest model is far below what an actor may hold', () => {
  const model = make(1);
  const [version] = model.state.versions;
  const metrics = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`figure_${n}`, 0.123456]));
  const many = version ? Array.from({ length: 200 }, () => ({ ...version, metrics })) : [];
  model.state = { ...model.state, versions: many };

  expect(model.handle({ type: 'add_version', ...ORIGIN }).failure?.code).toBe('QUOTA_EXCEEDED');
  expect(Buffer.byteLength(JSON.stringify(model.state))).toBeLessThan(512 * 1024);
});
