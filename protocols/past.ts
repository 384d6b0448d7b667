/** What gateways ask nodes about an actor's past, and what they are told: requests in core NATS, answered with a reply. */
import { z } from 'zod';
import { Address, AddressText } from './address.ts';

/** A point of an actor's past. */
export const PastPoint = z.discriminatedUnion('type', [
  z.object({ type: z.literal('version'), version: z.number().int().positive() }),
  z.object({ type: z.literal('message'), id: z.string().min(1).max(256) }),
  /** As readers saw it then. */
  z.object({ type: z.literal('time'), atMs: z.number() }),
  z.object({ type: z.literal('now') }),
]);
export type PastPoint = z.infer<typeof PastPoint>;

/** Where in the past of its partition a step is: the batch that took it, and which message of that batch it is. */
export const StepPosition = z.string().regex(/^\d{1,15}\.\d{1,9}$/, 'batch.index');

export const STEPS_MAX = 100;

export const PastRequest = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('history'),
    address: Address,
    from: StepPosition.nullable(),
    limit: z.number().int().min(1).max(STEPS_MAX),
  }),
  z.object({ type: z.literal('at'), address: Address, point: PastPoint }),
  /** What begins a fork of the actor as it was at the point. */
  z.object({ type: z.literal('fork'), address: Address, point: PastPoint }),
]);
export type PastRequest = z.infer<typeof PastRequest>;

export const PastStep = z.object({
  position: StepPosition,
  at: z.iso.datetime().describe('When the log took the message.'),
  lane: z.enum(['data', 'control']),
  seq: z.number().int().describe("The message's place in the lane's stream."),
  message_id: z.string(),
  cause: z.string().nullable().describe('Id of the message whose turn sent this one.'),
  source: z
    .enum(['command', 'cancel', 'effect', 'timer', 'system', 'replay'])
    .describe('Why the message was there.'),
  by: z.string().nullable().describe('Who asked, or which actor sent it.'),
  message: z.record(z.string(), z.unknown()).nullable(),
  effects: z.array(z.record(z.string(), z.unknown())).nullable(),
  shortened: z.boolean().describe('Message and effects are too large to be shown here.'),
  changed: z.boolean().describe('Whether state or timers changed.'),
  version: z.number().int().describe('Version of the actor after it.'),
  digest: z.string().describe('SHA-256 of the state after it.'),
  code: z.string().describe('Version of the code that took the turn.'),
});
export type PastStep = z.infer<typeof PastStep>;

export const PastHistory = z.object({
  steps: z.array(PastStep).describe('Oldest first.'),
  next: StepPosition.nullable().describe('Where the next page begins; null at the end.'),
  kept_from: z
    .object({ version: z.number().int(), at: z.iso.datetime() })
    .nullable()
    .describe('What this page is folded from; null where nothing is kept.'),
  forked_from: z
    .object({
      id: z.string(),
      version: z.number().int(),
      message_id: z.string().nullable(),
      by: z.string(),
    })
    .nullable(),
});
export type PastHistory = z.infer<typeof PastHistory>;

export const PastMoment = z.object({
  address: AddressText,
  version: z.number().int(),
  state_version: z.number().int(),
  state: z.unknown().describe('Null: there was no such actor.'),
  timers: z.record(z.string(), z.object({ at: z.string() })),
  digest: z.string(),
  step: PastStep.nullable().describe('What led there; null where that is not kept.'),
});
export type PastMoment = z.infer<typeof PastMoment>;
