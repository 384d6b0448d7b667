/**
 * Tells the orchestrator, every few seconds, that this instance lives and what it works on. Nothing answers it:
 * one that gets lost is made up for by the next.
 */
import type { Heartbeat } from '#protocols/eap/message.ts';
import type { Wire } from './wire.ts';

export interface Beating {
  readonly wire: Wire;
  readonly subject: string;
  readonly everyMs: number;
  readonly instance: string;
  readonly running: () => Heartbeat['running'];
  /** This process slept past the bound (a paused machine): it may count as gone by now. */
  readonly onOversleep: (sleptMs: number) => void;
}

const encoder = new TextEncoder();

/** The first beat goes at once. Returns what stops it. */
export function startHeartbeat(beating: Beating): () => void {
  let lastMs = Date.now();
  const beat = () => {
    const sleptMs = Date.now() - lastMs;
    lastMs = Date.now();
    const body: Heartbeat = {
      instance: beating.instance,
      ts: new Date().toISOString(),
      running: beating.running(),
    };
    beating.wire.tell(beating.subject, encoder.encode(JSON.stringify(body)));
    if (sleptMs > 2.5 * beating.everyMs) beating.onOversleep(sleptMs);
  };
  beat();
  const timer = setInterval(beat, beating.everyMs);
  return () => clearInterval(timer);
}
