import { expect, test } from 'vitest';
import { SessionState } from '#protocols/session.ts';
import { admit, makeRunning, report, statesOf, taskAt, toldTasks } from '../testing/session-fixture.ts';
import { edgesBefore } from './graph.ts';

const ASK = { type: 'prompt', prompt: 'Document the interface\nin English', mode: 'enqueue' };

test('a prompt becomes a task after all that nothing waits for yet, with its own prompt', () => {
  const session = makeRunning();

  session.handle(ASK);

  expect(taskAt(session, 5)).toMatchObject({
    title: 'Document the interface',
    state: 'pending',
  });
  expect(edgesBefore(session.state, 5)).toEqual([{ at: 4, kind: 'finish_to_start', required: true }]);
  expect(session.sentTo('task')).toMatchObject([
    {
      type: 'create',
      brief: { prompt: ASK.prompt, run: 1 },
      spec: { required_capabilities: ['documentation'] },
    },
  ]);
  expect(session.eventNames).toEqual(['prompted']);
  expect(session.value).toEqual(session.state);
});

test('two prompts are done one after the other', () => {
  const session = makeRunning({ template: 'none' })
    .handle(ASK)
    .handle({ ...ASK, prompt: 'Test it' });
  report(session, 0, { state: 'completed', branch: 'b-0' });
  const first = toldTasks(session);

  report(session, 1, { state: 'completed', branch: 'b-1' });

  expect(first).toEqual(['make_ready 1']);
  expect(toldTasks(session)).toEqual(['make_ready 2']);
  expect(session.sentTo('task')).toEqual([{ type: 'make_ready', merge: ['b-1'] }]);
});

test('a prompt after an optional task is done also where that one fails', () => {
  const session = makeRunning({ template: 'none' });
  session.state = {
    ...session.state,
    tasks: session.state.tasks.map((task) => ({ ...task, required: false })),
  };
  session.handle(ASK);

  report(session, 0, { state: 'failed', reason: 'failed' });

  expect(statesOf(session)).toEqual(['failed', 'ready']);
});

test('a prompt to a paused session waits with everything else', () => {
  const session = makeRunning({ template: 'none' }).handle({ type: 'pause' }).handle(ASK);

  report(session, 0, { state: 'completed' });

  expect(statesOf(session)).toEqual(['completed', 'pending']);
  expect(toldTasks(admit(session.handle({ type: 'resume' })))).toEqual(['make_ready 1']);
});

test('with the mode reject a prompt is refused while an agent is at work, and taken while none is', () => {
  const session = makeRunning();
  const prompt = { ...ASK, mode: 'reject' };

  const idle = session.handle(prompt).failure;
  report(session, 0, { state: 'assigned' });
  const busy = session.handle(prompt).failure;

  expect(idle).toBeUndefined();
  expect(busy).toMatchObject({ code: 'INVALID_TRANSITION', current_state: 'running' });
  expect(session.state.tasks).toHaveLength(6);
});

test('to steer or interrupt where no agent is at work is refused, and says what is taken', () => {
  const session = makeRunning();
  report(session, 0, { state: 'in_progress', agent_id: 'user:anna' });

  for (const mode of ['steer', 'interrupt']) {
    expect(session.handle({ ...ASK, mode }).failure).toMatchObject({
      code: 'INVALID_TRANSITION',
      detail: expect.stringContaining('enqueue'),
      allowed: ['enqueue', 'reject'],
    });
  }
  expect(session.state.tasks).toHaveLength(5);
});

test('what a person says to agents at work goes to their tasks, and adds none', () => {
  const session = makeRunning();
  report(session, 0, { state: 'in_progress', agent_id: 'agent-a' });
  report(session, 1, { state: 'assigned', agent_id: 'agent-b' });

  session.handle({ ...ASK, mode: 'steer' });
  const all = session.of('send').map(({ to, message }) => [to.id, message.type, message.delivery]);
  const word = session.sentTo('task')[0];
  session.handle({ ...ASK, mode: 'interrupt', task_id: taskAt(session, 1).id });
  const one = session.of('send').map(({ to, message }) => [to.id, message.delivery]);
  const elsewhere = session.handle({ ...ASK, mode: 'steer', task_id: taskAt(session, 4).id }).failure;

  expect(all).toEqual([
    [taskAt(session, 0).id, 'steer', 'steer'],
    [taskAt(session, 1).id, 'steer', 'steer'],
  ]);
  expect(word).toMatchObject({ run: 1, prompt: ASK.prompt, by: 'user:anna' });
  expect(one).toEqual([[taskAt(session, 1).id, 'interrupt']]);
  expect(elsewhere?.code).toBe('INVALID_TRANSITION');
  expect(session.state.tasks).toHaveLength(5);
});

test('only a session at work or paused takes a prompt', () => {
  for (const state of SessionState.options) {
    const session = makeRunning();
    session.state = { ...session.state, state };

    session.handle(ASK);

    const isTaken = ['running', 'degraded', 'paused'].includes(state);
    expect(session.failure?.code, state).toBe(isTaken ? undefined : 'INVALID_TRANSITION');
  }
});

test('a session has a thousand tasks at most', () => {
  const session = makeRunning({ template: 'none' });
  const [task] = session.state.tasks;
  const tasks = task ? Array.from({ length: 1_000 }, (_, index) => ({ ...task, id: `t-${index}` })) : [];
  session.state = { ...session.state, tasks };

  expect(session.handle(ASK).failure?.code).toBe('QUOTA_EXCEEDED');
});
