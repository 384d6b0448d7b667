/** What a viewer is reached through. A WebSocket and an event stream carry the same frames and notices. */
import type { LiveNotice } from '#protocols/http/live.ts';

/** How a viewer is sent away; an event stream says the same numbers in its last event. */
export const CLOSE = { leaving: 1001, refused: 1008, overloaded: 1013, signedOut: 4401 } as const;

/** What is sent to many, written once for each way of sending it. */
export interface Encoded {
  /** A WebSocket's message. */
  readonly list: Buffer;
  /** Server-sent events. */
  readonly stream: Buffer;
}

export interface ViewerLine {
  readonly isOpen: boolean;
  /** Bytes that were sent and have not left this process. */
  readonly waitingBytes: number;
  send(batch: Encoded): void;
  notify(notice: LiveNotice): void;
  /** Asks whether the other side still lives. False: it did not answer the last time. */
  probe(): boolean;
  /** Says why and ends; a line that takes longer than a moment for it is cut. */
  close(code: number, reason: string): void;
  cut(): void;
  onClose(listener: () => void): void;
}
