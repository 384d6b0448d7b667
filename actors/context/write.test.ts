import { expect, test } from 'vitest';
import { applyWrite, deleteAt, putAt } from './write.ts';

const data = { plan: { steps: ['a', 'b'] }, done: false, none: null };

test('a value is put at a path, and objects that are missing on the way are made', () => {
  expect(putAt(data, 'plan.owner.name', 'anna')).toEqual({
    data: { ...data, plan: { steps: ['a', 'b'], owner: { name: 'anna' } } },
  });
  expect(putAt({}, 'files.src/a\\.ts', 1)).toEqual({ data: { files: { 'src/a.ts': 1 } } });
});

test('an item of a list is put at its place, or right behind the last', () => {
  expect(putAt(data, 'plan.steps.1', 'B')).toMatchObject({ data: { plan: { steps: ['a', 'B'] } } });
  expect(putAt(data, 'plan.steps.2', 'c')).toMatchObject({ data: { plan: { steps: ['a', 'b', 'c'] } } });
});

test.each([
  ['plan.steps.3', 'plan.steps is a list of 2'],
  ['plan.steps.x', 'plan.steps is a list of 2'],
  ['done.x', 'done is neither an object nor a list'],
  ['none.x', 'none is neither an object nor a list'],
])('nothing can be put at %s: %s', (path, message) => {
  expect(putAt(data, path, 1)).toEqual({
    failure: {
      code: 'VALIDATION_FAILED',
      detail: `nothing can be put at ${path}`,
      errors: [{ path, message }],
    },
  });
});

test('a key goes away; of a list, what follows moves up', () => {
  expect(deleteAt(data, 'done')).toEqual({ data: { plan: data.plan, none: null } });
  expect(deleteAt(data, 'plan.steps.0')).toMatchObject({ data: { plan: { steps: ['b'] } } });
});

test('what is not there cannot be deleted', () => {
  for (const path of ['x', 'plan.x', 'plan.steps.2', 'done.x', 'toString']) {
    expect(deleteAt(data, path), path).toMatchObject({ failure: { code: 'NOT_FOUND' } });
  }
});

test('a write is all or nothing: the data first, then what goes, then what is put', () => {
  expect(applyWrite(data, { data: { a: 1, b: 2 }, unset: ['a'], set: { 'a.c': 3 } })).toEqual({
    data: { a: { c: 3 }, b: 2 },
  });
  expect(applyWrite(data, { unset: ['done'], set: { 'none.x': 1 } })).toHaveProperty('failure');
});

test('a value that is sound by itself may be too deep where it is put', () => {
  const deep = Array(30).fill('a').join('.');

  expect(applyWrite({}, { unset: [], set: { [deep]: { b: 1 } } })).toHaveProperty('data');
  expect(applyWrite({}, { unset: [], set: { [deep]: { b: { c: { d: 1 } } } } })).toMatchObject({
    failure: { code: 'VALIDATION_FAILED', errors: [{ message: 'nested deeper than 32 levels' }] },
  });
});
