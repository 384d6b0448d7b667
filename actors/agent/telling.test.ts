import { expect, test } from 'vitest';
import type { Agent } from '#protocols/agent.ts';
import { AgentIn } from '#protocols/eap/message.ts';
import type { OneActor } from '#protocols/testing/one-actor.ts';
import { answer, assign, CARD, makeAgent, register, TASK } from '../testing/agent-fixture.ts';
import { agentKind } from './agent.ts';
import { ASKED_MAX } from './inbox.ts';

const DECISION = {
  requestId: 'r-1',
  outcome: 'selected',
  optionId: 'once',
  optionKind: 'allow_once',
  by: 'user:anna',
  note: null,
};
const STEER = { message: 'Use Postgres', delivery: 'steer', by: 'user:anna' };

function tell(agent: OneActor<Agent>, ref = 'a-1', extra: object = {}) {
  const about = { task_id: 't-1', attempt: 1, kind: 'permission.decision', ref, payload: DECISION };
  return agent.handle({ type: 'tell', ...about, ...extra }, TASK);
}

function steer(agent: OneActor<Agent>, delivery = 'steer') {
  return tell(agent, 'w-1', { kind: 'steer', payload: { ...STEER, delivery } });
}

function steerable(): OneActor<Agent> {
  return answer(assign(makeAgent({ card: { ...CARD, supports: { steer: true, interrupt: false } } })));
}

test('an answer is told to the process, and asked again until it is taken', () => {
  const agent = tell(answer(assign(makeAgent())));
  const [delivery] = agent.of('deliver');
  const item = agent.state.inbox[0];
  agent.handle({ type: 'ask_again', id: item?.id ?? '' }, 'timer');
  const again = agent.of('deliver');
  answer(agent);

  expect(AgentIn.parse(delivery?.body)).toMatchObject({
    kind: 'permission.decision',
    taskId: 't-1',
    attempt: 1,
    requestId: 'r-1',
    optionId: 'once',
  });
  expect(again[0]?.id).toBe(delivery?.id);
  expect(agent.state.inbox).toEqual([]);
});

test('answers to two requests of one attempt are two items, and the same one said twice is one', () => {
  const agent = tell(tell(tell(answer(assign(makeAgent())), 'a-1'), 'a-2'), 'a-1');

  expect(agent.state.inbox.map(({ ref }) => ref)).toEqual(['a-1', 'a-2']);
  expect(agent.effects).toEqual([]);
});

test('of an attempt that it does not have, and when it is gone, nothing is told', () => {
  const other = tell(answer(assign(makeAgent())), 'a-1', { attempt: 2 });
  const gone = tell(answer(assign(makeAgent())).handle({ type: 'silent' }, 'system'));

  expect(other.of('deliver')).toEqual([]);
  expect(gone.of('deliver')).toEqual([]);
});

test('with the end of its attempt goes what it was still to be told', () => {
  const agent = tell(answer(assign(makeAgent())));

  agent.handle({ type: 'task_ended', task_id: 't-1', attempt: 1, success: true }, TASK);

  expect(agent.state.inbox).toEqual([]);
  expect(agent.of('cancel')).toHaveLength(1);
});

test('a new process that goes on with the attempt hears what the old one was not told', () => {
  const agent = tell(answer(assign(makeAgent())));

  register(agent, { instance: 'two', resume: [{ task_id: 't-1', attempt: 1 }] });
  const resumed = agent.of('deliver').map(({ body }) => AgentIn.parse(body).kind);
  const fresh = register(tell(answer(assign(makeAgent()))), { instance: 'two' });

  expect(resumed).toContain('permission.decision');
  expect(fresh.state.inbox).toEqual([]);
});

test('a word is told where the card takes it, and its task hears whether it was', () => {
  const agent = steer(steerable());
  const [delivery] = agent.of('deliver');
  answer(agent);
  const taken = agent.sentTo('task');
  const refused = answer(steer(steerable()), { accepted: false, reason: 'unknown' }).sentTo('task');

  expect(AgentIn.parse(delivery?.body)).toMatchObject({ kind: 'steer', message: 'Use Postgres' });
  expect(taken).toMatchObject([{ type: 'steered', steer_id: 'w-1', taken: true, reason: null }]);
  expect(refused).toMatchObject([{ type: 'steered', taken: false, reason: 'unknown' }]);
});

test('a word that the card does not take is not told', () => {
  const none = steer(answer(assign(makeAgent())));
  const other = steer(steerable(), 'interrupt');

  for (const agent of [none, other]) {
    expect(agent.of('deliver')).toEqual([]);
    expect(agent.sentTo('task')).toMatchObject([{ type: 'steered', taken: false }]);
  }
});

test('a word that never reaches the process is not taken', () => {
  const agent = steer(steerable());
  const id = agent.state.inbox[0]?.id ?? '';
  for (let turn = 0; turn < ASKED_MAX; turn++) agent.handle({ type: 'ask_again', id }, 'timer');

  expect(agent.sentTo('task')).toMatchObject([{ taken: false, reason: 'unreachable' }]);
});

test('an agent of version 2 is written without what it did not know', () => {
  const agent = tell(steerable());
  const old = agentKind.writeState(agent.state, 2);

  expect(old).not.toHaveProperty('supports');
  expect(old).toMatchObject({ inbox: [] });
  expect(agentKind.readState(old, 2)).toMatchObject({ id: 'agent-a' });
});

test('an agent of version 5 is written without what it did not know that agents do', () => {
  const card = { ...CARD, supports: { steer: true, interrupt: false, permission: true, resume: true } };
  const agent = makeAgent({ card });
  const old = agentKind.writeState(agent.state, 5);

  expect(old).toHaveProperty('supports', { steer: true, interrupt: false });
  expect(agentKind.readState(old, 4)).toMatchObject({ supports: { steer: true, interrupt: false } });
});
