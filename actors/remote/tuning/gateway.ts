/** The gateway as this agent reads it: sessions, tasks, and the content of artifacts. */
import { setTimeout as pause } from 'node:timers/promises';
import { type ApiClient, buildClient } from '#protocols/client/client.ts';

export interface GatewayOptions {
  readonly url: string;
  /** A key that may read; null: the gateway asks for none. */
  readonly key: string | null;
}

const TIMEOUT_MS = 60_000;
const TRIES = 5;
const PAUSE_MS = 500;

/** Reads only: each request may be made again. */
export function buildGateway({ url, key }: GatewayOptions, signal: AbortSignal): ApiClient {
  return buildClient({
    url: url.replace(/\/$/, ''),
    timeoutMs: TIMEOUT_MS,
    signal,
    fetch: async (target, init) => {
      const headers = key === null ? init.headers : { ...init.headers, authorization: `Bearer ${key}` };
      for (let tries = 1; ; tries++) {
        const answer = await fetch(target, { ...init, headers }).catch((error: unknown) => {
          if (tries >= TRIES || signal.aborted) throw error;
          return null;
        });
        const isLater = answer !== null && (answer.status === 429 || answer.status === 503);
        if (answer !== null && (!isLater || tries >= TRIES)) return answer;
        await pause(PAUSE_MS * 2 ** tries, undefined, { signal });
      }
    },
  });
}
