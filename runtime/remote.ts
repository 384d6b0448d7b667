/** The world outside the logs, as a port: waiting callers, remote agents and their heartbeats, large objects. */
import type { Reply } from '#protocols/failure.ts';

export interface Speaker {
  readonly tenant: string;
  readonly agent: string;
}

export interface Remote {
  /** One request; null when nobody answered in time. Never throws. */
  request(subject: string, body: unknown, timeoutMs: number): Promise<unknown>;
  /** Serves what agents say; what `answer` returns is their answer. One node of the cluster takes each. */
  serve(answer: (speaker: Speaker, body: unknown) => Promise<unknown>): void;
  /** Tells a waiting caller. May get lost: the caller then reads the committed reply. */
  answer(replyTo: string, key: string, reply: Reply): void;
  onHeartbeat(listener: (speaker: Speaker) => void): void;
  stop(): Promise<void>;
}

/** Objects too large for a message, by name. */
export interface Objects {
  put(name: string, bytes: Uint8Array): Promise<void>;
  get(name: string): Promise<Uint8Array | null>;
}
