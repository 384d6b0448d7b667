/** The port to the network: what the SDK needs of it. Its adapter is `connection.ts`. */

export type WireFaultType =
  | 'timeout'
  | 'no_responders'
  | 'disconnected'
  | 'aborted'
  | 'closed'
  /** The server does not let these credentials use the subject. */
  | 'forbidden'
  | 'too_large'
  | 'other';

export class WireFault extends Error {
  override name = 'WireFault';
  readonly type: WireFaultType;

  constructor(type: WireFaultType, message: string, cause?: unknown) {
    super(message, { cause });
    this.type = type;
  }
}

export interface Listener {
  /** True once it was closed, by us or because the server refused the subscription. */
  isClosed(): boolean;
  close(): void;
}

export interface Wire {
  /** One request, one reply, or a `WireFault`. While disconnected it waits for the line within its time. */
  ask(
    subject: string,
    body: Uint8Array,
    within: { timeoutMs: number; signal: AbortSignal },
  ): Promise<Uint8Array>;
  /** Says it once. May be lost; says nothing while disconnected. */
  tell(subject: string, body: Uint8Array): void;
  /** Every message on `subject` is answered with what `answer` returns. */
  listen(subject: string, answer: (body: Uint8Array) => Uint8Array): Listener;
  onReconnect(then: () => void): void;
  /** False while there is no line. */
  isUp(): boolean;
  /** Resolves when what was said so far has reached the server. */
  flush(): Promise<void>;
  close(): Promise<void>;
}
