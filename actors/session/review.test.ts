import { expect, test } from 'vitest';
import { Session, SessionState } from '#protocols/session.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { sampleSession } from '#protocols/testing/samples.ts';
import { sessionKind } from './session.ts';

function sessionIn(state: SessionState): OneActor<Session> {
  const session = new OneActor<Session>(sessionKind, 's-1');
  session.state = Session.parse(sampleSession({ id: 's-1', state, run: 1 }));
  return session;
}

test('a person accepts or rejects what came to a good end, as an event with who; of anything else there is nothing to accept', () => {
  for (const state of SessionState.options) {
    const session = sessionIn(state);

    session.handle({ type: 'review', verdict: 'accepted', reason: 'merged' }, 'user:anna');

    if (state === 'completed' || state === 'partially_completed') {
      expect(session.state.review).toMatchObject({ verdict: 'accepted', by: 'user:anna', reason: 'merged' });
      expect(session.of('emit')).toMatchObject([
        { name: 'reviewed', payload: { verdict: 'accepted', who: 'user:anna', run: 1 } },
      ]);
      expect(sessionKind.indexOf(session.state).labels).toContain('verdict:accepted');
    } else {
      expect(session.failure).toMatchObject({ code: 'INVALID_TRANSITION', current_state: state });
    }
  }
});

test('the later word counts, and none does for a further run', () => {
  const session = sessionIn('partially_completed').handle({ type: 'review', verdict: 'accepted' });

  session.handle({ type: 'review', verdict: 'rejected', reason: 'breaks the build' }, 'user:bert');
  expect(session.state.review).toMatchObject({ verdict: 'rejected', by: 'user:bert' });
  session.handle({ type: 'retry' });

  expect(session.state.review).toBeUndefined();
});
