import { expect, test } from 'vitest';
import { toAgentUsage } from './agent-usage.ts';

const at = '2026-01-01T00:00:00.000Z';
const attempt = (agent_id: string, tokens: number, cost_usd: number) => ({
  ...{ number: 1, agent_id, assigned_at: at, started_at: null, ended_at: null, outcome: null },
  ...{ percent: null, note: null, result: null },
  usage: { tokens_in: tokens, tokens_out: 1, cost_usd },
});

test('what attempts used is summed by the agent that made them, the costliest first', () => {
  const usage = toAgentUsage([
    { updated_at: '2026-01-02T00:00:00.000Z', attempts: [attempt('ada', 10, 0.1), attempt('ken', 5, 0.5)] },
    { updated_at: at, attempts: [attempt('ada', 20, 0.2)] },
  ]);

  expect(usage).toMatchObject({ tasks: 2, since: at });
  expect(usage.items.map(({ agent_id, attempts, tokens_in }) => [agent_id, attempts, tokens_in])).toEqual([
    ['ken', 1, 5],
    ['ada', 2, 30],
  ]);
  expect(toAgentUsage([])).toEqual({ tasks: 0, since: null, items: [] });
});
