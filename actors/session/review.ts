/** What a person says of the work of a session that came to its end: the sign by which data sets choose. Pure. */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import { emit } from '#protocols/effects.ts';
import type { Session, SessionMessage } from '#protocols/session.ts';
import { isoTime, refused, withEffects } from '../turn.ts';
import { replyWith } from './change.ts';
import { invalidTransition, SESSION_STATE_KIND } from './transitions.ts';

/** The later verdict counts; each is an event. Of what did not come to a good end there is nothing to accept. */
export function review(
  session: Session,
  { verdict, reason }: Extract<SessionMessage, { type: 'review' }>,
  context: TurnContext,
): Turn<Session> {
  const { state, run } = session;
  if (SESSION_STATE_KIND[state] !== 'success')
    return refused(session, invalidTransition(state, 'be reviewed'));
  const at = isoTime(context.now);
  const reviewed: Session = {
    ...session,
    updated_at: at,
    review: { verdict, by: context.by, at, reason: reason ?? null },
  };
  const told = emit('reviewed', { verdict, reason: reason ?? null, who: context.by, run });
  return withEffects({ state: reviewed, effects: [told] }, replyWith(reviewed));
}

/** A further run is other work: what was said of the one before does not count for it. */
export function unreviewed({ review: _, ...session }: Session): Session {
  return session;
}
