/** Dead letters: messages that were set aside, with their reasons. */
import { z } from 'zod';

/** `replaying`: sent again, and its outcome is not known yet. */
export const LetterStatus = z.enum(['open', 'replaying', 'replayed', 'dropped']);
export type LetterStatus = z.infer<typeof LetterStatus>;

/** Why a message was set aside. Open: later versions know more of them. */
export const LetterReason = z.string().regex(/^[a-z][a-z_]{0,63}$/, 'lower-case letters and "_"');

/** What became of a replay. `ignored`: its timer is not held any more. */
export const ReplayResult = z.enum(['applied', 'ignored', 'failed']);

/** Tenant of letters whose message names none. No tenant can be called so. */
export const NO_TENANT = '-';
