import { expect, test } from 'vitest';
import { hasWords, toLabelText, toLexemes, toSearchWords } from './search-words.ts';

test('marks and white space part words, letters of any language do not', () => {
  expect(toSearchWords(' src/auth.ts\u0000 O\'Neil_x,\t"Grüße"  日本 ')).toEqual([
    'src',
    'auth',
    'ts',
    'O',
    'Neil',
    'x',
    'Grüße',
    '日本',
  ]);
  expect(toSearchWords(' %&/ ')).toEqual([]);
});

test('a text has words where each begins one of its own, whatever the case', () => {
  expect(hasWords('Fix the Login-Page', ['LOG', 'page'])).toBe(true);
  expect(hasWords('Fix the Login-Page', ['ogin'])).toBe(false);
  expect(hasWords('', [])).toBe(true);
});

test('an actor is found by its kind, its labels and its words, each once and none too long', () => {
  const lexemes = toLexemes({
    kind: 'dev/session',
    text: `Mend mend ${'x'.repeat(5_000)}`,
    labels: ['tag:a\nb'],
  });

  expect(lexemes).toEqual(['==dev/session', '=tag:a b', 'mend', 'x'.repeat(200)]);
  expect(toLabelText(['tag:a\r\nb', 'c'])).toBe('tag:a  b\nc');
});
