import { expect, test } from 'vitest';
import type { Session } from '#protocols/session.ts';
import type { OneActor } from '#protocols/testing/one-actor.ts';
import { admit, makeRunning, movesOf, report } from '../testing/session-fixture.ts';

const REGISTRY = 'registry/dev/agents';

function wait(session: OneActor<Session>, ...agents: string[]): OneActor<Session> {
  return session.handle({ type: 'circuits_waited_for', agents }, REGISTRY);
}

test('a session is degraded while a circuit is open that its tasks wait for, and running again after', () => {
  const session = makeRunning();

  const begun = movesOf(wait(session, 'agent-a'));
  const { state, status_detail, state_reason } = session.state;
  const again = wait(session, 'agent-a').effects;
  const over = movesOf(wait(session));

  expect(begun).toEqual(['running > degraded']);
  expect([state, status_detail]).toEqual(['degraded', 'retry_backoff']);
  expect(state_reason).toContain('agent-a');
  expect(again).toEqual([]);
  expect(over).toEqual(['degraded > running']);
});

test('a retry that is made good does not end what a circuit degrades, nor the other way', () => {
  const session = wait(makeRunning(), 'agent-a');
  const seen: string[] = [];
  const look = () => seen.push(`${session.state.state} ${session.state.status_detail}`);

  report(session, 0, { state: 'ready', attempt: 2, reason: 'agent_lost', error: 'its agent was lost' });
  look();
  report(session, 0, { state: 'in_progress', attempt: 2 });
  look();
  report(session, 1, { state: 'failed', reason: 'retry', error: 'broke' });
  wait(session);
  look();
  report(session, 1, { state: 'in_progress', attempt: 2 });
  look();

  expect(seen).toEqual([
    'degraded lease_lost',
    'degraded retry_backoff',
    'degraded retry_backoff',
    'running working',
  ]);
});

test('a session that is paused keeps in mind what it hears, one that is over stays as it is', () => {
  const paused = makeRunning().handle({ type: 'pause' });
  const stopped = makeRunning().handle({ type: 'stop' });

  expect(movesOf(wait(paused, 'agent-a'))).toEqual([]);
  expect(movesOf(wait(stopped, 'agent-a'))).toEqual([]);
  admit(paused.handle({ type: 'resume' }));
  expect(paused.state).toMatchObject({ state: 'degraded', status_detail: 'retry_backoff' });
  expect(stopped.state.state).toBe('stopped');
});
