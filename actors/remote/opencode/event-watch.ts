/**
 * Follows the events of one directory of an opencode server. A stream that breaks is opened again; what was said
 * meanwhile is lost, which is why nobody may rely on events alone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Event, OpencodeClient } from '@opencode-ai/sdk/v2/client';

export type EventWatch = {
  /** Resolves when the server has said that it is listening to us, or after `CONNECT_MS` without that. */
  readonly connected: Promise<void>;
  stop(): Promise<void>;
};

type WatchOptions = {
  readonly client: OpencodeClient;
  readonly directory: string;
  readonly onEvent: (event: Event) => void;
};

const CONNECT_MS = 5_000;
const REOPEN_MS = 500;

export function makeEventWatch({ client, directory, onEvent }: WatchOptions): EventWatch {
  const stopping = new AbortController();
  const { signal } = stopping;
  const connected = Promise.withResolvers<void>();
  const giveUp = setTimeout(connected.resolve, CONNECT_MS);
  const take = (event: Event): void => {
    if (event.type === 'server.connected') connected.resolve();
    onEvent(event);
  };
  const following = follow({ client, directory, onEvent: take }, signal);
  return {
    connected: connected.promise,
    async stop() {
      clearTimeout(giveUp);
      connected.resolve();
      stopping.abort();
      await following;
    },
  };
}

async function follow({ client, directory, onEvent }: WatchOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const options = { signal, sseMaxRetryAttempts: 1 };
      const { stream } = await client.event.subscribe({ directory }, options);
      for await (const event of stream) onEvent(event);
    } catch (error) {
      // A broken stream is opened again below; the server's own end is noticed by who waits for its exit.
      if (signal.aborted || error instanceof TypeError) continue;
    }
    await sleep(REOPEN_MS, undefined, { signal }).catch(() => undefined);
  }
}
