/** The numbers that callers were told: changing one changes what they may rely on. */
import { expect, test } from 'vitest';
import { HISTORY_MAX } from './context-history.ts';
import { LIMITS } from './limits.ts';

test('bodies have 512 KiB, states 1 MiB, contexts 256 KiB, and answers are kept for a day', () => {
  expect(LIMITS).toMatchObject({
    messageBytesMax: 524_288,
    actorStateBytesMax: 1_048_576,
    actorStateBytesWarning: 262_144,
    contextBytesMax: 262_144,
    replyKeptHours: 24,
  });
  expect(HISTORY_MAX).toBe(100);
});

test('a session has up to 1,000 tasks, 10,000 dependencies and 3 retries', () => {
  expect(LIMITS).toMatchObject({
    tasksPerSessionMax: 1_000,
    edgesPerSessionMax: 10_000,
    retriesPerSessionMax: 3,
  });
});
