import { expect, test } from 'vitest';
import { makeReporter, toReport, toUsage } from './report.ts';

test('tokens that were read from the cache are tokens that went in, and thoughts are tokens that came out', () => {
  const tokens = { input: 1, output: 2, reasoning: 4, cacheRead: 8, cacheWrite: 16 };

  expect(toUsage({ tokens, costUsd: 0.5, apiCalls: 3, apiErrors: 1 })).toEqual({
    ...{ tokens_in: 25, tokens_out: 6, cost_usd: 0.5 },
    ...{ api_calls: 3, api_errors: 1 },
  });
});

test('a tool call names files as the project does', () => {
  const call = {
    type: 'tool',
    callId: 'c',
    tool: 'read',
    title: '/w/1/src/a.js',
    status: 'completed',
  } as const;

  expect(toReport(call, '', '/w/1').tool).toMatchObject({ title: 'src/a.js', status: 'completed' });
});

test('a list of things to do tells how far the work is', () => {
  const items = [
    { text: 'one', status: 'completed' },
    { text: 'two', status: 'in_progress' },
  ];

  expect(toReport({ type: 'todo', items }, '', '/w')).toEqual({ progress: { note: 'two', percent: 50 } });
});

test('the note is the last line of what the model says, put together from its pieces', async () => {
  const notes: (string | undefined)[] = [];
  const task = {
    progress: async ({ note }: { note?: string }) => void notes.push(note),
    tool: async () => undefined,
  };
  const report = makeReporter(task, { directory: '/w', before: () => null });

  await report({ type: 'text', partId: 'a', text: 'First.\nI read ' });
  await report({ type: 'text', partId: 'a', text: 'the file.' });
  await report({ type: 'text', partId: 'b', text: 'Now the test.\n' });

  expect(notes).toEqual(['I read', 'I read the file.', 'Now the test.']);
});

test('what was used in a session that is lost is counted on', async () => {
  const before = { tokens_in: 100, tokens_out: 10, cost_usd: 1, api_calls: 4, api_errors: 1 };
  const said: unknown[] = [];
  const task = { progress: async (report: unknown) => void said.push(report), tool: async () => undefined };
  const report = makeReporter(task, { directory: '/w', before: () => before });
  const total = { input: 5, output: 1, reasoning: 0, cacheRead: 0, cacheWrite: 0 };

  await report({ type: 'step', index: 1, total, costUsd: 0.5, apiErrors: 0 });

  const usage = { tokens_in: 105, tokens_out: 11, cost_usd: 1.5, api_calls: 5, api_errors: 1 };
  expect(said).toEqual([{ usage }]);
});
