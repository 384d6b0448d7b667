import { expect, test } from 'vitest';
import { buildSubjectTree, rateOf } from './subject-tree.ts';

test('what passes is a tree of kind, type and name, each with the filter that shows it and its rate', () => {
  const tree = buildSubjectTree(
    new Map([
      ['evt.dev.task.*.created', 20],
      ['evt.dev.session.*.transitioned', 10],
      ['evt.dev.task.*.tool', 40],
      ['tap.dev.task.*.start', 5],
    ]),
    10,
  );

  expect(tree.map(({ name, filter, perSecond }) => [name, filter, perSecond])).toEqual([
    ['events', 'evt.dev.>', 7],
    ['messages', 'tap.dev.>', 0.5],
  ]);
  expect(tree[0]?.children.map(({ name, filter }) => [name, filter])).toEqual([
    ['session', 'evt.dev.session.>'],
    ['task', 'evt.dev.task.>'],
  ]);
  expect(tree[0]?.children[1]?.children.map(({ filter, perSecond }) => [filter, perSecond])).toEqual([
    ['evt.dev.task.*.created', 2],
    ['evt.dev.task.*.tool', 4],
  ]);
});

test('a rate is said in few characters', () => {
  expect([0, 0.1, 3.25, 4812.4].map(rateOf)).toEqual(['·', '0.1', '3.3', '4812']);
});
