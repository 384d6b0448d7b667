import { expect, test } from 'vitest';
import type { RegisteredAgent, RouteRequest } from '#protocols/agent.ts';
import { chooseAgent } from './routing.ts';

const REQUEST: RouteRequest = {
  task_id: 't-1',
  session_id: 's-1',
  required_capabilities: ['code_generation'],
  technologies: [],
  priority: 'normal',
  excluded_agents: [],
};
const NO_LOAD = new Map<string, number>();

function agentOf(id: string, extra: Partial<RegisteredAgent> = {}): RegisteredAgent {
  return {
    id,
    agent_type: 'implementer',
    primary: ['code_generation'],
    secondary: [],
    preferred: [],
    avoided: [],
    capacity: 4,
    status: 'online',
    successes: 0,
    finished: 0,
    ...extra,
  };
}

function chosen(agents: readonly RegisteredAgent[], request: Partial<RouteRequest> = {}, load = NO_LOAD) {
  return chooseAgent(agents, { ...REQUEST, ...request }, load)?.agentId ?? null;
}

test('only agents that are online, able, free and willing are candidates', () => {
  const online = agentOf('agent-a');
  const statuses = ['busy', 'degraded', 'draining', 'maintenance', 'offline'] as const;

  expect(chosen([online])).toBe('agent-a');
  for (const status of statuses) expect(chosen([{ ...online, status }]), status).toBeNull();
  expect(chosen([online], { required_capabilities: ['code_generation', 'deployment'] })).toBeNull();
  expect(chosen([online], {}, new Map([['agent-a', 4]]))).toBeNull();
  expect(chosen([agentOf('agent-a', { avoided: ['PHP'] })], { technologies: ['php'] })).toBeNull();
  expect(chosen([agentOf('agent-a', { primary: ['x'], secondary: ['code_generation'] })])).toBe('agent-a');
});

test('a primary capability is better than a secondary one', () => {
  const secondary = agentOf('agent-a', { primary: ['deployment'], secondary: ['code_generation'] });

  expect(chosen([secondary, agentOf('agent-b')])).toBe('agent-b');
});

test('an agent that succeeds more often is better, and a new one counts as competent', () => {
  const poor = agentOf('agent-a', { finished: 20, successes: 4 });
  const fresh = agentOf('agent-b');
  const good = agentOf('agent-c', { finished: 40, successes: 40 });

  expect(chosen([poor, fresh])).toBe('agent-b');
  expect(chosen([poor, fresh, good])).toBe('agent-c');
  expect(chooseAgent([good], REQUEST, NO_LOAD)?.tier).toBe('advanced');
  expect(chooseAgent([poor], REQUEST, NO_LOAD)?.tier).toBe('degraded');
});

test('of two alike the one with more free slots is chosen, and of two quite alike the first by name', () => {
  const agents = [agentOf('agent-b'), agentOf('agent-a')];

  expect(chosen(agents)).toBe('agent-a');
  expect(chosen(agents, {}, new Map([['agent-a', 1]]))).toBe('agent-b');
});

test('an agent that knows the technology is better', () => {
  const agents = [agentOf('agent-a'), agentOf('agent-b', { preferred: ['TypeScript'] })];

  expect(chosen(agents, { technologies: ['typescript'] })).toBe('agent-b');
});

test('an agent that failed the task is asked again only when there is no other one that could at all', () => {
  const [failed, other] = [agentOf('agent-a'), agentOf('agent-b')];
  const request = { excluded_agents: ['agent-a'] };
  const busy = new Map([['agent-b', 4]]);

  expect(chosen([failed, other], request)).toBe('agent-b');
  expect(chosen([failed, other], request, busy)).toBeNull();
  expect(chosen([failed, { ...other, status: 'offline' }], request)).toBe('agent-a');
  expect(chosen([failed], request)).toBe('agent-a');
});

test('the score is the weighted sum of its parts times the factor of the tier', () => {
  const choice = chooseAgent([agentOf('agent-a')], REQUEST, NO_LOAD);
  const sum = choice?.terms.reduce((total, { weight, value }) => total + weight * value, 0);

  expect(choice?.terms.map(({ name, weight }) => `${name} ${weight}`)).toEqual([
    'capability 0.25',
    'success_rate 0.3',
    'free_load 0.15',
    'technology 0.15',
    'session_type 0.05',
    'complexity 0.1',
  ]);
  expect(choice?.score).toBeCloseTo(sum ?? 0, 6);
  expect(choice?.score).toBe(0.76);
});
