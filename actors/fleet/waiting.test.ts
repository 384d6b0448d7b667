import { expect, test } from 'vitest';
import type { Waiting } from './waiting.ts';
import { inOrder } from './waiting.ts';

const START = Date.UTC(2026, 0, 1);

function waits(task_id: string, priority: Waiting['priority'], afterSeconds: number): Waiting {
  const since = new Date(START + afterSeconds * 1_000).toISOString();
  const asked = { required_capabilities: [], technologies: [], excluded_agents: [] };
  return { ...asked, task_id, session_id: 's-1', priority, since };
}

function orderOf(waiting: readonly Waiting[], afterSeconds: number): string {
  return inOrder(waiting, START + afterSeconds * 1_000)
    .map(({ task_id }) => task_id)
    .join(' ');
}

test('of tasks that wait with the same priority the one that came first goes first', () => {
  const waiting = [waits('late', 'normal', 20), waits('first', 'normal', 0), waits('second', 'normal', 10)];

  expect(orderOf(waiting, 30)).toBe('first second late');
});

test('blockers go before all, background after all, and five minutes of waiting lift by one', () => {
  const words = ['background', 'low', 'normal', 'high', 'critical', 'blocker'] as const;
  const waiting = words.map((word) => waits(word, word, 0));

  expect(orderOf(waiting, 0)).toBe('blocker critical high normal low background');
  expect(orderOf([waits('new', 'high', 300), waits('old', 'normal', 0)], 299)).toBe('new old');
  expect(orderOf([waits('new', 'high', 300), waits('old', 'normal', 0)], 300)).toBe('old new');
});
