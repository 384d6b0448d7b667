import { expect, test } from 'vitest';
import type { Blueprint, BlueprintVersion } from '#protocols/blueprint.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { blueprintKind } from './blueprint.ts';
import { blueprintVersionKind } from './version.ts';

const TASKS = [
  { key: 'a', title: 'Design it' },
  { key: 'b', title: 'Build it', after: [{ key: 'a' }] },
];
const CREATE = { type: 'create', description: 'first', tasks: TASKS };

const make = () => new OneActor<Blueprint>(blueprintKind, 'migration').handle(CREATE);

test('a new blueprint has version 1, which goes into a row of its own', () => {
  const blueprint = make();

  expect(blueprint.state).toMatchObject({
    id: 'migration',
    latest: 1,
    description: 'first',
    created_by: 'user:anna',
  });
  expect(blueprint.value).toEqual({ id: 'migration', latest: 1 });
  expect(blueprint.of('send')).toMatchObject([
    {
      to: { type: 'blueprint-version', id: 'migration_000001' },
      message: { type: 'keep', version: 1, tasks: [{ key: 'a' }, { key: 'b' }] },
    },
  ]);
  expect(blueprintKind.indexOf(blueprint.state)).toEqual({ title: 'migration', status: 'active' });
});

test('a further version gets the next number, and what is in a row never changes', () => {
  const blueprint = make();
  const [first] = blueprint.sentTo('blueprint-version');

  blueprint.handle({ type: 'add_version', tasks: TASKS.slice(0, 1) });
  const [second] = blueprint.sentTo('blueprint-version');
  const row = new OneActor<BlueprintVersion>(blueprintVersionKind, 'migration_000001');
  if (first && second) row.handle(first).handle(second);

  expect(blueprint.state).toMatchObject({ latest: 2, tasks: [{ key: 'a' }] });
  expect(second).toMatchObject({ version: 2 });
  expect(row.state).toMatchObject({ version: 1, description: 'first' });
});

test('a name that is taken, a blueprint that is not there and one that is retired are refused', () => {
  const blueprint = make();
  expect(blueprint.handle(CREATE).failure?.code).toBe('NAME_TAKEN');
  expect(new OneActor(blueprintKind, 'other').handle({ type: 'retire' }).failure?.code).toBe('NOT_FOUND');

  blueprint.handle({ type: 'retire', reason: 'old' });

  expect(blueprintKind.indexOf(blueprint.state)).toMatchObject({ status: 'retired' });
  for (const message of [{ type: 'add_version', tasks: TASKS }, { type: 'retire' }]) {
    expect(blueprint.handle(message).failure).toMatchObject({
      code: 'INVALID_TRANSITION',
      current_state: 'retired',
    });
  }
});

test('a template that is not there is named with its path, and of a refused blueprint nothing is left', () => {
  const blueprint = new OneActor<Blueprint>(blueprintKind, 'migration');

  blueprint.handle({ ...CREATE, tasks: [{ key: 'a', title: 'Build it', template: 'waterfall' }] });

  expect(blueprint.failure).toMatchObject({
    code: 'VALIDATION_FAILED',
    errors: [{ path: 'tasks.0.template' }],
  });
  expect(blueprint.isThere).toBe(false);
});
