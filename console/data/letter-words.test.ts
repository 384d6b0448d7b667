import { expect, test } from 'vitest';
import type { LetterView } from '#protocols/http/dead-letter.ts';
import { bulkWords, causeWords, failingFirst, outcomeOf } from './letter-words.ts';

test('what fails now comes first, the most of it before the latest', () => {
  const group = (id: string, open: number, last_at: string) => ({
    id,
    counts: { open, dropped: 9 },
    last_at,
  });

  const ordered = failingFirst([
    group('done', 0, '2026-03'),
    group('few', 1, '2026-02'),
    group('many', 5, '2026-01'),
  ]);

  expect(ordered.map(({ id }) => id)).toEqual(['many', 'few', 'done']);
});

test('what became of a replay is said in a line, and a refusal is not called a success', () => {
  const letter = (changes: object) =>
    ({ status: 'replayed', replays: 2, outcome: null, ...changes }) as LetterView;
  const applied = { n: 2, type: 'applied' as const };

  expect(outcomeOf(letter({}))).toBeNull();
  expect(outcomeOf(letter({ status: 'replaying' }))?.tone).toBe('wait');
  expect(outcomeOf(letter({ outcome: { ...applied, reply: { ok: true, value: 1 } } }))?.tone).toBe('done');
  expect(outcomeOf(letter({ outcome: { n: 2, type: 'failed', reply: null } }))?.tone).toBe('fail');
  const refused = { ok: false, failure: { code: 'INVALID_TRANSITION', detail: 'it is over' } };
  expect(outcomeOf(letter({ outcome: { ...applied, reply: refused } }))).toEqual({
    tone: 'warn',
    text: 'Replay 2 was applied; the actor refused: INVALID_TRANSITION, it is over',
  });
});

test('what became of many names what was refused, and whether there are more', () => {
  expect(bulkWords({ items: [], done: 3, refused: 0, is_whole: true }, 'replay')).toBe('3 sent again');
  expect(bulkWords({ items: [], done: 1, refused: 2, is_whole: false }, 'drop')).toBe(
    '1 dropped · 2 refused · there are more: ask again',
  );
});

test('faults of a message are read as a line each, another error as it is', () => {
  const faults = '[{"path":"reason","message":"Invalid input"},{"path":"","message":"say \\"what\\""}]';

  expect(causeWords(faults)).toBe('reason: Invalid input\nmessage: say \\"what\\"');
  expect(causeWords('TypeError: cannot read <text>')).toBe('TypeError: cannot read <text>');
  expect(causeWords('[{"other":1}]')).toBe('[{"other":1}]');
});
