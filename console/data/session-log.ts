/**
 * The live log of a session: what its agents say, the tools and commands that they use, files that they leave, and the
 * steps of its tasks. Made of events, oldest first. Plain data, no signals.
 *
 * S1. Each event is taken once and in order: what is not newer than the last is dropped.
 * S2. A call of a tool is one line from its beginning to its end, and so is a sentence that grows.
 * S3. At most `capacity` lines are kept; the oldest go, and it is said how many went.
 */
import type { LiveFrame } from '#protocols/events.ts';
import { type Tone, toneOf } from './state-words.ts';

export interface LogLine {
  /** Its place, counted from the first line ever: stays the same while the line changes. */
  readonly key: number;
  readonly seq: number;
  readonly atMs: number;
  readonly taskId: string | null;
  readonly kind: 'text' | 'tool' | 'shell' | 'file' | 'state';
  /** Name of the tool, of the file's role, of the step. */
  readonly head: string;
  readonly words: string;
  readonly tone: Tone;
  /** How long the call took, once it is over. */
  readonly tookMs: number | null;
}

export type LogKind = LogLine['kind'];
export const LOG_KINDS: readonly LogKind[] = ['text', 'tool', 'shell', 'file', 'state'];

const CAPACITY = 5_000;
/** A few are dropped at once, so that not each new line moves all. */
const SURPLUS = 500;
const SHELLS: ReadonlySet<string> = new Set(['bash', 'shell', 'sh', 'terminal', 'exec', 'run_command']);

type Draft = Omit<LogLine, 'key' | 'seq' | 'atMs' | 'tookMs'>;

export class SessionLog {
  readonly #capacity: number;
  #lines: LogLine[] = [];
  /** Places of the lines that may still change, counted from the first line ever. */
  readonly #open = new Map<string, number>();
  /** What each task said last: a report of something else repeats it. */
  readonly #said = new Map<string, string>();
  #dropped = 0;
  #lastSeq = 0;

  constructor(capacity = CAPACITY) {
    this.#capacity = capacity;
  }

  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Lines that are no longer kept. */
  get dropped(): number {
    return this.#dropped;
  }

  /** True where a line was added or changed. */
  push(frame: LiveFrame): boolean {
    if (frame.seq <= this.#lastSeq) return false;
    this.#lastSeq = frame.seq;
    const { payload: event } = frame;
    const [kind, , id = ''] = event.address.split('/');
    const atMs = Date.parse(event.at);
    if (kind === 'task' && event.name === 'tool') return this.#call(frame, { id, atMs });
    if (kind === 'task' && event.name === 'progressed') return this.#say(frame, { id, atMs });
    const draft = kind === 'task' ? taskLine(event, id) : kind === 'session' ? sessionLine(event) : null;
    if (!draft) return false;
    if (kind === 'task') this.#open.delete(`text ${id}`);
    this.#add({ ...draft, key: this.#next(), seq: frame.seq, atMs, tookMs: null });
    return true;
  }

  #call({ seq, payload: event }: LiveFrame, { id, atMs }: { id: string; atMs: number }): boolean {
    const { call_id, tool, title, status } = event.payload;
    const name = text(tool);
    const open = `call ${id} ${text(call_id)}`;
    const place = this.#open.get(open);
    const begun = place === undefined ? undefined : this.#lines[place - this.#dropped];
    const isOver = status === 'completed' || status === 'failed';
    const line: LogLine = {
      ...{ key: begun?.key ?? this.#next(), seq, atMs: begun?.atMs ?? atMs, taskId: id },
      kind: SHELLS.has(name) ? 'shell' : 'tool',
      head: name,
      words: text(title) || begun?.words || '',
      tone: status === 'failed' ? 'fail' : isOver ? 'done' : 'run',
      tookMs: isOver && begun ? Math.max(0, atMs - begun.atMs) : null,
    };
    this.#open.delete(`text ${id}`);
    if (begun && place !== undefined) this.#lines[place - this.#dropped] = line;
    else this.#add(line);
    if (isOver) this.#open.delete(open);
    else this.#open.set(open, line.key);
    return true;
  }

  #say({ seq, payload: event }: LiveFrame, { id, atMs }: { id: string; atMs: number }): boolean {
    const note = text(event.payload.note);
    if (note === '' || this.#said.get(id) === note) return false;
    this.#said.set(id, note);
    const open = `text ${id}`;
    const place = this.#open.get(open);
    const last = place === undefined ? undefined : this.#lines[place - this.#dropped];
    const grows = place !== undefined && last !== undefined && note.startsWith(last.words);
    const key = grows ? place : this.#next();
    const line: LogLine = {
      ...{ key, seq, atMs, taskId: id, kind: 'text', head: 'says', words: note, tone: 'idle', tookMs: null },
    };
    if (grows) this.#lines[place - this.#dropped] = line;
    else this.#add(line);
    this.#open.set(open, key);
    return true;
  }

  #next(): number {
    return this.#dropped + this.#lines.length;
  }

  #add(line: LogLine): void {
    this.#lines.push(line);
    if (this.#lines.length <= this.#capacity + SURPLUS) return;
    const surplus = this.#lines.length - this.#capacity;
    this.#lines = this.#lines.slice(surplus);
    this.#dropped += surplus;
    for (const [open, place] of this.#open) if (place < this.#dropped) this.#open.delete(open);
  }
}

function taskLine({ name, payload }: LiveFrame['payload'], id: string): Draft | null {
  if (name === 'artifact_added') {
    return { taskId: id, kind: 'file', head: text(payload.role), words: text(payload.name), tone: 'wait' };
  }
  if (name === 'artifact_deleted') {
    const words = `${text(payload.name)} · ${text(payload.who)}`;
    return { taskId: id, kind: 'file', head: 'deleted', words, tone: 'warn' };
  }
  if (name === 'transitioned') {
    const words = [payload.reason, payload.agent_id].map(text).filter(Boolean).join(' · ');
    return { taskId: id, kind: 'state', head: text(payload.to), words, tone: toneOf(text(payload.to)) };
  }
  if (name === 'late_result') {
    return { taskId: id, kind: 'state', head: 'late result', words: 'kept, and not applied', tone: 'warn' };
  }
  return null;
}

function sessionLine({ name, payload }: LiveFrame['payload']): Draft | null {
  if (name !== 'transitioned') return null;
  const words = [payload.reason, payload.who].map(text).filter(Boolean).join(' · ');
  return { taskId: null, kind: 'state', head: text(payload.to), words, tone: toneOf(text(payload.to)) };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
