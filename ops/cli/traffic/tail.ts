/**
 * Messages between actors (and events beside them) from the gateway's tail: what passes while it is followed. A line that
 * breaks is opened anew, and what passed meanwhile is told as missing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CliFailure, EXIT } from '../exit.ts';
import { openSocket } from './open-socket.ts';
import type { Passing } from './passing.ts';

export interface TailToFollow {
  readonly url: string;
  /** Who asks. */
  readonly headers: Readonly<Record<string, string>>;
  readonly subject: string;
  readonly signal: AbortSignal;
  readonly onPassing: (passing: Passing) => void;
  /** Messages that are missing, in words. */
  readonly onGap: (words: string) => void;
}

interface Heard {
  readonly type: string;
  readonly through?: number;
  readonly left_out?: number;
  readonly frames?: readonly (Omit<Passing, 'at' | 'body'> & { timestamp: string; payload: unknown })[];
  readonly code?: string;
  readonly detail?: string;
}

const AGAIN_MS = 1_000;
/** Lines that could not be opened in a row, before it is given up. */
const TRIES_MAX = 30;

/** Resolves when the signal is aborted; rejects with a CliFailure. */
export async function followTail(wish: TailToFollow): Promise<void> {
  let failed = 0;
  let hasBeenOpen = false;
  while (!wish.signal.aborted) {
    if (hasBeenOpen && failed === 0) wish.onGap('while the line was broken');
    const isOpened = await oneLine(wish);
    hasBeenOpen ||= isOpened;
    failed = isOpened ? 0 : failed + 1;
    if (wish.signal.aborted) return;
    if (!hasBeenOpen || failed >= TRIES_MAX) {
      throw new CliFailure(EXIT.unreachable, `no live feed answers at ${wish.url}`, {
        mend: 'start a gateway with `oio dev`, or say where it is with --url or OIO_URL',
      });
    }
    await sleep(AGAIN_MS, undefined, { signal: wish.signal }).catch(() => undefined);
  }
}

/** One connection until it breaks or is ended; says whether it was open at all. Rejects where the gateway refuses. */
function oneLine({ url, headers, subject, signal, onPassing, onGap }: TailToFollow): Promise<boolean> {
  const address = new URL(`${url.replace(/^http/, 'ws')}/ws/traffic`);
  address.searchParams.set('subjects', subject);
  return new Promise((resolve, reject) => {
    const socket = openSocket(address, headers);
    let isOpened = false;
    const end = () => socket.close(1000);
    signal.addEventListener('abort', end, { once: true });
    socket.onopen = () => {
      isOpened = true;
    };
    socket.onmessage = ({ data }) => {
      // Of the gateway: lists of events are not asked for, so each message is a batch or a notice.
      const heard = JSON.parse(String(data)) as Heard;
      if (heard.type === 'error' && heard.code === 'VALIDATION_FAILED') {
        reject(new CliFailure(EXIT.invalid, heard.detail ?? 'the gateway refuses the subject'));
        end();
      }
      if (heard.type !== 'tail') return;
      for (const { timestamp, payload, subject: to, seq } of heard.frames ?? [])
        onPassing({ at: timestamp, subject: to, seq, body: payload });
      if (heard.left_out) onGap(`here: ${heard.left_out} were too many to be told`);
      if (socket.readyState === WebSocket.OPEN)
        socket.send(JSON.stringify({ type: 'ack', through: heard.through }));
    };
    socket.onclose = () => {
      signal.removeEventListener('abort', end);
      resolve(isOpened);
    };
  });
}
