/** How the kit and the agent that it tests are connected: over NATS, or over HTTP. */
import type { OutAnswer } from '#protocols/eap/message.ts';

export const TENANT = 'conformance';

/** What the agent said, as it came. Null is no answer. */
export interface Ears {
  onOut(text: string): Promise<OutAnswer | null>;
  onBeat(text: string): void;
}

export interface Line {
  readonly kind: 'nats' | 'http';
  /** Where the agent finds the orchestrator, as its environment has it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Words of `environment` that the agent may say to nobody. */
  readonly secrets: readonly string[];
  /** Tells one process of the agent; its answer. Throws where none came in time. */
  tell(instance: string, message: unknown): Promise<unknown>;
  /** Says what nobody can read; null where that cannot be answered. */
  tellNonsense(instance: string): Promise<readonly unknown[] | null>;
  /** What the agent tried and may not do, as the server noted it. */
  violations(): readonly string[];
  /** Ends all connections, is away for a moment, and is there again at the same address. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export const TELL_WITHIN_MS = 10_000;
