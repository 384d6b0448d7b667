/** Messages between actors over HTTP: one whole, by its place or by its id. */

import type { MessageDetail } from '#protocols/client/operations.generated.ts';
import { client, orNull } from './api.ts';
import { type AnyFrame, isMessage } from './lanes.ts';

/** A message whole; null where the log no longer has it. */
export async function readMessage(lane: 'data' | 'control', seq: number): Promise<MessageDetail | null> {
  return orNull(client.getMessageAt({ lane, seq }));
}

/** The message whose turn recorded an event. */
export async function readCause(frame: AnyFrame): Promise<MessageDetail | null> {
  if (isMessage(frame)) return readMessage(frame.lane, frame.seq);
  const { cause, address } = frame.payload;
  return orNull(client.getMessage({ id: cause, to: address, at: frame.timestamp }));
}
