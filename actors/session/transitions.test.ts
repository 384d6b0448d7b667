import { expect, test } from 'vitest';
import type { TurnContext } from '#protocols/actor.ts';
import { type Session, SessionState } from '#protocols/session.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { move } from './change.ts';
import { sessionKind } from './session.ts';
import { canMove, isEnded, SESSION_STATE_KIND } from './transitions.ts';

/** The table of the domain once more, written down another way: one line a state, all twelve columns. */
const STATES = SessionState.options;
const ALLOWED: Record<SessionState, string> = {
  pending: 'queued running cancelled failed',
  queued: 'running pending cancelled failed timeout orphaned',
  running: 'completed partially_completed failed timeout paused stopped degraded orphaned',
  paused: 'running queued stopped cancelled failed timeout orphaned',
  degraded: 'running completed partially_completed failed timeout paused stopped orphaned',
  orphaned: 'queued failed stopped',
  failed: 'pending',
  timeout: 'pending',
  stopped: 'pending',
  partially_completed: 'pending',
  completed: '',
  cancelled: '',
};

const CONTEXT: TurnContext = {
  self: { type: 'session', tenant: 'dev', id: 's-1' },
  now: Date.UTC(2026, 0, 1),
  messageId: 'm-1',
  by: 'user:anna',
  id: () => 'id-1',
};

function sessionIn(state: SessionState): Session {
  const actor = new OneActor<Session>(sessionKind, 's-1');
  actor.handle({ type: 'create', title: 'Build it', initial_prompt: 'Build it.' });
  return { ...actor.state, state };
}

test('of all 144 pairs of session states exactly those of the table are allowed', () => {
  for (const from of STATES) {
    for (const to of STATES) {
      expect(canMove(from, to), `${from} to ${to}`).toBe(ALLOWED[from].split(' ').includes(to));
    }
  }
});

test('an allowed move is one event; any other is a defect and happens to nobody', () => {
  for (const from of STATES) {
    for (const to of STATES) {
      const step = { state: sessionIn(from), effects: [] };
      if (!canMove(from, to)) {
        expect(() => move(step, { to, reason: 'why' }, CONTEXT), `${from} to ${to}`).toThrow('not true');
        continue;
      }
      const moved = move(step, { to, reason: 'why' }, CONTEXT);
      const payload = { from, to, reason: 'why', who: 'user:anna', run: 0 };
      expect(moved.state.state).toBe(to);
      expect(moved.effects.filter(({ type }) => type === 'emit')).toEqual([
        { type: 'emit', name: 'transitioned', payload },
      ]);
      expect(moved.state.ended_at === null).toBe(!isEnded(to));
    }
  }
});

test('one state begins, four are active, two are successes and five are failures', () => {
  const statesOf = (kind: string) => STATES.filter((state) => SESSION_STATE_KIND[state] === kind);

  expect(statesOf('initial')).toEqual(['pending']);
  expect(statesOf('active')).toEqual(['queued', 'running', 'paused', 'degraded']);
  expect(statesOf('success')).toEqual(['completed', 'partially_completed']);
  expect(statesOf('failure')).toEqual(['failed', 'timeout', 'stopped', 'cancelled', 'orphaned']);
});

const COMMANDS = [
  { command: 'start', to: 'queued', allowedIn: ['pending'] },
  { command: 'stop', to: 'stopped', allowedIn: ['running', 'degraded', 'paused', 'orphaned'] },
  { command: 'cancel', to: 'cancelled', allowedIn: ['pending', 'queued', 'paused'] },
  { command: 'pause', to: 'paused', allowedIn: ['running', 'degraded'] },
  { command: 'complete', to: 'completed', allowedIn: ['running', 'degraded'] },
  {
    command: 'fail',
    to: 'failed',
    allowedIn: ['pending', 'queued', 'running', 'paused', 'degraded', 'orphaned'],
  },
] as const;

test('start, stop, cancel, pause, complete and fail work in their states; elsewhere the refusal names the state and what is allowed', () => {
  for (const { command, to, allowedIn } of COMMANDS) {
    for (const from of STATES) {
      const actor = new OneActor<Session>(sessionKind, 's-1');
      const before = sessionIn(from);
      actor.state = before;

      actor.handle({ type: command, reason: 'why' });

      if ((allowedIn as readonly string[]).includes(from)) {
        expect(actor.state.state, `${command} ${from}`).toBe(to);
        expect(actor.value).toEqual(actor.state);
        continue;
      }
      expect(actor.state, `${command} ${from}`).toBe(before);
      expect(actor.effects).toHaveLength(1);
      expect(actor.failure).toMatchObject({
        code: 'INVALID_TRANSITION',
        current_state: from,
        allowed: ALLOWED[from].split(' ').filter(Boolean),
      });
    }
  }
});

test('a running session refuses to be cancelled and names stop', () => {
  for (const state of ['running', 'degraded'] as const) {
    const actor = new OneActor<Session>(sessionKind, 's-1');
    actor.state = sessionIn(state);

    actor.handle({ type: 'cancel' });

    expect(actor.failure?.detail).toContain('stop');
  }
});

test('delete is for ended sessions, keeps the record, and then the session is not found', () => {
  for (const state of STATES) {
    const actor = new OneActor<Session>(sessionKind, 's-1');
    actor.state = sessionIn(state);

    actor.handle({ type: 'delete' });

    if (!isEnded(state)) {
      expect(actor.failure, state).toMatchObject({ code: 'INVALID_TRANSITION', current_state: state });
      expect(actor.state.deleted_at).toBeNull();
      continue;
    }
    expect(actor.state.deleted_at, state).not.toBeNull();
    expect(actor.state.state).toBe(state);
    expect(sessionKind.indexOf(actor.state).status).toBe('deleted');
    expect(actor.handle({ type: 'delete' }).failure?.code).toBe('SESSION_NOT_FOUND');
  }
});
