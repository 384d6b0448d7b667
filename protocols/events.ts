/** Events: records of what happened, on `evt.<tenant>.<type>.<id>.<name>` and in the live feed. */
import { z } from 'zod';
import { AddressText } from './address.ts';

export const EventRecord = z.object({
  /** Unique, and the same when it is published again. */
  id: z.string(),
  address: AddressText,
  name: z.string(),
  /** The actor's version after the turn: a viewer drops what it has seen. */
  version: z.number().int(),
  at: z.iso.datetime(),
  /** Id of the message whose turn emitted it, and of the first message of that chain. */
  cause: z.string(),
  root: z.string(),
  payload: z.record(z.string(), z.unknown()),
});
export type EventRecord = z.infer<typeof EventRecord>;

/** One frame of the live feed. `seq` is the event's place in the EVENTS stream: a viewer resumes after it. */
export const LiveFrame = z.object({
  seq: z.number().int(),
  /** `session.transitioned`, `task.progressed`, … */
  type: z.string(),
  subject: z.string(),
  timestamp: z.string(),
  payload: EventRecord,
});
export type LiveFrame = z.infer<typeof LiveFrame>;
