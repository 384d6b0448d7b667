/** An event as one row of the tail: when, of what, what happened, in a few words. Pure. */
import type { EventRecord, LiveFrame } from '#protocols/events.ts';
import { subjectMatches } from '#protocols/subjects.ts';
import { type Tone, toneOf } from './state-words.ts';

export interface EventRow {
  readonly seq: number;
  readonly atMs: number;
  readonly time: string;
  /** `session`, `task`, … */
  readonly kind: string;
  readonly id: string;
  readonly name: string;
  readonly words: string;
  readonly tone: Tone;
  readonly frame: LiveFrame;
  /** Lower case, for the filter. */
  readonly text: string;
}

const WORDS_MAX = 200;

export function toEventRow(frame: LiveFrame): EventRow {
  const { address, name, payload } = frame.payload;
  const [kind = '', , id = ''] = address.split('/');
  const words = clip(wordsOf(payload));
  const at = new Date(frame.timestamp);
  return {
    seq: frame.seq,
    atMs: at.getTime(),
    time: timeOf(at),
    kind,
    id,
    name,
    words,
    tone: toneOfEvent(frame.payload),
    frame,
    text: `${frame.subject} ${words}`.toLowerCase(),
  };
}

/** By the state that is gone to, or by the event's name. */
export function toneOfEvent({ name, payload }: Pick<EventRecord, 'name' | 'payload'>): Tone {
  const target = typeof payload.to === 'string' ? payload.to : payload.state;
  if (typeof target === 'string') return toneOf(target);
  return name.includes('fail') ? 'fail' : 'idle';
}

/** A filter with a wildcard or `evt.` is one of subjects; any other is words that the row must all contain. */
export function matcherOf(filter: string): (row: EventRow) => boolean {
  const wanted = filter.trim();
  if (wanted === '') return () => true;
  if (/[*>]/.test(wanted) || wanted.startsWith('evt.')) {
    const pattern = wanted.startsWith('evt.') ? wanted : `evt.*.${wanted}`;
    return (row) => subjectMatches(pattern, row.frame.subject);
  }
  const words = wanted.toLowerCase().split(/\s+/);
  return (row) => words.every((word) => row.text.includes(word));
}

/** Known fields in an order that reads well; where there are none, what is short of the others. */
function wordsOf(payload: Readonly<Record<string, unknown>>): string {
  const { from, to, state, percent, tool, status, agent_id, template, ...others } = payload;
  const said = ['title', 'name', 'note', 'reason', 'error', 'outcome'].map((key) => text(payload[key]));
  const parts = [
    typeof from === 'string' && typeof to === 'string' ? `${from} → ${to}` : text(to) || text(state),
    typeof percent === 'number' ? `${Math.round(percent)} %` : '',
    [text(tool), text(status)].filter(Boolean).join(' '),
    template ? `template ${text(template)}` : '',
    ...said,
    agent_id ? `by ${text(agent_id)}` : '',
  ].filter((part) => part !== '');
  return parts.length > 0 ? parts.join(' · ') : othersOf(others);
}

function othersOf(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .filter(([key, value]) => !key.endsWith('_id') && ['string', 'number', 'boolean'].includes(typeof value))
    .map(([key, value]) => `${key} ${value}`)
    .join(' · ');
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function clip(words: string): string {
  const line = words.replace(/\s+/g, ' ');
  return line.length > WORDS_MAX ? `${line.slice(0, WORDS_MAX)}…` : line;
}

/** Local time to the millisecond. */
function timeOf(at: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const milliseconds = String(at.getMilliseconds()).padStart(3, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${milliseconds}`;
}
