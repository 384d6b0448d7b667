import { expect, test } from 'vitest';
import { sampleApproval } from '#protocols/testing/sample-approval.ts';
import { aboutOf, answersOf, leftOf, waysOf } from './approval-words.ts';

const QUESTION = {
  kind: 'input' as const,
  prompt: 'Which?',
  questions: [{ question: 'Which?', options: [], multiple: false, custom: true }],
};

test('each option of a permission has its key, and what rejects is marked', () => {
  expect(waysOf(sampleApproval())).toEqual([
    { option: 'once', name: 'Allow once', key: 'a y', isGrave: false },
    { option: 'always', name: 'Allow for this session', key: 'a a', isGrave: false },
    { option: 'reject', name: 'Reject', key: 'a r', isGrave: true },
  ]);
});

test('a question can be refused with the key that rejects', () => {
  const asked = sampleApproval({ kind: 'input', ask: QUESTION });

  expect(waysOf(asked)).toMatchObject([{ option: 'reject', key: 'a r' }]);
});

test('it says who asks, for what, with which risk, and how long it waits', () => {
  const asked = sampleApproval({ origin_task_id: 'ses_1' });
  const now = Date.parse(asked.expires_at) / 1_000;

  expect(aboutOf(asked)).toBe('agent-one, for a sub-agent · bash: git push origin · risk high');
  expect(leftOf(asked, now - 90)).toBe(leftOf(asked, now - 90.4));
  expect(leftOf(asked, now + 5)).toBe(leftOf(asked, now));
});

test('answers are what was chosen and said, one list for each question, and none where one is missing', () => {
  const form = new FormData();
  form.append('choice-0', 'Left');
  form.append('choice-0', 'Right');
  form.append('own-1', ' both ');

  expect(answersOf(2, form)).toEqual([['Left', 'Right'], ['both']]);
  expect(answersOf(3, form)).toBeNull();
});
