/** What passes, as a row says it: events by their words, messages by who sent them to whom. Pure. */
import { toEventRow } from './event-words.ts';
import { shortBytes, shortId } from './figures.ts';
import { placeOf } from './ladder.ts';
import { type AnyFrame, isMessage } from './lanes.ts';
import type { Tone } from './state-words.ts';

export interface TrafficRow {
  readonly place: string;
  readonly time: string;
  /** `evt`, `msg`, or `ctl` for a message of the control lane. */
  readonly lane: string;
  readonly kind: string;
  readonly id: string;
  readonly name: string;
  readonly words: string;
  readonly tone: Tone;
  readonly frame: AnyFrame;
}

export function toTrafficRow(frame: AnyFrame): TrafficRow {
  const place = placeOf(frame);
  if (!isMessage(frame)) {
    const { time, kind, id, name, words, tone } = toEventRow(frame);
    return { place, lane: 'evt', time, kind, id, name, words, tone, frame };
  }
  const { to, message, source, by, bytes } = frame.payload;
  const [kind = '', , id = ''] = to.split('/');
  return {
    ...{ place, frame, kind, id, name: message, tone: 'idle' },
    lane: frame.lane === 'control' ? 'ctl' : 'msg',
    time: clockOf(frame.timestamp),
    words: [source, by === null ? '' : `by ${nameOf(by)}`, shortBytes(bytes)].filter(Boolean).join(' · '),
  };
}

/** `task/dev/0199…` in few characters; any other name as it is. */
export function nameOf(address: string): string {
  const [kind, tenant, id] = address.split('/');
  return tenant !== undefined && id !== undefined ? `${kind} ${shortId(id)}` : address;
}

/** Local time to the millisecond. */
export function clockOf(timestamp: string): string {
  const at = new Date(timestamp);
  const two = (value: number) => String(value).padStart(2, '0');
  const milliseconds = String(at.getMilliseconds()).padStart(3, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${milliseconds}`;
}
