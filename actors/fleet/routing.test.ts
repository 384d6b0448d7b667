import { expect, test } from 'vitest';
import type { Circuit, RegisteredAgent, RouteQuestion } from '#protocols/agent.ts';
import { NEW_CIRCUIT } from './circuit.ts';
import { chooseAgent, countObstacles, type Fleet, rankAgents } from './routing.ts';

const QUESTION: RouteQuestion = {
  session_id: 's-1',
  required_capabilities: ['code_generation'],
  technologies: [],
  excluded_agents: [],
};
const OPEN: Circuit = { ...NEW_CIRCUIT, state: 'open', opened_at: '2026-01-01T00:00:00.000Z' };

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
    tally: [0, 0, 0],
    by_capability: {},
    quality: null,
    ...extra,
  };
}

function fleetOf(agents: readonly RegisteredAgent[], extra: Partial<Fleet> = {}): Fleet {
  const none = { circuits: {}, held: [], tasks_max: 3_000, load: new Map(), running: 0 };
  return { agents: [...agents], ...none, ...extra };
}

function choose(
  agents: readonly RegisteredAgent[],
  question: Partial<RouteQuestion> = {},
  extra: Partial<Fleet> = {},
) {
  return chooseAgent(fleetOf(agents, extra), { ...QUESTION, ...question });
}

function chosen(...args: Parameters<typeof choose>): string | null {
  return choose(...args)?.agent_id ?? null;
}

function term(name: string, ...args: Parameters<typeof choose>): number | undefined {
  return choose(...args)?.terms.find((one) => one.name === name)?.value;
}

test('only agents that are online, able, free and willing are candidates', () => {
  const online = agentOf('agent-a');
  const statuses = ['busy', 'degraded', 'draining', 'maintenance', 'offline'] as const;

  expect(chosen([online])).toBe('agent-a');
  for (const status of statuses) expect(chosen([{ ...online, status }]), status).toBeNull();
  expect(chosen([online], { required_capabilities: ['code_generation', 'deployment'] })).toBeNull();
  expect(chosen([online], {}, { load: new Map([['agent-a', 4]]) })).toBeNull();
  expect(chosen([agentOf('agent-a', { avoided: ['PHP'] })], { technologies: ['php'] })).toBeNull();
  expect(chosen([agentOf('agent-a', { primary: ['x'], secondary: ['code_generation'] })])).toBe('agent-a');
});

test('an agent whose circuit is open is no candidate; half-open it is one until its one task is out', () => {
  const agents = [agentOf('agent-a')];
  const withCircuit = (circuit: Circuit) => chosen(agents, {}, { circuits: { 'agent-a': circuit } });

  expect(withCircuit(OPEN)).toBeNull();
  expect(withCircuit({ ...OPEN, state: 'half_open' })).toBe('agent-a');
  expect(withCircuit({ ...OPEN, state: 'half_open', trial: 't-9' })).toBeNull();
});

test('only agents of the tier that was asked for, or of a better one, are candidates', () => {
  const advanced = agentOf('agent-a', { tally: [40, 40, 0] });
  const fresh = agentOf('agent-b');

  expect(chosen([advanced], { minimum_tier: 'advanced' })).toBe('agent-a');
  expect(chosen([advanced], { minimum_tier: 'competent' })).toBe('agent-a');
  expect(chosen([fresh], { minimum_tier: 'competent' })).toBe('agent-b');
  expect(chosen([fresh], { minimum_tier: 'advanced' })).toBeNull();
  expect(chosen([advanced], { minimum_tier: 'elite' })).toBeNull();
});

test('a primary capability counts 1, a secondary one 0.7, several their mean', () => {
  const agent = agentOf('agent-a', { secondary: ['debugging'] });

  expect(term('capability', [agent])).toBe(1);
  expect(term('capability', [agent], { required_capabilities: ['debugging'] })).toBe(0.7);
  expect(term('capability', [agent], { required_capabilities: ['debugging', 'code_generation'] })).toBe(0.85);
  expect(term('capability', [agent], { required_capabilities: [] })).toBe(1);
});

test('the success rate is the one with the capabilities that are asked for, with its prior', () => {
  const agent = agentOf('agent-a', {
    primary: ['code_generation', 'debugging'],
    tally: [20, 10, 0],
    by_capability: { code_generation: [10, 10, 0], debugging: [10, 0, 0] },
  });

  expect(term('success_rate', [agent])).toBe(0.85);
  expect(term('success_rate', [agent], { required_capabilities: ['debugging'] })).toBe(0.35);
  expect(term('success_rate', [agent], { required_capabilities: ['code_generation', 'debugging'] })).toBe(
    0.6,
  );
  expect(term('success_rate', [agent], { required_capabilities: [] })).toBe(17 / 30);
  expect(term('success_rate', [agentOf('agent-b')])).toBe(0.7);
});

test('the free load is the share of free slots', () => {
  const agents = [agentOf('agent-a')];

  expect(term('free_load', agents)).toBe(1);
  expect(term('free_load', agents, {}, { load: new Map([['agent-a', 3]]) })).toBe(0.25);
});

test('the technology match is the share that the agent prefers; asked for none it is neutral', () => {
  const agents = [agentOf('agent-a', { preferred: ['TypeScript'] })];

  expect(term('technology', agents, { technologies: ['typescript', 'postgres'] })).toBe(0.5);
  expect(term('technology', agents, { technologies: ['TYPESCRIPT'] })).toBe(1);
  expect(term('technology', agents, { technologies: ['go'] })).toBe(0);
  expect(term('technology', agents)).toBe(0.5);
});

test('a session type is preferred or not; nothing said on either side is neutral', () => {
  const agents = [agentOf('agent-a', { session_types: ['debug', 'review'] })];

  expect(term('session_type', agents, { session_type: 'debug' })).toBe(1);
  expect(term('session_type', agents, { session_type: 'execution' })).toBe(0);
  expect(term('session_type', agents)).toBe(0.5);
  expect(term('session_type', [agentOf('agent-b')], { session_type: 'debug' })).toBe(0.5);
});

test('the complexity fits the better the nearer it is to the one preferred', () => {
  const agents = [agentOf('agent-a', { complexity: 'medium' })];
  const fits = (['trivial', 'simple', 'moderate', 'complex', 'expert'] as const).map((complexity) =>
    term('complexity', agents, { complexity })?.toFixed(3),
  );

  expect(fits).toEqual(['0.667', '0.667', '1.000', '0.667', '0.333']);
  expect(term('complexity', agents)).toBe(0.5);
});

test('the score is the weighted sum of its parts times the factor of the tier', () => {
  const fresh = choose([agentOf('agent-a')]);
  const elite = choose([agentOf('agent-a', { tally: [90, 90, 0], quality: 0.95 })]);
  const sum = elite?.terms.reduce((total, { weight, value }) => total + weight * value, 0) ?? 0;

  expect(fresh?.terms.map(({ name, weight }) => `${name} ${weight}`)).toEqual([
    'capability 0.25',
    'success_rate 0.3',
    'free_load 0.15',
    'technology 0.15',
    'session_type 0.05',
    'complexity 0.1',
  ]);
  expect(fresh).toMatchObject({ tier: 'competent', tier_factor: 1, held_bonus: 0, score: 0.76 });
  expect(elite).toMatchObject({ tier: 'elite', tier_factor: 1.1 });
  expect(elite?.score).toBeCloseTo(sum * 1.1, 6);
});

test('an agent that holds the context or worktree of the session gets 0.1 on top, whatever its tier', () => {
  const agents = [agentOf('agent-a'), agentOf('agent-b', { tally: [10, 5, 0] })];
  const held = [{ session_id: 's-1', agents: ['agent-b'] }];

  const without = choose([agentOf('agent-b', { tally: [10, 5, 0] })]);
  const holding = rankAgents(fleetOf(agents, { held }), QUESTION).find((one) => one.agent_id === 'agent-b');

  expect(holding).toMatchObject({ tier: 'trainee', held_bonus: 0.1 });
  expect(holding?.score).toBeCloseTo((without?.score ?? 0) + 0.1, 6);
  expect(chosen(agents)).toBe('agent-a');
  expect(chosen(agents, {}, { held })).toBe('agent-b');
  expect(chosen(agents, { session_id: 's-2' }, { held })).toBe('agent-a');
});

test('of two alike the one with more free slots is chosen, and of two quite alike the first by name', () => {
  const agents = [agentOf('agent-b'), agentOf('agent-a')];

  expect(chosen(agents)).toBe('agent-a');
  expect(chosen(agents, {}, { load: new Map([['agent-a', 1]]) })).toBe('agent-b');
});

test('an agent that failed the task is asked again only when there is no other one that could at all', () => {
  const [failed, other] = [agentOf('agent-a'), agentOf('agent-b')];
  const question = { excluded_agents: ['agent-a'] };
  const load = new Map([['agent-b', 4]]);

  expect(chosen([failed, other], question)).toBe('agent-b');
  expect(chosen([failed, other], question, { load })).toBeNull();
  expect(chosen([failed, { ...other, status: 'offline' }], question)).toBe('agent-a');
  expect(chosen([failed, other], question, { circuits: { 'agent-b': OPEN } })).toBe('agent-a');
  expect(chosen([failed], question)).toBe('agent-a');
});

test('all candidates are ranked, the best first, and the choice is the first of them', () => {
  const agents = ['agent-c', 'agent-a', 'agent-b'].map((id) => agentOf(id));
  const load = new Map([['agent-a', 2]]);

  const ranked = rankAgents(fleetOf(agents, { load }), QUESTION);

  expect(ranked.map(({ agent_id }) => agent_id)).toEqual(['agent-b', 'agent-c', 'agent-a']);
  expect(choose(agents, {}, { load })).toEqual({ ...ranked[0], candidates: 3 });
});

test('of agents that are no candidates the obstacles are counted', () => {
  const agents = [
    agentOf('agent-a', { status: 'draining' }),
    agentOf('agent-b', { primary: ['debugging'] }),
    agentOf('agent-c', { avoided: ['php'] }),
    agentOf('agent-d'),
    agentOf('agent-e'),
    agentOf('agent-f'),
  ];
  const fleet = fleetOf(agents, { circuits: { 'agent-d': OPEN }, load: new Map([['agent-e', 4]]) });

  const counts = countObstacles(fleet, {
    ...QUESTION,
    technologies: ['PHP'],
    excluded_agents: ['agent-f'],
  });

  expect(counts).toEqual({ status: 1, capability: 1, technology: 1, circuit: 1, capacity: 1, excluded: 1 });
});

test('no more slots are taken at once than the registry may give', () => {
  expect(chosen([agentOf('agent-a')], {}, { running: 3, tasks_max: 3 })).toBeNull();
});
