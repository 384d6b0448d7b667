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
  /** `session.transitioned`, `task.progressed`, `system.lock.granted`, …: see `liveTypeOf`. */
  type: z.string(),
  subject: z.string(),
  timestamp: z.string(),
  payload: EventRecord,
});
export type LiveFrame = z.infer<typeof LiveFrame>;

export const LIVE_GROUPS = ['session', 'agent', 'task', 'context', 'system'] as const;
export type LiveGroup = (typeof LIVE_GROUPS)[number];

/** Kinds that are a part of another one. */
const PARTS: Readonly<Record<string, LiveGroup>> = {
  'context-owner': 'context',
  'context-history': 'context',
};

/** To which of the feed's five groups the events of a kind of actor belong. What is nobody's own is the system's. */
export function liveGroupOf(kind: string): LiveGroup {
  return LIVE_GROUPS.find((group) => group === kind) ?? PARTS[kind] ?? 'system';
}

/** `session.created`; for a kind that has no group of its own `system.lock.granted`. */
export function liveTypeOf(kind: string, name: string): string {
  const group = liveGroupOf(kind);
  return group !== 'system' || group === kind ? `${group}.${name}` : `${group}.${kind}.${name}`;
}
