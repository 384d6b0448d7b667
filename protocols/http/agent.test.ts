import { expect, test } from 'vitest';
import { loadLevelOf } from '../agent-load.ts';
import { sampleAgent } from '../testing/samples.ts';
import { toAgentView } from './agent.ts';

test('the load level is told by the used share of the capacity', () => {
  const levels = [0, 0.2, 0.21, 0.7, 0.71, 0.9, 0.91, 1, 1.01].map(loadLevelOf);

  expect(levels).toEqual([
    'idle',
    'idle',
    'optimal',
    'optimal',
    'high',
    'high',
    'critical',
    'critical',
    'overloaded',
  ]);
});

test('an agent that takes no work has no free capacity', () => {
  const freeWhen = (status: 'online' | 'draining' | 'maintenance' | 'offline') =>
    toAgentView(sampleAgent({ status }), 1).load.free;

  expect([freeWhen('online'), freeWhen('draining'), freeWhen('maintenance'), freeWhen('offline')]).toEqual([
    4, 0, 0, 0,
  ]);
});
