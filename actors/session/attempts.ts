/** The latest attempts of a session's tasks that ended, whichever task they were of: what its health is told by. Pure. */
import type { Session } from '#protocols/session.ts';
import { RECENT_ATTEMPTS_MAX } from '#protocols/session-health.ts';
import type { TaskNews } from './news.ts';

/** The session with the attempt that this news ends, if it ends one. */
export function noteAttempt(session: Session, news: Pick<TaskNews, 'state' | 'reason'>): Session {
  const letter = letterOf(news);
  if (letter === null) return session;
  return { ...session, recent_attempts: (session.recent_attempts + letter).slice(-RECENT_ATTEMPTS_MAX) };
}

/** An attempt that was refused was none. A retry that is given up was counted when it failed. */
function letterOf({ state, reason }: Pick<TaskNews, 'state' | 'reason'>): 's' | 'f' | 'l' | null {
  if (reason === 'agent_lost') return 'l';
  if (state === 'completed') return 's';
  return state === 'failed' && reason !== 'refused' && reason !== 'cancelled' ? 'f' : null;
}
