/** Events from the gateway's live feed; a line that breaks is taken up again after the last one that came. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CliFailure, EXIT } from '../exit.ts';
import type { Passing } from './passing.ts';

export interface EventsToFollow {
  readonly url: string;
  readonly subject: string;
  readonly after?: number | undefined;
  readonly signal: AbortSignal;
  readonly onPassing: (passing: Passing) => void;
  /** Some events do not come: they are too old, or too many at once. */
  readonly onGap: () => void;
}

interface Frame {
  readonly seq?: number;
  readonly type: string;
  readonly subject?: string;
  readonly timestamp?: string;
  readonly payload?: unknown;
  readonly detail?: string;
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
      const { seq, subject, timestamp, payload } = frame;
      if (frame.type === 'gap') wish.onGap();
      // Notices have no subject.
      if (seq === undefined || subject === undefined) return;
      after = seq;
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
  { url, subject, signal }: EventsToFollow,
  after: number | undefined,
  onFrame: (frame: Frame) => void,
): Promise<boolean> {
  const address = new URL(`${url.replace(/^http/, 'ws')}/ws`);
  address.searchParams.set('subjects', subject);
  if (after !== undefined) address.searchParams.set('after', String(after));
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address);
    let isOpened = false;
    const end = () => socket.close(1000);
    signal.addEventListener('abort', end, { once: true });
    socket.onopen = () => {
      isOpened = true;
    };
    socket.onmessage = ({ data }) => {
      // Of the gateway: a message is a list of frames, or one notice.
      const frames = [JSON.parse(String(data)) as Frame | readonly Frame[]].flat();
      for (const frame of frames) {
        if (frame.type === 'error' && frame.seq === undefined) {
          reject(new CliFailure(EXIT.invalid, frame.detail ?? 'the gateway refuses the subject'));
          end();
        } else onFrame(frame);
      }
    };
    socket.onclose = () => {
      signal.removeEventListener('abort', end);
      resolve(isOpened);
    };
  });
}
