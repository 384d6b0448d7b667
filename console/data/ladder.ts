/** What led to a message or an event, and what came of it: from those that passed. Pure. */
import type { LiveFrame } from '#protocols/events.ts';
import type { MessageFrame } from '#protocols/http/lanes.ts';
import { type AnyFrame, isMessage } from './lanes.ts';

export interface Ladder {
  /** The message whose turn gave it, where it passed. */
  readonly causedBy: MessageFrame | null;
  /** What else that turn gave, the oldest first. */
  readonly besides: readonly AnyFrame[];
  /** What the turn of this message gave; of an event: nothing, it is a record. */
  readonly caused: readonly AnyFrame[];
  /** How many that passed have the same first message. */
  readonly ofRoot: number;
}

const SHOWN_MAX = 200;

/** `frames`: what passed, in any order. */
export function ladderOf(frame: AnyFrame, frames: readonly AnyFrame[]): Ladder {
  const { cause, root, id } = frame.payload;
  const others = frames.filter((other) => other !== frame);
  const oldestFirst = (found: AnyFrame[]) => found.sort(byTime).slice(0, SHOWN_MAX);
  return {
    causedBy: others.filter(isMessage).find((other) => other.payload.id === cause) ?? null,
    besides: oldestFirst(others.filter((other) => cause !== null && other.payload.cause === cause)),
    caused: isMessage(frame) ? oldestFirst(others.filter((other) => other.payload.cause === id)) : [],
    ofRoot: frames.filter((other) => other.payload.root === root).length,
  };
}

/** Names a frame in an address: `evt:1234`, `data:812`. */
export function placeOf(frame: AnyFrame): string {
  return isMessage(frame) ? `${frame.lane}:${frame.seq}` : `evt:${(frame as LiveFrame).seq}`;
}

function byTime(a: AnyFrame, b: AnyFrame): number {
  return a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : a.seq - b.seq;
}
