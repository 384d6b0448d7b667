/** The next part of a plan that is too large for one turn is made (P1 and P2 of `making.ts`). Pure. */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import { emit } from '#protocols/effects.ts';
import type { Session, SessionMessage } from '#protocols/session.ts';
import { beginWith, unchanged, withEffects } from '../turn.ts';
import { advance } from './advance.ts';
import { creates, plannedRecord } from './making.ts';
import { tell } from './tell.ts';
import { isAtWork, isEnded } from './transitions.ts';

type Part = Extract<SessionMessage, { type: 'make_tasks' }>;

export function makePart(session: Session, message: Part, context: TurnContext): Turn<Session> {
  const { from, tasks, prompt } = message;
  if (from !== session.tasks.length - session.unmade) return unchanged(session);
  const state = { ...session, unmade: session.unmade - tasks.length };
  const planned = emit('planned', plannedRecord(session, tasks));
  const made = withEffects(beginWith(state), planned, ...creates(state, tasks, prompt));
  const places = tasks.map((_, index) => from + index);
  if (isEnded(session.state)) return tell(made, 'cancel', places);
  // One that waits for its slot again looks at all of them when it has it.
  return isAtWork(session.state) ? advance(made, context, places) : made;
}
