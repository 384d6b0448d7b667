/** What may be expected to go wrong when data sets are built and models trained, and whether it is worth another try. */
import type { WorkResult } from '#actors/remote/sdk/result.ts';
import { Refused, Unreachable } from '#protocols/client/client.ts';
import { DatasetRefused } from './assemble.ts';

export class TuningFailure extends Error {
  override name = 'TuningFailure';
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, detail: string, retryable: boolean) {
    super(detail);
    this.code = code;
    this.retryable = retryable;
  }
}

export function toFailedResult(error: unknown): WorkResult {
  const message = error instanceof Error ? error.message : String(error);
  return { success: false, summary: message, error: { message, ...kindOf(error) } };
}

function kindOf(error: unknown): { code: string; retryable: boolean } {
  if (error instanceof TuningFailure) return { code: error.code, retryable: error.retryable };
  if (error instanceof DatasetRefused) return { code: error.code, retryable: false };
  if (error instanceof Unreachable) return { code: 'GATEWAY_AWAY', retryable: true };
  // A client that may not read will not be allowed to by asking again.
  if (error instanceof Refused)
    return { code: 'GATEWAY_REFUSED', retryable: error.status >= 500 || error.status === 429 };
  return { code: 'AGENT_ERROR', retryable: true };
}
