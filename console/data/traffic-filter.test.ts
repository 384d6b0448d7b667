import fc from 'fast-check';
import { expect, test } from 'vitest';
import { subjectMatches } from '#protocols/subjects.ts';
import { parseTrafficFilter } from './traffic-filter.ts';

test('subjects go to the gateway, words are looked for here', () => {
  expect(parseTrafficFilter('tap.dev.task.> Failed')).toEqual({
    subjects: ['tap.dev.task.>'],
    words: ['failed'],
  });
  expect(parseTrafficFilter('task.*.transitioned').subjects).toEqual(['evt.*.task.*.transitioned']);
  expect(parseTrafficFilter('  ')).toEqual({ subjects: [], words: [] });
});

test('what is no filter of subjects is never sent as one', () => {
  expect(parseTrafficFilter('evt.dev.>.more evt.. >>')).toEqual({
    subjects: [],
    words: ['evt.dev.>.more', 'evt..', '>>'],
  });
});

const token = fc.stringMatching(/^[a-z0-9_-]{1,6}$/);
const filterOf = (subject: readonly string[], stars: readonly boolean[], end: number) => {
  const tokens = subject.map((one, at) => (stars[at] ? '*' : one));
  return end < tokens.length ? [...tokens.slice(0, end), '>'] : tokens;
};

test('a subject matches every filter that is made of it by stars and a tail, and no longer or shorter one', () => {
  fc.assert(
    fc.property(
      fc.array(token, { minLength: 1, maxLength: 7 }),
      fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }),
      fc.integer({ min: 0, max: 8 }),
      (subject, stars, end) => {
        const filter = filterOf(subject, stars, end).join('.');
        expect(subjectMatches(filter, subject.join('.'))).toBe(true);
        expect(subjectMatches(`${subject.join('.')}.>`, subject.join('.'))).toBe(false);
        expect(subjectMatches(subject.join('.'), [...subject, 'more'].join('.'))).toBe(false);
      },
    ),
  );
});
