/**
 * Messages between actors as they stand in the partitions' logs, for people who look at traffic, as a port.
 *
 * T1. Nothing is read while nobody watches or asks, nothing is ever written, and no consumer stays behind.
 * T2. What a message says of itself is told as it is; one that can't be read is passed over: it names no tenant.
 */
import type { Address } from '#protocols/address.ts';
import type { Envelope } from '#protocols/envelope.ts';
import type { Lane } from '#protocols/subjects.ts';
import type { LiveEvent } from './event-feed.ts';

/** A message and its place in a lane's log. */
export interface LoggedMessage {
  readonly lane: Lane;
  readonly seq: number;
  readonly partition: number;
  /** When the log took it. */
  readonly atMs: number;
  readonly bytes: number;
  readonly envelope: Envelope;
}

/** Where messages are looked for, oldest first. */
export interface MessageRange {
  readonly lane: Lane;
  /** Only in these partitions, or those of these actors; null: in all. */
  readonly near: readonly (Address | number)[] | null;
  /** The first that is looked at: a place, or what the log took at a time or later. */
  readonly from: { readonly seq: number } | { readonly atMs: number };
  /** Nothing that the log took later is looked at. */
  readonly untilMs?: number;
}

export interface MessageQuery extends MessageRange {
  /** Messages given at most, 1 to 2,000. */
  readonly limit: number;
  /** Only those whose id begins so: the others' bodies are not read. */
  readonly idPrefix?: string;
}

/** What an actor's events of a while are looked for by. */
export interface EventsRange {
  readonly of: Address;
  readonly fromMs: number;
  readonly limit: number;
}

/** Messages of a lane, oldest first, and how far it was looked through. */
export interface MessagePage {
  readonly messages: readonly LoggedMessage[];
  /** Where the next page begins; null: that was all. */
  readonly nextSeq: number | null;
}

export interface MessageWatch {
  /** Since when nothing was left out. */
  readonly sinceMs: number;
  stop(): Promise<void>;
}

export interface Messages {
  /** Calls `onMessage` for each from now on, each lane in its order; picks up again by itself after an outage. */
  watch(onMessage: (message: LoggedMessage) => void): Promise<MessageWatch>;
  /** Null: the log no longer has it, or it can't be read. Throws where the log does not answer. */
  at(lane: Lane, seq: number): Promise<LoggedMessage | null>;
  read(query: MessageQuery): Promise<MessagePage>;
  /** Finds by id without reading the bodies of others: looks at up to 20,000. */
  find(id: string, range: MessageRange): Promise<LoggedMessage | null>;
  /** Events of an actor that the log took at a time or later, oldest first. */
  events(range: EventsRange): Promise<LiveEvent[]>;
}
