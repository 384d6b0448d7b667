import { expect, test } from 'vitest';
import type { TurnContext } from '#protocols/actor.ts';
import { type Task, TaskState } from '#protocols/task.ts';
import { makeTask } from '../testing/task-fixture.ts';
import { move } from './change.ts';
import { canMove } from './transitions.ts';

/** The table of the domain once more, written down another way. */
const STATES = TaskState.options;
const ALLOWED: Record<TaskState, string> = {
  pending: 'ready blocked cancelled skipped',
  ready: 'assigned blocked cancelled skipped',
  assigned: 'in_progress ready cancelled',
  in_progress: 'completed failed blocked paused ready cancelled',
  blocked: 'ready in_progress cancelled skipped',
  paused: 'ready in_progress cancelled skipped',
  failed: 'ready',
  completed: '',
  cancelled: '',
  skipped: '',
};

const CONTEXT: TurnContext = {
  self: { type: 'task', tenant: 'dev', id: 't-1' },
  now: Date.UTC(2026, 0, 1),
  messageId: 'm-1',
  by: 'session/dev/s-1',
  id: () => 'id-1',
};

test('of all 100 pairs of task states exactly those of the table are allowed', () => {
  for (const from of STATES) {
    for (const to of STATES) {
      expect(canMove(from, to), `${from} to ${to}`).toBe(ALLOWED[from].split(' ').includes(to));
    }
  }
});

test('an allowed move is one event and one report to the session; any other is a defect', () => {
  for (const from of STATES) {
    for (const to of STATES) {
      const task: Task = { ...makeTask().state, state: from };
      const go = () => move({ state: task, effects: [] }, { to, reason: 'why' }, CONTEXT);
      if (!canMove(from, to)) {
        expect(go, `${from} to ${to}`).toThrow('not true');
        continue;
      }
      const moved = go();
      expect(moved.state.state).toBe(to);
      expect(moved.effects.slice(0, 2)).toMatchObject([
        {
          type: 'emit',
          name: 'transitioned',
          payload: { from, to, reason: 'why', session_id: 's-1', run: 1 },
        },
        {
          type: 'send',
          to: { type: 'session', id: 's-1' },
          message: { type: 'task_changed', state: to, reason: 'why' },
        },
      ]);
    }
  }
});
