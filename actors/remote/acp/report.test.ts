import { expect, test } from 'vitest';
import type { ProgressReport, ToolCall } from '#actors/remote/sdk/task.ts';
import { Calls } from './calls.ts';
import type { Update } from './link.ts';
import { Reporter } from './report.ts';

function open() {
  const said: (ProgressReport | ToolCall)[] = [];
  const calls = new Calls();
  const say = async (one: ProgressReport | ToolCall) => void said.push(one);
  const task = { progress: say, tool: say };
  const onFault = (error: unknown) => {
    throw error;
  };
  const reporter = new Reporter({ task, directory: '/w', calls, holdMs: 60_000, onFault });
  const take = (update: Update) => {
    if (update.type === 'tool') calls.take(update);
    reporter.take(update);
  };
  return { said, reporter, take };
}

test('words are held until something else is to be said, and only the last line of them is', () => {
  const { said, take } = open();

  take({ type: 'text', messageId: null, text: 'I look\nat ' });
  take({ type: 'text', messageId: null, text: 'it.' });
  take({ type: 'tool', callId: 'c', kind: 'read', title: '/w/a.ts', status: 'pending' });
  // What was not said of it is as it was.
  take({ type: 'tool', callId: 'c', output: 'more' });
  take({ type: 'tool', callId: 'c', status: 'completed' });

  expect(said).toEqual([
    { note: 'at it.' },
    { callId: 'c', tool: 'read', title: 'a.ts', status: 'pending' },
    { callId: 'c', tool: 'read', title: 'a.ts', status: 'completed' },
  ]);
});

test('tokens are summed over turns, a cost is of the whole session and never less than it was', () => {
  const { reporter, take } = open();

  take({ type: 'cost', usd: 0.5 });
  reporter.count({ reason: 'end_turn', tokens: { input: 10, output: 2 } });
  take({ type: 'cost', usd: 0.2 });
  reporter.count({ reason: 'end_turn', tokens: { input: 5, output: 1 } });
  reporter.count({ reason: 'end_turn', tokens: null });

  expect(reporter.usage).toEqual({ tokens_in: 15, tokens_out: 3, cost_usd: 0.5 });
});

test('what an earlier process used is counted on: with its session the cost goes on, without it comes beside', () => {
  const before = { tokens_in: 100, tokens_out: 10, cost_usd: 2 };
  const usage = [true, false].map((isEarlier) => {
    const { reporter, take } = open();
    reporter.countOn(before, isEarlier);
    take({ type: 'cost', usd: 3 });
    reporter.count({ reason: 'end_turn', tokens: { input: 1, output: 1 } });
    return reporter.usage;
  });

  expect(usage).toEqual([
    { tokens_in: 101, tokens_out: 11, cost_usd: 3 },
    { tokens_in: 101, tokens_out: 11, cost_usd: 5 },
  ]);
});
