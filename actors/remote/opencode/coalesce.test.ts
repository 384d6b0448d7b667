import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeCoalescer } from './coalesce.ts';
import type { Progress } from './progress.ts';

const retry = { type: 'retry', attempt: 1, message: 'busy' } as const;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('pieces of one part are joined until the time to hold is over', () => {
  const { said, coalescer } = listening();

  for (const word of ['one ', 'two ', 'three']) coalescer.take(piece('a', word));
  expect(said).toEqual([]);
  vi.advanceTimersByTime(100);

  expect(said).toEqual([piece('a', 'one two three')]);
});

test('what is held comes before anything later', () => {
  const { said, coalescer } = listening();

  coalescer.take(piece('a', 'one'));
  coalescer.take(piece('b', 'two'));
  coalescer.take(retry);

  expect(said).toEqual([piece('a', 'one'), piece('b', 'two'), retry]);
});

test('a long text does not wait, and after a flush nothing comes again', () => {
  const { said, coalescer } = listening();

  coalescer.take(piece('a', 'x'.repeat(4_000)));
  coalescer.take(piece('a', 'rest'));
  coalescer.flush();
  vi.advanceTimersByTime(1_000);

  expect(said.map((one) => (one.type === 'text' ? one.text.length : 0))).toEqual([4_000, 4]);
});

function piece(partId: string, text: string): Progress {
  return { type: 'text', partId, text };
}

function listening() {
  const said: Progress[] = [];
  return { said, coalescer: makeCoalescer((progress) => said.push(progress), 100) };
}
