import { expect, test } from 'vitest';
import type { Context } from '#protocols/context.ts';
import { ACTOR_KINDS } from '../registry.ts';
import { move, RETRY } from '../task/change.ts';
import {
  BRIEF,
  BROKEN,
  fromAgent,
  makeRunningTask,
  makeTask,
  resultOf,
  SESSION,
  SPEC,
} from './task-fixture.ts';
import { World } from './world.ts';

const TASK = { type: 'task', tenant: 'dev', id: 't-1' };

test('a temporary context goes when its task ends, a promoted one stays', () => {
  const world = new World({ kinds: ACTOR_KINDS });
  const contextAt = (id: string) => ({ type: 'context', tenant: 'dev', id });
  const create = { type: 'create', scope: 'temporary', task_id: 't-1', name: 'Notes' };
  world.ask(TASK, { type: 'create', spec: SPEC, brief: BRIEF }, SESSION);
  world.ask(contextAt('c-1'), create);
  world.ask(contextAt('c-2'), create);
  world.ask(contextAt('c-2'), { type: 'promote', base: 1 });

  world.ask(TASK, { type: 'cancel', reason: 'stopped', run: 1 }, SESSION);

  expect(world.state(contextAt('c-1'))).toBe(null);
  expect(world.state(contextAt('c-2'))).toMatchObject({ scope: 'global' } satisfies Partial<Context>);
  const gone = world.events.filter(({ name, address }) => name === 'deleted' && address.id === 'c-1');
  expect(gone).toMatchObject([{ payload: { reason: 'its task is over' } }]);
});

test('a task says that it ended when nothing more comes of it, and not before another attempt', () => {
  const ends = [
    ['in_progress', 'completed'],
    ['in_progress', 'failed'],
    ['pending', 'cancelled'],
    ['pending', 'skipped'],
  ] as const;
  for (const [from, to] of ends) {
    const { state, self } = makeTask();
    const context = { self, now: 0, messageId: 'm', by: SESSION, id: () => 'x' };
    const { effects } = move(
      { state: { ...state, state: from }, effects: [] },
      { to, reason: null },
      context,
    );
    expect(effects.at(-1), to).toMatchObject({ to: { type: 'context-owner', id: 't-1' } });
  }

  const retried = makeRunningTask();
  fromAgent(retried, resultOf(BROKEN));
  expect(retried.state).toMatchObject({ state: 'failed', state_reason: RETRY });
  expect(retried.sentTo('context-owner')).toEqual([]);
  retried.handle({ type: 'cancel', reason: 'stopped', run: 1 }, SESSION);
  expect(retried.sentTo('context-owner')).toMatchObject([{ type: 'task_ended' }]);
});
