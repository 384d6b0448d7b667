import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Deadline, DeadlinePassed } from './deadline.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a deadline aborts when its time is over', () => {
  using deadline = new Deadline(100);

  vi.advanceTimersByTime(99);
  expect(deadline.signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(deadline.signal.reason).toBeInstanceOf(DeadlinePassed);
});

test('a deadline aborts with the signal around it, also if that was aborted before', () => {
  const outer = new AbortController();
  using early = new Deadline(100, outer.signal);
  outer.abort('enough');
  using late = new Deadline(100, outer.signal);

  expect(early.signal.reason).toBe('enough');
  expect(late.signal.reason).toBe('enough');
});

test('a deadline that was disposed of leaves no timer and aborts no more', () => {
  const outer = new AbortController();
  const deadline = new Deadline(100, outer.signal);

  deadline[Symbol.dispose]();
  outer.abort();

  expect(vi.getTimerCount()).toBe(0);
  expect(deadline.signal.aborted).toBe(false);
});
