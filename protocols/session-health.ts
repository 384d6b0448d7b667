/** What a session keeps of its latest attempts for its health. */
import { z } from 'zod';

export const RECENT_ATTEMPTS_MAX = 10;

/** A letter an attempt that ended, the latest last: it succeeded, failed, or its agent was lost. */
export const RecentAttempts = z
  .string()
  .max(RECENT_ATTEMPTS_MAX)
  .regex(/^[sfl]*$/);
