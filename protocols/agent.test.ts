/** What an agent may say of itself when it joins: each bound from both of its sides. */
import { expect, test } from 'vitest';
import { AgentCard, AgentStatus, agentIdOf, shownStatusOf } from './agent.ts';
import { AgentType, CAPABILITIES, Capability, capabilitiesOfType, PRIMARY_BY_TYPE } from './capability.ts';
import { sampleAgent } from './testing/samples.ts';

const CARD = {
  name: 'AGENT-ONE',
  agent_type: 'implementer',
  capabilities: { primary: ['code_generation'] },
  version: '1.0.0',
};

function isTaken(changes: Readonly<Record<string, unknown>>): boolean {
  return AgentCard.safeParse({ ...CARD, ...changes }).success;
}

test('an agent is named AGENT- and then capitals, digits and "-", and its id is unique by that name', () => {
  const names = [
    'AGENT-ONE',
    'AGENT-7',
    'AGENT-A-B',
    'AGENT-',
    'AGENT-one',
    'agent-ONE',
    'AGENT-A_B',
    'XAGENT-A',
  ];

  expect(names.filter((name) => isTaken({ name }))).toEqual(['AGENT-ONE', 'AGENT-7', 'AGENT-A-B']);
  expect(agentIdOf('AGENT-A-B')).toBe('agent-a-b');
});

test('an agent has at least one primary capability, and takes 1 to 50 tasks at once, 5 where it says nothing', () => {
  expect(isTaken({ capabilities: { primary: [] } })).toBe(false);
  expect(isTaken({ capabilities: { primary: ['code_review'], secondary: [] } })).toBe(true);
  expect([0, 1, 50, 51].map((max_concurrent_capacity) => isTaken({ max_concurrent_capacity }))).toEqual([
    false,
    true,
    true,
    false,
  ]);
  expect(AgentCard.parse(CARD).max_concurrent_capacity).toBe(5);
});

test('a capability of a tenant is a word in lower_snake beside the 24 that are known', () => {
  const words = [
    'smart_contracts',
    'x2_review',
    'Code_Review',
    'code-review',
    '_review',
    'review_',
    'a__b',
    '',
  ];

  expect(words.filter((word) => Capability.safeParse(word).success)).toEqual([
    'smart_contracts',
    'x2_review',
  ]);
  expect(CAPABILITIES).toHaveLength(24);
  expect(CAPABILITIES.filter((word) => !Capability.safeParse(word).success)).toEqual([]);
});

test('the words of an agent are these: its kinds and its states', () => {
  expect(AgentType.options.join(' ')).toBe(
    'architect implementer reviewer debugger integrator orchestrator analyst optimizer',
  );
  expect(AgentStatus.options.join(' ')).toBe('online busy degraded draining maintenance offline');
});

test('an agent that is held back or gone is shown so, whatever its slots and its circuit', () => {
  const shown = AgentStatus.options.map((status) => shownStatusOf(sampleAgent({ status, circuit: 'open' })));

  expect(shown).toEqual(['degraded', 'busy', 'degraded', 'draining', 'maintenance', 'offline']);
});

test('each type of agent has its primary capabilities, and every known capability is primary for one', () => {
  expect(PRIMARY_BY_TYPE.architect).toEqual([
    ...['requirements_analysis', 'system_design', 'architecture_planning', 'task_decomposition'],
  ]);
  expect(Object.values(PRIMARY_BY_TYPE).map(({ length }) => length)).toEqual(Array(8).fill(4));
  expect(new Set(Object.values(PRIMARY_BY_TYPE).flat())).toEqual(new Set(CAPABILITIES));
});

test('the primary capabilities of an agent follow from its type, whatever else it names', () => {
  const of = (...args: Parameters<typeof capabilitiesOfType>) => capabilitiesOfType(...args);

  for (const type of AgentType.options) {
    expect(of(type, { secondary: [] })).toEqual({ primary: [...PRIMARY_BY_TYPE[type]], secondary: [] });
  }
  expect(
    of('debugger', { primary: ['code_review', 'debugging', 'own_thing'], secondary: ['scaling'] }),
  ).toEqual({
    primary: ['debugging', 'own_thing'],
    secondary: ['code_review', 'scaling'],
  });
  expect(of('debugger', { primary: ['code_review'], secondary: ['debugging'] })).toBeNull();
});
