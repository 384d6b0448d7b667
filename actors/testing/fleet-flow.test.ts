import { expect, test } from 'vitest';
import type { Address } from '#protocols/address.ts';
import { Agent, Registry } from '#protocols/agent.ts';
import { Session } from '#protocols/session.ts';
import { ACTOR_KINDS } from '../registry.ts';
import { answerBy, FakeAgent, TENANT } from './fake-agent.ts';
import { World } from './world.ts';

const SESSION: Address = { type: 'session', tenant: TENANT, id: 's-1' };
const REGISTRY: Address = { type: 'registry', tenant: TENANT, id: 'agents' };

function makeWorld(agents: readonly FakeAgent[]): World {
  return new World({ kinds: ACTOR_KINDS, onDeliver: answerBy(agents) });
}

function startCrud(world: World): void {
  const initial_prompt = 'Keep notes: create, read, update, delete.';
  const draft = { title: 'Notes for everyone', initial_prompt, template: 'crud' };
  expect(world.ask(SESSION, { type: 'create', ...draft }).ok).toBe(true);
  expect(world.ask(SESSION, { type: 'start' }).ok).toBe(true);
}

function sessionOf(world: World): Session {
  return Session.parse(world.state(SESSION));
}

function registryOf(world: World): Registry {
  return Registry.parse(world.state(REGISTRY));
}

function agentIn(world: World, { address }: FakeAgent): Agent {
  return Agent.parse(world.state(address));
}

/** All agents finish all they have until nobody has anything, with time passing between. */
function workOff(world: World, agents: readonly FakeAgent[]): void {
  for (let round = 0; round < 200; round++) {
    const agent = agents.find((one) => one.isListening && one.jobs.length > 0);
    const job = agent?.jobs[0];
    if (agent && job) agent.finish(world, job);
    else if (sessionOf(world).ended_at) return;
    else world.advance(5_000);
  }
}

function expectAtRest(world: World): void {
  expect(registryOf(world)).toMatchObject({ running: {}, waiting: [] });
  expect(world.timersOf(REGISTRY)).toEqual([]);
}

test('a person who sends an agent away loses no work: it finishes, goes, and the rest goes to another one', () => {
  const one = new FakeAgent('AGENT-ONE');
  const two = new FakeAgent('AGENT-TWO');
  const world = makeWorld([one, two]);
  one.register(world, { max_concurrent_capacity: 2 });
  startCrud(world);

  world.ask(one.address, { type: 'dismiss', force: false });
  two.register(world);
  workOff(world, [one, two]);

  expect(sessionOf(world).state).toBe('completed');
  expect([one.taken.length, two.taken.length]).toEqual([2, 3]);
  expect(registryOf(world).agents.map(({ id }) => id)).toEqual(['agent-two']);
  expect(agentIn(world, one)).toMatchObject({ status: 'offline', tasks_succeeded: 2 });
  expectAtRest(world);
});

test('an agent that fails everything is kept from work for a minute, then tried with one task, and trusted again', () => {
  const agent = new FakeAgent('AGENT-ONE');
  const world = makeWorld([agent]);
  agent.register(world, { max_concurrent_capacity: 2 });
  startCrud(world);

  for (let failures = 0; failures < 5; failures++) {
    const job = agent.jobs[0];
    if (job) agent.fail(world, job);
    else world.advance(5_000);
    if (!job) failures -= 1;
  }
  const open = agentIn(world, agent).circuit;
  const held = agent.jobs.length;
  for (const job of [...agent.jobs]) agent.finish(world, job);
  const whileOpen = agent.jobs.length;
  const { state, circuits_waited_for: waitedFor } = sessionOf(world);
  world.advance(60_000);
  const trial = agent.jobs.length;
  workOff(world, [agent]);

  expect([open, held, whileOpen, trial]).toEqual(['open', 1, 0, 1]);
  expect([state, waitedFor]).toEqual(['degraded', ['agent-one']]);
  expect(sessionOf(world)).toMatchObject({ state: 'completed', circuits_waited_for: [] });
  expect(agentIn(world, agent).circuit).toBe('closed');
  expectAtRest(world);
});

test('what a deaf agent has not accepted is moved to idle agents when a person asks for it', () => {
  const deaf = new FakeAgent('AGENT-DEAF');
  const good = new FakeAgent('AGENT-GOOD');
  const world = makeWorld([deaf, good]);
  deaf.isListening = false;
  deaf.register(world, { max_concurrent_capacity: 4 });
  startCrud(world);
  good.register(world, { max_concurrent_capacity: 10 });

  const reply = world.ask(REGISTRY, { type: 'rebalance' });
  const moved = good.jobs.length;
  workOff(world, [good]);

  expect(reply).toMatchObject({
    ok: true,
    value: {
      from: [{ agent_id: 'agent-deaf', level: 'critical' }],
      to: [{ agent_id: 'agent-good', level: 'idle' }],
    },
  });
  // Down to an optimal load, and no further.
  expect(moved).toBe(2);
  expect(good.taken.length).toBeGreaterThanOrEqual(2);
});
