import { expect, test } from 'vitest';
import { PLANNING_TYPE } from '#protocols/plan-by-agent.ts';
import { DONE, fromAgent, makeRunningTask, REGISTRY, resultOf, SESSION } from '../testing/task-fixture.ts';

const PLAN = {
  tasks: [
    { key: 'a', title: 'Design it' },
    { key: 'b', title: 'Build it', after: [{ key: 'a' }] },
  ],
};
const makePlanning = () => makeRunningTask({ task_type: PLANNING_TYPE });
const answer = (result: object) => resultOf({ ...DONE, ...result });

test('a plan goes to the session before the task is completed, as a field or as the text around it', () => {
  const summaries = [{ plan: PLAN }, { summary: `Here it is:\n\`\`\`json\n${JSON.stringify(PLAN)}\n\`\`\`` }];
  for (const result of summaries) {
    const task = fromAgent(makePlanning(), answer(result));

    expect(task.sentTo('session').map(({ type }) => type)).toEqual(['plan_made', 'task_changed']);
    expect(task.sentTo('session')[0]).toMatchObject({
      run: 1,
      task_id: 't-1',
      tasks: [{ key: 'a' }, { key: 'b' }],
    });
    expect(task.state).toMatchObject({ state: 'completed' });
    expect(task.state.result).not.toHaveProperty('plan');
  }
});

test('a plan that is not right is refused with what is wrong, and the next attempt hears of it', () => {
  const circle = [
    { key: 'a', title: 'Design it', after: [{ key: 'b' }] },
    { key: 'b', title: 'The building', after: [{ key: 'a' }] },
  ];
  const task = fromAgent(makePlanning(), answer({ plan: { tasks: circle } }));

  expect(task.state).toMatchObject({ state: 'failed', state_reason: 'retry' });
  expect(task.state.error).toContain('tasks.1.title: begins with a verb');
  expect(task.sentTo('session').map(({ type }) => type)).not.toContain('plan_made');

  task.handle({ type: 'retry', attempt: 2 }, 'timer');
  task.handle({ type: 'routed', agent_id: 'agent-b', score: 1 }, REGISTRY);
  expect(task.sentTo('agent')).toMatchObject([
    {
      type: 'assign',
      payload: { description: expect.stringContaining('the plan was refused: tasks.1.title') },
    },
  ]);
});

test('what is wrong with a plan is said in words: no JSON, no tasks, a circle by its keys', () => {
  const faultOf = (result: object) => fromAgent(makePlanning(), answer(result)).state.error;

  expect(faultOf({ summary: 'I would rather not' })).toContain('it is not a JSON object');
  expect(faultOf({ plan: {} })).toContain('tasks: ');
  expect(
    faultOf({
      plan: {
        tasks: [
          { key: 'a', title: 'Design it', after: [{ key: 'b' }] },
          { key: 'b', title: 'Build it', after: [{ key: 'a' }] },
        ],
      },
    }),
  ).toContain('closes a cycle: a → b → a');
});

test('a plan that stays wrong makes its task fail for good, and then its session hears why', () => {
  const task = makePlanning();
  for (let attempt = 1; attempt <= 3; attempt++) {
    fromAgent(task, answer({ plan: {} }));
    if (attempt === 3) break;
    task.handle({ type: 'retry', attempt: attempt + 1 }, 'timer');
    task.handle({ type: 'routed', agent_id: `agent-${attempt}`, score: 1 }, REGISTRY);
    fromAgent(task, { type: 'accepted' });
  }

  expect(task.state).toMatchObject({ state: 'failed', state_reason: 'failed' });
  expect(task.sentTo('session').at(-1)).toMatchObject({
    error: expect.stringContaining('the plan was refused'),
  });
  expect(task.handle({ type: 'skip', reason: 'x' }, SESSION).state.state).toBe('failed');
});
