import { expect, test } from 'vitest';
import type { AssignPayload } from '#protocols/eap/message.ts';
import { buildPrompt, buildSystemPrompt } from './prompt.ts';

const payload: AssignPayload = {
  sessionId: 'session-1',
  sessionTitle: 'The whole',
  title: 'Implement create',
  description: 'Write the create operation.',
  taskType: 'implementation',
  prompt: 'Make a store.',
  timeoutSeconds: 600,
};

test('a prompt begins with the title and says what the task is a part of', () => {
  expect(buildPrompt(payload)).toBe(
    '# Implement create\n\nWrite the create operation.\n\n## The whole that this is a part of: The whole\n\nMake a store.',
  );
});

test('nothing is said twice', () => {
  expect(buildPrompt({ ...payload, description: 'Make a store. All of it.' })).not.toContain('The whole');
  expect(buildPrompt({ ...payload, description: '', prompt: '' })).toBe('# Implement create');
});

test("the project's own instructions go with ours, up to a bound", () => {
  expect(buildSystemPrompt(null)).not.toContain('instructions');
  expect(buildSystemPrompt('Use tabs.')).toMatch(/The project's instructions\n\nUse tabs\.$/);
  expect(buildSystemPrompt('x'.repeat(100_000)).length).toBeLessThan(40_000);
});
