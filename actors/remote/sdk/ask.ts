/**
 * Says one message to the orchestrator until it is answered.
 *
 * A1. Every repeat is the same bytes, the same `id`: applied once, however often it arrives.
 * A2. It ends with an answer that a repeat would not change, or when `signal` aborts (then null).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type AgentOut, OutAnswer } from '#protocols/eap/message.ts';
import type { Logger } from './logger.ts';
import { backoffMs, type Timing } from './timing.ts';
import { type Wire, WireFault } from './wire.ts';

export interface Asking {
  readonly wire: Wire;
  readonly subject: string;
  readonly timing: Timing;
  readonly random: () => number;
  readonly logger: Logger;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export async function askUntilAnswered(
  asking: Asking,
  message: AgentOut,
  signal: AbortSignal,
): Promise<OutAnswer | null> {
  const body = encoder.encode(JSON.stringify(message));
  for (let turn = 0; !signal.aborted; turn++) {
    const answer = await askOnce(asking, body, signal);
    if (answer.ok || !answer.error.retryable) return answer;
    const { code, message: detail } = answer.error;
    asking.logger.debug({ id: message.id, kind: message.kind, code, detail, turn }, 'agent asks again');
    await pauseUnlessAborted(backoffMs(turn, asking.timing, asking.random), signal);
  }
  return null;
}

async function askOnce(asking: Asking, body: Uint8Array, signal: AbortSignal): Promise<OutAnswer> {
  try {
    const within = { timeoutMs: asking.timing.askTimeoutMs, signal };
    return parseAnswer(await asking.wire.ask(asking.subject, body, within));
  } catch (error) {
    if (!(error instanceof WireFault)) throw error;
    return toAnswer(error);
  }
}

/** An answer that cannot be read says nothing about what became of the message: it is asked again. */
export function parseAnswer(body: Uint8Array): OutAnswer {
  try {
    return OutAnswer.parse(JSON.parse(decoder.decode(body)));
  } catch (error) {
    return refusal('INTERNAL_ERROR', `unreadable answer: ${String(error)}`, true);
  }
}

function toAnswer(fault: WireFault): OutAnswer {
  if (fault.type === 'forbidden') return refusal('FORBIDDEN', fault.message, false);
  if (fault.type === 'too_large') return refusal('PAYLOAD_TOO_LARGE', fault.message, false);
  return refusal('AGENT_UNAVAILABLE', fault.message, true);
}

function refusal(code: string, message: string, retryable: boolean): OutAnswer {
  return { ok: false, error: { code, message, retryable } };
}

export async function pauseUnlessAborted(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await pause(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
