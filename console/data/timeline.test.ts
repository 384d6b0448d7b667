import { expect, test } from 'vitest';
import { frames } from './test-frames.ts';
import { toTimelineItem } from './timeline.ts';

const frame = frames();

test('a change of state reads from where to where, why and by whom', () => {
  const one = frame('session/s1', 'transitioned', {
    ...{ from: 'running', to: 'partially_completed', reason: 'optional_failed', who: 'user:anna' },
  });

  expect(toTimelineItem(one)).toMatchObject({
    ...{
      kind: 'state',
      head: 'RUNNING → PARTIALLY COMPLETED',
      words: 'optional_failed',
      who: 'user:anna',
      tone: 'warn',
    },
  });
});

test('a checkpoint has its number, its reason and how far it was', () => {
  const one = frame('session/s1', 'checkpointed', {
    ...{ sequence: 3, reason: 'task_completed', tasks_total: 5, tasks_completed: 2 },
  });

  expect(toTimelineItem(one)).toMatchObject({
    ...{ kind: 'checkpoint', head: 'CHECKPOINT 3', words: 'task completed · 2 of 5 tasks done', sequence: 3 },
  });
});

test('of a task its beginning and its ends are told, and the steps between are not', () => {
  const step = (to: string) =>
    toTimelineItem(
      frame('task/t1', 'transitioned', { from: 'ready', to, reason: 'x', attempt: 2, agent_id: 'a' }),
    );

  expect(step('assigned')).toBeNull();
  expect(step('failed')).toMatchObject({
    head: 'FAILED',
    words: 'x · attempt 2 · a',
    taskId: 't1',
    tone: 'fail',
  });
  expect(toTimelineItem(frame('task/t1', 'tool', {}))).toBeNull();
  expect(toTimelineItem(frame('agent/a', 'lost', {}))).toBeNull();
});

test('a payload that is not as expected is drawn all the same', () => {
  expect(toTimelineItem(frame('session/s1', 'budget_exhausted', {}))?.head).toBe('BUDGET USED UP');
  expect(toTimelineItem(frame('session/s1', 'planned', { tasks: 'none' }))?.words).toBe('');
});
