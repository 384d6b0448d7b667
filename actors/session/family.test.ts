import { expect, test } from 'vitest';
import { SessionState } from '#protocols/session.ts';
import { admit, makeRunning, makeSession, movesOf, report, toldTasks } from '../testing/session-fixture.ts';

const GONE = { type: 'parent_gone', parent_id: 'parent', reason: 'the parent session is failed' };
const family = { parent_id: 'parent' };

test('a child says to its parent that it is there, and the parent keeps it once', () => {
  const child = makeSession(family);
  const parent = makeSession();

  parent.handle({ type: 'child_joined', child_id: 'c-1' }).handle({ type: 'child_joined', child_id: 'c-1' });

  expect(child.of('send')).toEqual([
    {
      type: 'send',
      to: { type: 'session', tenant: 'dev', id: 'parent' },
      message: { type: 'child_joined', child_id: 's-1' },
    },
  ]);
  expect(parent.state.child_ids).toEqual(['c-1']);
  expect(parent.effects).toEqual([]);
});

test('a parent that has ended, or has too many children, declines a child', () => {
  const ended = makeRunning().handle({ type: 'stop' });
  const full = makeSession();
  full.state = { ...full.state, child_ids: Array.from({ length: 200 }, (_, index) => `c-${index}`) };

  for (const parent of [ended, full]) {
    const before = parent.state;

    parent.handle({ type: 'child_joined', child_id: 'c-new' });

    expect(parent.state).toBe(before);
    expect(parent.sentTo('session')).toMatchObject([{ type: 'parent_gone', parent_id: 's-1' }]);
  }
});

test('a parent that ends, however it ends, says so to each child', () => {
  const endings = [{ type: 'stop' }, { type: 'complete', reason: 'done' }, { type: 'time_is_up', run: 1 }];
  for (const ending of endings) {
    const parent = makeRunning();
    parent.state = { ...parent.state, child_ids: ['c-1', 'c-2'] };

    parent.handle(ending);

    const state = parent.state.state;
    const message = { type: 'parent_gone', parent_id: 's-1', reason: `the parent session is ${state}` };
    expect(parent.sentTo('session')).toEqual([message, message]);
  }
});

test('by the policy orphan a child that is queued, at work or paused becomes an orphan and lets its tasks go', () => {
  for (const state of SessionState.options) {
    const child = makeRunning(family);
    child.state = { ...child.state, state };
    const before = child.state;

    child.handle(GONE);

    if (['queued', 'running', 'paused', 'degraded'].includes(state)) {
      expect(child.state, state).toMatchObject({ state: 'orphaned', state_reason: GONE.reason });
      expect(toldTasks(child), state).toHaveLength(5);
    } else if (state === 'pending') {
      expect(child.state.state).toBe('pending');
      expect(child.state.warnings).toHaveLength(1);
    } else expect(child.state, state).toBe(before);
  }
});

test('by the policy cancel a child is cancelled, and stopped where it is at work', () => {
  const ends: Record<string, string> = {};
  for (const state of ['pending', 'queued', 'paused', 'running', 'degraded'] as const) {
    const child = makeRunning({ ...family, on_parent_end: 'cancel' });
    child.state = { ...child.state, state };

    ends[state] = child.handle(GONE).state.state;
  }

  expect(ends).toEqual({
    pending: 'cancelled',
    queued: 'cancelled',
    paused: 'cancelled',
    running: 'stopped',
    degraded: 'stopped',
  });
});

test('what a former parent says of its end means nothing', () => {
  const child = makeRunning({ parent_id: 'another' });
  const before = child.state;

  child.handle(GONE);

  expect(child.state).toBe(before);
});

test('an orphan is adopted: it leaves its old parent, joins the new one, and goes on in a new run', () => {
  const child = makeRunning(family);
  report(child, 0, { state: 'completed', branch: 'b-0' });
  child.handle(GONE);

  child.handle({ type: 'adopt', parent_id: 'other' });
  const moves = movesOf(child);
  const told = child.of('send').filter(({ to }) => to.type === 'session');
  admit(child);

  expect(moves).toEqual(['orphaned > queued']);
  expect(child.state).toMatchObject({ parent_id: 'other', run: 2, retry_count: 0, state: 'running' });
  expect(told.map(({ to, message }) => `${message.type} ${to.id}`)).toEqual([
    'child_left parent',
    'child_joined other',
  ]);
  expect(toldTasks(child)).not.toContain('restart 0');
});

test('an orphan can stand for itself', () => {
  const child = makeRunning(family).handle(GONE);

  child.handle({ type: 'adopt', parent_id: null });

  expect(child.state.state).toBe('queued');
  expect('parent_id' in child.state).toBe(false);
});

test('an orphan that never began is planned when it is adopted', () => {
  const child = makeSession(family);
  child.state = { ...child.state, state: 'queued' };

  admit(child.handle(GONE).handle({ type: 'adopt', parent_id: null }));

  expect(child.state).toMatchObject({ state: 'running', run: 1 });
  expect(child.state.tasks).toHaveLength(5);
});

test('only an orphan is adopted, and neither by itself nor by its own child', () => {
  const running = makeRunning().handle({ type: 'adopt', parent_id: null });
  const orphan = makeRunning(family);
  orphan.state = { ...orphan.state, child_ids: ['c-1'] };
  orphan.handle(GONE);

  expect(running.failure).toMatchObject({ code: 'INVALID_TRANSITION', current_state: 'running' });
  for (const parent_id of ['s-1', 'c-1']) {
    expect(orphan.handle({ type: 'adopt', parent_id }).failure).toMatchObject({
      code: 'VALIDATION_FAILED',
      errors: [{ path: 'parent_id' }],
    });
  }
});

test('a parent forgets a child that has left', () => {
  const parent = makeSession().handle({ type: 'child_joined', child_id: 'c-1' });

  parent.handle({ type: 'child_left', child_id: 'c-1' });

  expect(parent.state.child_ids).toEqual([]);
});
