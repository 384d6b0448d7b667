/**
 * The first message of an actor that begins as another one was: made by the runtime, never by a person's own words. It
 * carries the state, so that the new actor is the fold of its own log, whatever becomes of the other's.
 */
import { z } from 'zod';
import { AddressText } from './address.ts';

/** No kind's own message begins with a dollar sign. */
export const FORK = '$fork';

export const ForkMessage = z.object({
  type: z.literal(FORK),
  from: AddressText,
  /** Version that the other had at the point, and the message that led to it where it is still known. */
  version: z.number().int().nonnegative(),
  message_id: z.string().nullable(),
  state_version: z.number().int(),
  state: z.unknown(),
});
export type ForkMessage = z.infer<typeof ForkMessage>;
