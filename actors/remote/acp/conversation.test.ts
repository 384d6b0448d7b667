import { expect, test } from 'vitest';
import { Calls } from './calls.ts';
import { Conversation } from './conversation.ts';
import type { Update } from './link.ts';

function talk(updates: readonly Update[], told = 'Mend it') {
  const calls = new Calls();
  const conversation = new Conversation(calls);
  conversation.tell(told);
  for (const update of updates) {
    if (update.type === 'tool') calls.take(update);
    conversation.take(update);
  }
  return conversation;
}

const text = (words: string, messageId: string | null = null): Update => ({
  type: 'text',
  messageId,
  text: words,
});

test('the answer is what was said last, after the last deed', () => {
  const updates: Update[] = [
    text('I look.'),
    { type: 'tool', callId: 'c1', kind: 'read', status: 'pending' },
    text('Done'),
    // What is heard of an earlier call is no new deed.
    { type: 'tool', callId: 'c1', status: 'completed' },
    text(' now.'),
  ];

  expect(talk(updates).answer).toBe('Done now.');
  expect(talk([...updates, { type: 'tool', callId: 'c2' }]).answer).toBe('');
  expect(talk([text('one', 'm1'), text('two', 'm2')]).answer).toBe('two');
});

test('what was said, thought and done is written down in order', () => {
  const page = talk([
    { type: 'thought', messageId: null, text: 'Hm' },
    { type: 'tool', callId: 'c1', kind: 'edit', title: 'a.ts', input: { path: 'a.ts' } },
    {
      ...{ type: 'tool', callId: 'c1', status: 'completed', output: 'ok ``` ok' },
      diffs: [{ path: 'a.ts', oldText: 'x', newText: 'y' }],
    },
    { type: 'plan', items: [{ text: 'mend', status: 'in_progress' }] },
    text('Done.'),
  ]).toMarkdown('Mend');

  expect(page).toMatch(/# Mend[\s\S]*## Told\n\nMend it[\s\S]*> Hm[\s\S]*\*\*edit\*\*: a.ts \(completed\)/);
  expect(page).toContain('-x\n+y');
  expect(page).toContain('````\nok ``` ok\n````');
  expect(page).toContain('- [~] mend');
});

test('it is bounded, and says where it was cut', () => {
  const conversation = talk(Array.from({ length: 30 }, () => text('x'.repeat(100_000))));

  const page = conversation.toMarkdown('Long');

  expect(page.length).toBeLessThan(2_100_000);
  expect(page).toContain('there was more');
  expect(talk([]).isEmpty).toBe(true);
});
