import { expect, test } from 'vitest';
import type { Agent } from '#protocols/agent.ts';
import { AgentIn } from '#protocols/eap/message.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { answer, assign, makeAgent, register, TASK } from '../testing/agent-fixture.ts';
import { agentKind } from './agent.ts';

const REGISTRY = 'registry/dev/agents';

function dismiss(agent: OneActor<Agent>, force = false): OneActor<Agent> {
  return agent.handle({ type: 'dismiss', force });
}

function maintain(agent: OneActor<Agent>, enabled: boolean, extra: object = {}): OneActor<Agent> {
  return agent.handle({ type: 'maintenance', enabled, ...extra });
}

function toldProcess(agent: OneActor<Agent>): string[] {
  return agent.of('deliver').map(({ body }) => AgentIn.parse(body).kind);
}

test('a person who drains an agent keeps it from new work; one that is offline has nothing to drain', () => {
  const agent = answer(assign(makeAgent()));

  agent.handle({ type: 'drain' });
  const value = agent.value;
  agent.handle({ type: 'drain' });
  const again = agent.value;
  agent.handle({ type: 'silent' }, 'system').handle({ type: 'drain' });

  expect(value).toEqual({ agentId: 'agent-a', status: 'draining', atWork: 1 });
  expect(again).toEqual(value);
  expect(agent.failure).toMatchObject({ code: 'INVALID_TRANSITION', current_state: 'offline', allowed: [] });
});

test('an agent that is sent away finishes what it has, takes nothing more, and goes', () => {
  const agent = answer(assign(makeAgent()));

  dismiss(agent);
  const [value, told] = [agent.value, agent.sentTo('registry')];
  assign(agent, 't-2');
  const refused = agent.sentTo('task');
  agent.handle({ type: 'task_ended', task_id: 't-1', attempt: 1, success: true }, TASK);

  expect(value).toEqual({ agentId: 'agent-a', status: 'draining', atWork: 1 });
  expect(told).toMatchObject([{ type: 'agent_changed', agent: { status: 'draining' } }]);
  expect(refused).toMatchObject([{ type: 'refused', reason: 'draining' }]);
  expect(agent.state).toMatchObject({
    status: 'offline',
    tasks_succeeded: 1,
    deregistered_at: expect.any(String),
  });
  expect(agent.sentTo('registry').at(-1)).toEqual({ type: 'agent_removed', agent_id: 'agent-a' });
  expect(agent.eventNames).toEqual(['deregistered']);
  expect(toldProcess(agent)).toEqual(['lease_lost']);
});

test('an agent without work that is sent away goes at once, and by force also one that has some', () => {
  const idle = dismiss(makeAgent());
  const forced = dismiss(answer(assign(makeAgent())), true);

  expect(idle.value).toMatchObject({ status: 'offline' });
  expect(idle.sentTo('registry').at(-1)).toMatchObject({ type: 'agent_removed' });
  expect(forced.value).toEqual({ agentId: 'agent-a', status: 'offline', atWork: 0 });
  expect(forced.sentTo('task')).toMatchObject([{ type: 'agent_lost' }]);
});

test('who is sent away twice, or is not there, is refused', () => {
  const gone = dismiss(dismiss(makeAgent()));
  const absent = dismiss(new OneActor<Agent>(agentKind, 'agent-x'));

  expect(gone.failure).toMatchObject({ code: 'INVALID_TRANSITION', current_state: 'offline' });
  expect(absent.failure?.code).toBe('AGENT_NOT_FOUND');
});

test('an offline agent that is sent away leaves the registry', () => {
  const agent = dismiss(makeAgent().handle({ type: 'silent' }, 'system'));

  expect(agent.sentTo('registry')).toMatchObject([{ type: 'agent_removed' }]);
  expect(toldProcess(agent)).toEqual([]);
});

test('the process that was sent away does not come back by itself; a new one may join in its name', () => {
  const agent = dismiss(makeAgent());

  register(agent);
  const refused = agent.failure?.code;
  register(agent, { instance: 'two' });

  expect(refused).toBe('STALE_EPOCH');
  expect(agent.state).toMatchObject({ status: 'online', deregistered_at: null, dismissed_instance: null });
});

test('an agent that is gone has no circuit any more, also when the registry spoke of one just before', () => {
  const agent = makeAgent().handle({ type: 'circuit_changed', circuit: 'half_open' }, REGISTRY);
  dismiss(agent);
  const gone = agent.state.circuit;

  agent.handle({ type: 'circuit_changed', circuit: 'open' }, REGISTRY);

  expect([gone, agent.state.circuit]).toEqual(['closed', 'closed']);
});

test('an agent that is lost while it is to finish and go is gone', () => {
  const agent = dismiss(answer(assign(makeAgent())));

  agent.handle({ type: 'silent' }, 'system');

  expect(agent.sentTo('registry')).toMatchObject([{ type: 'agent_removed' }]);
  expect(agent.state).toMatchObject({ leaving: false, deregistered_at: expect.any(String) });
});

test('in maintenance an agent keeps its work and gets no more, until a person lifts it', () => {
  const agent = answer(assign(makeAgent()));

  maintain(agent, true, { reason: 'new disk' });
  const [state, told, events] = [agent.state, agent.sentTo('registry'), agent.eventNames];
  assign(agent, 't-2');
  const refused = agent.sentTo('task');
  maintain(agent, false);

  expect(state).toMatchObject({
    status: 'maintenance',
    maintenance: { by: 'user:anna', reason: 'new disk' },
    assignments: [{ task_id: 't-1' }],
  });
  expect(told).toMatchObject([{ agent: { status: 'maintenance' } }]);
  expect(events).toEqual(['maintenance']);
  expect(refused).toMatchObject([{ type: 'refused', reason: 'maintenance' }]);
  expect(agent.state).toMatchObject({ status: 'online', maintenance: null });
  expect(agent.sentTo('registry')).toMatchObject([{ agent: { status: 'online' } }]);
});

test('maintenance outlives the process, also one that was lost', () => {
  const agent = maintain(makeAgent(), true);

  register(agent, { instance: 'two' });
  const restarted = agent.state.status;
  agent.handle({ type: 'silent' }, 'system');
  register(agent, { instance: 'three' });

  expect([restarted, agent.state.status]).toEqual(['maintenance', 'maintenance']);
});

test('maintenance is for agents at work, and lifted where it is on', () => {
  const offline = maintain(makeAgent().handle({ type: 'silent' }, 'system'), true);
  const online = maintain(makeAgent(), false);
  const twice = maintain(maintain(makeAgent(), true), true);

  expect(offline.failure).toMatchObject({
    code: 'INVALID_TRANSITION',
    current_state: 'offline',
    allowed: ['online'],
  });
  expect(online.failure).toMatchObject({ code: 'INVALID_TRANSITION', current_state: 'online' });
  expect(twice.value).toMatchObject({ status: 'maintenance' });
});

test('an agent for which there is no room is told so, and for a minute need not ask again', () => {
  const agent = makeAgent().handle({ type: 'not_admitted', limit: 100, used: 101 }, REGISTRY);
  const [told, events, toRegistry] = [toldProcess(agent), agent.eventNames, agent.sentTo('registry')];

  agent.nowMs += 15_000;
  register(agent);

  expect(told).toEqual(['lease_lost']);
  expect(events).toEqual(['not_admitted']);
  expect(toRegistry).toEqual([]);
  expect(agent.state.status).toBe('offline');
  expect(agent.failure).toMatchObject({
    code: 'QUOTA_EXCEEDED',
    quota: { name: 'agents', limit: 100, used: 101 },
    retry_after_seconds: 45,
  });
});

test('after the minute it is forgotten, but not one that did something; then it may ask again', () => {
  const fresh = makeAgent().handle({ type: 'not_admitted', limit: 100 }, REGISTRY);
  fresh.handle({ type: 'forget' }, 'timer');
  const early = fresh.isThere;
  fresh.nowMs += 60_000;
  const known = makeAgent();
  known.handle({ type: 'report_performance', outcome: 'success', capabilities: [] });
  known.handle({ type: 'not_admitted', limit: 100 }, REGISTRY);
  known.nowMs += 60_000;

  for (const agent of [fresh, known]) agent.handle({ type: 'forget' }, 'timer');

  expect([early, fresh.isThere]).toEqual([true, false]);
  expect(known.state).toMatchObject({ tasks_total: 1, barred_until: null });
  expect(register(known).state.status).toBe('online');
});

const IDLE = { id: 'agent-b', capabilities: ['code_generation'], avoided: [], free: 1 };

function giveBack(agent: OneActor<Agent>, ...idle: readonly object[]): OneActor<Agent> {
  return agent.handle({ type: 'give_back', idle }, REGISTRY);
}

test('what the process has not accepted goes back for an idle agent that can do it, and the process is told', () => {
  const agent = assign(answer(assign(makeAgent())), 't-2');

  giveBack(agent, IDLE);

  expect(agent.state.assignments).toMatchObject([{ task_id: 't-1', accepted: true }]);
  expect(agent.sentTo('task')).toEqual([
    { type: 'refused', attempt: 1, agent_id: 'agent-a', reason: 'rebalanced' },
  ]);
  expect(toldProcess(agent)).toEqual(['cancel']);
  expect(agent.of('emit')).toMatchObject([{ name: 'rebalanced', payload: { task_ids: ['t-2'] } }]);
});

test('nothing goes back that was accepted, that no idle one can do, or for more than its free slots', () => {
  const accepted = answer(assign(makeAgent()));
  answer(assign(accepted, 't-2'));
  const before = accepted.state;
  const unfit = [
    { ...IDLE, capabilities: ['debugging'] },
    { ...IDLE, avoided: ['TypeScript'] },
  ];
  const waiting = assign(assign(makeAgent()), 't-2');

  expect(giveBack(accepted, IDLE).state).toBe(before);
  expect(giveBack(waiting, ...unfit).of('send')).toEqual([]);
  expect(giveBack(waiting, { ...IDLE, free: 0 }).of('send')).toEqual([]);
  expect(giveBack(waiting, { ...IDLE, free: 5 }).sentTo('task')).toHaveLength(1);
});

test('what a person does to an agent and says why of leaves an entry in the audit; without a reason there is none', () => {
  const acts = [
    { type: 'drain', reason: 'new disk' },
    { type: 'maintenance', enabled: true, reason: 'new disk' },
    { type: 'dismiss', force: true, reason: 'new disk' },
  ];
  const entriesOf = (message: { type: string }) =>
    answer(assign(makeAgent())).handle(message, 'user:anna').sentTo('audit');

  const entries = acts.flatMap(entriesOf);

  const said = { type: 'record', by: 'user:anna', target: 'agent-a', reason: 'new disk' };
  expect(entries).toMatchObject([
    { ...said, act: 'agent.drained', before: { status: 'online', at_work: 1 } },
    { ...said, act: 'agent.maintenance', before: { enabled: true } },
    { ...said, act: 'agent.deregistered', before: { force: true } },
  ]);
  expect(acts.map(({ reason: _reason, ...act }) => act).flatMap(entriesOf)).toEqual([]);
});
