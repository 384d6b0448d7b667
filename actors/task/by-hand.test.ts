import { expect, test } from 'vitest';
import { TaskAim, TaskState } from '#protocols/task.ts';
import {
  BROKEN,
  fromAgent,
  makeAssignedTask,
  makeReadyTask,
  makeRunningTask,
  makeTask,
  resultOf,
  SESSION,
} from '../testing/task-fixture.ts';
import { canMove } from './transitions.ts';

const WHO = 'user:anna';
const set = (to: string, extra: Record<string, unknown> = {}) => ({ type: 'set_state', to, ...extra });

/** A task in each state, brought there as it comes there. */
const IN = {
  pending: () => makeTask(),
  ready: () => makeReadyTask(),
  assigned: () => makeAssignedTask(),
  in_progress: () => makeRunningTask(),
  completed: () => makeRunningTask().handle(set('completed'), WHO),
  failed: () => fromAgent(makeRunningTask(), resultOf(BROKEN)),
  blocked: () => makeReadyTask().handle(set('blocked'), WHO),
  paused: () => makeRunningTask().handle(set('paused'), WHO),
  cancelled: () => makeTask().handle(set('cancelled'), WHO),
  skipped: () => makeTask().handle(set('skipped'), WHO),
} as const satisfies Record<TaskState, () => ReturnType<typeof makeTask>>;

/** What a person may not, although the table has it: others decide when it begins. */
const NOT_BY_HAND = new Set(['pending ready', 'pending blocked']);
/** And what is two steps in one: an agent is not waited for. */
const AT_ONCE = new Set(['ready in_progress']);

test('of all states and aims exactly those of the table are reached by hand; the rest is refused with what is allowed', () => {
  for (const from of TaskState.options) {
    for (const to of TaskAim.options) {
      const pair = `${from} ${to}`;
      const task = IN[from]();
      const before = task.state;
      expect(before.state).toBe(from);

      task.handle(set(to, { reason: 'why' }), WHO);

      if ((canMove(from, to) && !NOT_BY_HAND.has(pair)) || AT_ONCE.has(pair)) {
        expect(task.state.state, pair).toBe(to);
        expect(task.value, pair).toEqual({ state: to });
        continue;
      }
      expect(task.failure, pair).toMatchObject({ code: 'INVALID_TRANSITION', current_state: from });
      expect(task.failure?.allowed, pair).toBeDefined();
      expect(task.state, pair).toBe(before);
    }
  }
});

test('a task taken in hand has an attempt of the person, leaves the queue, and no agent hears of it', () => {
  for (const from of ['ready', 'blocked', 'paused'] as const) {
    const task = IN[from]().handle(set('in_progress'), WHO);

    expect(task.state.attempts.at(-1), from).toMatchObject({ agent_id: WHO, outcome: null });
    expect(task.sentTo('registry'), from).toMatchObject([{ type: 'release', agent_id: null }]);
    expect(task.sentTo('agent'), from).toEqual([]);
    expect(task.of('schedule'), from).toEqual([]);

    task.handle(set('completed', { summary: 'done by me', branch: 'anna/fix' }), WHO);
    expect(task.state).toMatchObject({
      state: 'completed',
      result: { success: true, summary: 'done by me', commit: { branch: 'anna/fix' } },
    });
    expect(task.sentTo('agent'), from).toEqual([]);
    expect(task.sentTo('session').at(-1)).toMatchObject({ state: 'completed', branch: 'anna/fix' });
  }
});

test('what an agent has in its hands is taken from it before a person calls it done, failed or off', () => {
  for (const to of ['completed', 'failed', 'paused', 'blocked', 'cancelled', 'ready']) {
    const task = makeRunningTask().handle(set(to, { reason: 'why' }), WHO);

    expect(task.sentTo('agent'), to).toMatchObject([{ type: 'cancel_task', attempt: 1 }]);
    expect(task.sentTo('registry')[0], to).toMatchObject({ type: 'release', outcome: 'none' });
    expect(task.state.failed_agents, to).toEqual([]);
    expect(fromAgent(task, { ...resultOf(BROKEN), attempt: 1, agent_id: 'agent-a' }).failure?.code, to).toBe(
      'STALE_EPOCH',
    );
  }
});

test('a task called failed fails for good, or is tried again where that is asked for', () => {
  const last = makeRunningTask().handle(set('failed', { reason: 'wrong way' }), WHO);
  const again = makeRunningTask().handle(set('failed', { reason: 'wrong way', retry: true }), WHO);

  expect(last.state).toMatchObject({ state: 'failed', state_reason: 'failed', error: 'wrong way' });
  expect(last.of('schedule')).toEqual([]);
  expect(again.state).toMatchObject({ state: 'failed', state_reason: 'retry' });
  expect(again.of('schedule').map(({ key }) => key)).toEqual(['retry']);
  expect(again.handle(set('ready'), WHO).state.state).toBe('ready');
  expect(last.handle(set('ready'), WHO).failure).toMatchObject({ code: 'INVALID_TRANSITION', allowed: [] });
});

test('nobody begins a task whose session is paused', () => {
  const task = makeReadyTask().handle({ type: 'hold', run: 1, reason: 'wait' }, SESSION);

  for (const to of ['ready', 'in_progress']) {
    expect(task.handle(set(to), WHO).failure?.detail, to).toContain('its session is paused');
  }
});

test('a task that is done and waits with its end is not begun again', () => {
  const task = makeRunningTask({
    dependencies: [{ task_id: 't-0', kind: 'finish_to_finish', required: true }],
  }).handle(set('completed'), WHO);

  expect(task.state).toMatchObject({ state: 'blocked', state_reason: 'finish_held' });
  expect(task.handle(set('ready'), WHO).failure?.code).toBe('INVALID_TRANSITION');
  task.handle({ type: 'set_dependencies', dependencies: [], finish_held: false }, SESSION);
  expect(task.state).toMatchObject({ state: 'completed', dependencies: [] });
});

test('a task that a person stopped with its session ends without a word to agents', () => {
  const task = makeReadyTask().handle(set('in_progress'), WHO);

  task.handle({ type: 'cancel', reason: 'stopped', run: 1 }, SESSION);

  expect(task.state).toMatchObject({ state: 'cancelled', attempts: [{ outcome: 'cancelled' }] });
  expect(task.sentTo('agent')).toEqual([]);
});
