import { expect, test } from 'vitest';
import type { Agent } from '#protocols/agent.ts';
import { AgentIn } from '#protocols/eap/message.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { answer, assign, CARD, makeAgent, PAYLOAD, register, TASK } from '../testing/agent-fixture.ts';
import { agentKind } from './agent.ts';

test('a new agent is online, known to the registry, and watched for three intervals', () => {
  const agent = makeAgent();

  expect(agent.state).toMatchObject({
    id: 'agent-a',
    status: 'online',
    instance: 'one',
    heartbeat_seconds: 30,
  });
  expect(agent.value).toEqual({ agentId: 'agent-a', heartbeatSeconds: 30, adopt: [], drop: [] });
  expect(agent.sentTo('registry')).toMatchObject([
    {
      type: 'agent_changed',
      agent: { id: 'agent-a', status: 'online', capacity: 2, tally: [0, 0, 0] },
    },
  ]);
  expect(agentKind.indexOf(agent.state)).toEqual({ status: 'online', title: 'AGENT-A', watchMs: 90_000 });
});

test('an agent may ask for a quicker heartbeat', () => {
  const agent = makeAgent({ card: { ...CARD, heartbeat_seconds: 2 } });

  expect(agent.value).toMatchObject({ heartbeatSeconds: 2 });
  expect(agentKind.indexOf(agent.state).watchMs).toBe(6_000);
});

test('the same process may register again: its assignments stay', () => {
  const agent = answer(assign(makeAgent()));

  register(agent, {
    resume: [
      { task_id: 't-1', attempt: 1 },
      { task_id: 't-9', attempt: 4 },
    ],
  });

  expect(agent.value).toMatchObject({
    adopt: [{ taskId: 't-1', attempt: 1 }],
    drop: [{ taskId: 't-9', attempt: 4 }],
  });
  expect(agent.state.assignments).toMatchObject([{ task_id: 't-1', accepted: true }]);
  expect(agent.sentTo('task')).toEqual([]);
  expect(agent.of('deliver')).toEqual([]);
});

test('an assignment goes to the process as an EAP message, and is asked again until it is answered', () => {
  const agent = assign(makeAgent());
  const [first] = agent.of('deliver');
  const id = first?.id ?? '';
  const waits: number[] = [];
  for (let count = 0; count < 6; count++) {
    waits.push((agent.of('schedule')[0]?.atMs ?? 0) - agent.nowMs);
    agent.handle({ type: 'ask_again', id }, 'timer');
  }

  expect(first?.subject).toBe('eap.v2.dev.agent-a.one.in');
  expect(AgentIn.parse(first?.body)).toMatchObject({
    id,
    kind: 'assign',
    taskId: 't-1',
    attempt: 1,
    payload: PAYLOAD,
  });
  expect(waits).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  expect(agent.of('deliver')[0]).toEqual(first);
});

test('ids of what is delivered fit the protocol also for the longest task id of ours', () => {
  const agent = makeAgent();

  assign(agent, '019b76da-a800-7673-b914-7fd1bcd70b8f', 35);

  expect(() => AgentIn.parse(agent.of('deliver')[0]?.body)).not.toThrow();
});

test('an accepted assignment leaves the inbox, and its task hears of it', () => {
  const agent = assign(makeAgent());
  const id = agent.state.inbox[0]?.id ?? '';

  answer(agent);
  const told = agent.sentTo('task');
  const timers = agent.of('cancel');
  agent.handle({ type: 'delivered', id, answer: { accepted: true } }, 'system');

  expect(told).toEqual([{ type: 'accepted', attempt: 1, agent_id: 'agent-a' }]);
  expect(timers).toEqual([{ type: 'cancel', key: id }]);
  expect(agent.state).toMatchObject({ inbox: [], assignments: [{ task_id: 't-1', accepted: true }] });
  expect(agent.effects).toEqual([]);
});

test('a refused assignment goes back to its task with the reason', () => {
  const agent = answer(assign(makeAgent()), { accepted: false, reason: 'capability' });

  expect(agent.sentTo('task')).toEqual([
    { type: 'refused', attempt: 1, agent_id: 'agent-a', reason: 'capability' },
  ]);
  expect(agent.state).toMatchObject({ inbox: [], assignments: [] });
});

test('an answer that nobody can read is none', () => {
  const agent = assign(makeAgent());
  const before = agent.state;

  for (const said of [null, 'yes', { accepted: 'true' }, { accepted: false, reason: 'because' }])
    answer(agent, said);

  expect(agent.state).toBe(before);
});

test('an assignment that is not answered ten times is given back as unreachable', () => {
  const agent = assign(makeAgent());
  const id = agent.state.inbox[0]?.id ?? '';

  for (let count = 0; count < 9; count++) agent.handle({ type: 'ask_again', id }, 'timer');
  const asked = agent.state.inbox[0]?.asked;
  agent.handle({ type: 'ask_again', id }, 'timer');

  expect(asked).toBe(10);
  expect(agent.sentTo('task')).toMatchObject([{ type: 'refused', reason: 'unreachable' }]);
  expect(agent.state).toMatchObject({ inbox: [], assignments: [] });
});

test('an assignment that is said twice is one', () => {
  const agent = assign(makeAgent());
  const before = agent.state;

  assign(agent);

  expect(agent.state).toBe(before);
});

test('an agent that is not there, offline or draining refuses what is assigned to it', () => {
  const absent = new OneActor<Agent>(agentKind, 'agent-a');
  const offline = makeAgent().handle({ type: 'silent' }, 'system');
  const draining = makeAgent().handle({ type: 'drain', instance: 'one' }, 'agent:agent-a');

  const reasons = [absent, offline, draining].map((agent) => assign(agent).sentTo('task')[0]?.reason);

  expect(reasons).toEqual(['unknown_agent', 'offline', 'draining']);
  expect(absent.isThere).toBe(false);
});

test('a silent agent is lost: its tasks and the registry are told, its inbox is empty, its process is let go', () => {
  const agent = answer(assign(makeAgent()));
  assign(agent, 't-2');
  const id = agent.state.inbox[0]?.id ?? '';

  agent.handle({ type: 'silent' }, 'system');

  expect(agent.state).toMatchObject({ status: 'offline', inbox: [], assignments: [] });
  expect(agent.sentTo('task')).toEqual([
    { type: 'agent_lost', attempt: 1, agent_id: 'agent-a' },
    { type: 'agent_lost', attempt: 1, agent_id: 'agent-a' },
  ]);
  expect(agent.sentTo('registry')).toMatchObject([{ agent: { status: 'offline' } }]);
  expect(agent.of('cancel')).toEqual([{ type: 'cancel', key: id }]);
  expect(agent.of('deliver').map(({ body }) => AgentIn.parse(body).kind)).toEqual(['lease_lost']);
  expect(agent.eventNames).toEqual(['lost']);
  expect(agentKind.indexOf(agent.state).watchMs).toBeNull();
  expect(agent.handle({ type: 'silent' }, 'system').effects).toEqual([]);
});

test('an agent that was lost comes back by registering, and must drop what it held', () => {
  const agent = answer(assign(makeAgent())).handle({ type: 'silent' }, 'system');

  register(agent, { resume: [{ task_id: 't-1', attempt: 1 }] });

  expect(agent.state).toMatchObject({ status: 'online', assignments: [] });
  expect(agent.value).toMatchObject({ adopt: [], drop: [{ taskId: 't-1', attempt: 1 }] });
});

test('a new process keeps what it resumes, is asked what the old one never answered, and loses the rest', () => {
  const agent = answer(assign(makeAgent(), 't-1'));
  answer(assign(agent, 't-2'));
  assign(agent, 't-3');
  const old = agent.state.inbox[0]?.id ?? '';

  register(agent, { instance: 'two', resume: [{ task_id: 't-1', attempt: 1 }] });

  const deliveries = agent.of('deliver').map(({ subject, body }) => `${subject} ${AgentIn.parse(body).kind}`);
  expect(agent.value).toMatchObject({ adopt: [{ taskId: 't-1', attempt: 1 }], drop: [] });
  expect(agent.state.assignments.map(({ task_id }) => task_id)).toEqual(['t-1', 't-3']);
  expect(
    agent
      .of('send')
      .filter(({ message }) => message.type === 'agent_lost')
      .map(({ to }) => to.id),
  ).toEqual(['t-2']);
  expect(deliveries).toEqual(['eap.v2.dev.agent-a.one.in lease_lost', 'eap.v2.dev.agent-a.two.in assign']);

  const before = agent.state;
  agent.handle({ type: 'delivered', id: old, answer: { accepted: true } }, 'system');
  expect(agent.state).toBe(before);
});

test('a process that resumes what it never answered has accepted it', () => {
  const agent = assign(makeAgent());

  register(agent, { instance: 'two', resume: [{ task_id: 't-1', attempt: 1 }] });

  expect(agent.state).toMatchObject({ inbox: [], assignments: [{ task_id: 't-1', accepted: true }] });
  expect(agent.sentTo('task')).toEqual([{ type: 'accepted', attempt: 1, agent_id: 'agent-a' }]);
});

test('a cancelled task leaves the assignments at once, and the process is told until it answers', () => {
  const agent = answer(assign(makeAgent()));

  agent.handle({ type: 'cancel_task', task_id: 't-1', attempt: 1, reason: 'stopped' }, TASK);
  const [delivery] = agent.of('deliver');
  const inbox = agent.state.inbox;
  answer(agent);

  expect(AgentIn.parse(delivery?.body)).toMatchObject({ kind: 'cancel', taskId: 't-1', reason: 'stopped' });
  expect(inbox).toMatchObject([{ kind: 'cancel', task_id: 't-1' }]);
  expect(agent.state).toMatchObject({ inbox: [], assignments: [], tasks_total: 0 });
  expect(agent.sentTo('task')).toEqual([]);
});

test('a cancel takes the place of an assignment that was not answered yet', () => {
  const agent = assign(makeAgent());
  const id = agent.state.inbox[0]?.id ?? '';

  agent.handle({ type: 'cancel_task', task_id: 't-1', attempt: 1, reason: 'stopped' }, TASK);

  expect(agent.state.inbox).toMatchObject([{ kind: 'cancel' }]);
  expect(agent.of('cancel')).toEqual([{ type: 'cancel', key: id }]);
  expect(answer(agent, { accepted: false, reason: 'unknown' }).state.inbox).toEqual([]);
});

test('a cancel that is never answered is given up', () => {
  const agent = answer(assign(makeAgent()));
  agent.handle({ type: 'cancel_task', task_id: 't-1', attempt: 1, reason: 'stopped' }, TASK);
  const id = agent.state.inbox[0]?.id ?? '';

  for (let count = 0; count < 10; count++) agent.handle({ type: 'ask_again', id }, 'timer');

  expect(agent.state.inbox).toEqual([]);
  expect(agent.of('send')).toEqual([]);
});

test('an ended task is counted once, and the registry hears the new count', () => {
  const agent = answer(assign(makeAgent()));

  agent.handle({ type: 'task_ended', task_id: 't-1', attempt: 1, success: true }, TASK);
  const told = agent.sentTo('registry');
  agent.handle({ type: 'task_ended', task_id: 't-1', attempt: 1, success: true }, TASK);

  expect(agent.state).toMatchObject({ assignments: [], tasks_total: 1, tasks_succeeded: 1 });
  expect(told).toMatchObject([{ agent: { tally: [1, 1, 0] } }]);
  expect(agent.effects).toEqual([]);
});

test('a draining agent keeps its work and gets no more; a new process of it is online again', () => {
  const agent = answer(assign(makeAgent())).handle({ type: 'drain', instance: 'one' }, 'agent:agent-a');
  const status = agent.state.status;

  register(agent);
  const still = agent.state.status;
  register(agent, { instance: 'two' });

  expect([status, still, agent.state.status]).toEqual(['draining', 'draining', 'online']);
});

test('an agent that deregisters goes at once, and what it still held is lost', () => {
  const agent = answer(assign(makeAgent()));

  agent.handle({ type: 'deregister', instance: 'one' }, 'agent:agent-a');
  const told = agent.sentTo('task');
  agent.handle({ type: 'deregister', instance: 'one' }, 'agent:agent-a');

  expect(told).toMatchObject([{ type: 'agent_lost' }]);
  expect(agent.state).toMatchObject({ status: 'offline', assignments: [] });
  expect(agent.value).toEqual({ agentId: 'agent-a', status: 'offline', atWork: 0 });
});

test('a process that was replaced can neither drain nor deregister the agent', () => {
  const agent = makeAgent();
  register(agent, { instance: 'two' });
  const before = agent.state;

  for (const type of ['drain', 'deregister']) {
    expect(agent.handle({ type, instance: 'one' }, 'agent:agent-a').failure?.code).toBe('STALE_EPOCH');
  }
  expect(agent.state).toBe(before);
  const absent = new OneActor<Agent>(agentKind, 'agent-x').handle({ type: 'drain' });
  expect(absent.failure?.code).toBe('AGENT_NOT_FOUND');
});

test('an agent that took all it can is shown as busy, one with an open circuit as degraded', () => {
  const shown = (agent: OneActor<Agent>) => agentKind.indexOf(agent.state).status;
  const agent = assign(makeAgent());
  const statuses = [shown(agent)];

  statuses.push(shown(assign(agent, 't-2')));
  agent.handle({ type: 'circuit_changed', circuit: 'open' }, 'registry/dev/agents');
  const events = agent.eventNames;
  statuses.push(shown(agent));
  agent.handle({ type: 'circuit_changed', circuit: 'open' }, 'registry/dev/agents');
  statuses.push(shown(agent.handle({ type: 'silent' }, 'system')));

  expect(statuses).toEqual(['online', 'busy', 'degraded', 'offline']);
  expect(events).toEqual(['circuit_changed']);
});

test('a card with more capabilities and technologies than a registry can hold is refused', () => {
  const primary = Array.from({ length: 50 }, (_, index) => `${'c'.repeat(60)}${index}`);
  const capabilities = { primary, secondary: primary };

  const agent = new OneActor<Agent>(agentKind, 'agent-a');
  register(agent, { card: { ...CARD, capabilities } });

  expect(agent.failure?.code).toBe('VALIDATION_FAILED');
  expect(agent.isThere).toBe(false);
});

test('the registry routes by the primary capabilities of the type, and a card without any of them is refused', () => {
  const card = { ...CARD, agent_type: 'reviewer', capabilities: { secondary: ['debugging'] } };
  const agent = makeAgent({ card });
  const { capabilities } = agent.state;
  const told = agent.sentTo('registry').at(0);
  const misnamed = { ...card, capabilities: { primary: ['code_generation'], secondary: [] } };
  const refused = register(new OneActor<Agent>(agentKind, 'agent-b'), { card: misnamed });

  const primary = ['code_review', 'security_audit', 'performance_analysis', 'compliance_check'];
  expect(capabilities).toEqual({ primary, secondary: ['debugging'] });
  expect(told).toMatchObject({ agent: { primary, secondary: ['debugging'] } });
  expect(refused.failure).toMatchObject({
    code: 'VALIDATION_FAILED',
    errors: [{ path: 'card.capabilities.primary' }],
  });
});
