/** Events from the gateway's live feed; a line that breaks is taken up again after the last one that came. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CliFailure, EXIT } from '../exit.ts';
import { openSocket } from './open-socket.ts';
import type { Passing } from './passing.ts';

export interface EventsToFollow {
  readonly url: string;
  /** Who asks. */
  readonly headers: Readonly<Record<string, string>>;
  readonly subject: string;
  readonly after?: number | undefined;
  readonly signal: AbortSignal;
  readonly onPassing: (passing: Passing) => void;
  /** Events that the log can't give any more, in words. */
  readonly onGap: (words: string) => void;
}

interface Frame {
  readonly seq?: number;
  readonly type: string;
  readonly subject?: string;
  readonly timestamp?: string;
  readonly payload?: unknown;
  readonly code?: string;
  readonly detail?: string;
  readonly after_seq?: number;
  readonly before_seq?: number;
}

const AGAIN_MS = 1_000;
/** Lines that could not be opened in a row, before it is given up. */
const TRIES_MAX = 30;

/** Resolves when the signal is aborted; rejects with a CliFailure. */
export async function followEvents(wish: EventsToFollow): Promise<void> {
  let after = wish.after;
  let failed = 0;
  let hasBeenOpen = false;
  while (!wish.signal.aborted) {
    const isOpened = await oneLine(wish, after, (frame) => {
      const { type, seq, subject, timestamp, payload } = frame;
      // From where the gateway goes on, also where its log counts from a lower number again.
      if (type === 'gap' && frame.before_seq !== undefined) {
        wish.onGap(`after ${frame.after_seq}, before ${frame.before_seq}: ${frame.detail}`);
        after = frame.before_seq - 1;
      }
      // From now on means from here on, also where the line breaks before anything came.
      if (type === 'subscribed') after ??= seq;
      // Of notices only this one says that nothing is missing up to there.
      if (seq === undefined || (subject === undefined && type !== 'alive')) return;
      after = seq;
      if (subject === undefined) return;
      wish.onPassing({ at: timestamp ?? '', subject, seq, body: payload });
    });
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
function oneLine(
  { url, headers, subject, signal }: EventsToFollow,
  after: number | undefined,
  onFrame: (frame: Frame) => void,
): Promise<boolean> {
  const address = new URL(`${url.replace(/^http/, 'ws')}/ws`);
  address.searchParams.set('subjects', subject);
  if (after !== undefined) address.searchParams.set('after', String(after));
  return new Promise((resolve, reject) => {
    const socket = openSocket(address, headers);
    let isOpened = false;
    const end = () => socket.close(1000);
    signal.addEventListener('abort', end, { once: true });
    socket.onopen = () => {
      isOpened = true;
    };
    socket.onmessage = ({ data }) => {
      // Of the gateway: a list of frames, or one notice.
      for (const frame of [JSON.parse(String(data)) as Frame | Frame[]].flat()) {
        if (frame.type === 'error' && frame.code === 'VALIDATION_FAILED') {
          reject(new CliFailure(EXIT.invalid, frame.detail ?? 'the gateway refuses the subject'));
          end();
        } else if (frame.type === 'thinned') {
          // Too slow: what was left out is still in the log. Nothing more is heard here, and the next line has it all.
          socket.onmessage = null;
          end();
          return;
        } else onFrame(frame);
      }
    };
    socket.onclose = () => {
      signal.removeEventListener('abort', end);
      resolve(isOpened);
    };
  });
}
