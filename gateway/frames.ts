/**
 * Events on their way to viewers: each written once as text, and gathered into batches that all viewers of a scope share.
 *
 * A batch is encoded at most once for each way of sending it, however many viewers get it.
 */
import { type LiveFrame, liveTypeOf } from '#protocols/events.ts';
import type { LiveEvent } from '#runtime/event-feed.ts';

/** An event and its text, made once for all viewers. */
export interface Frame {
  readonly seq: number;
  readonly subject: string;
  readonly type: string;
  /** The session that an event of a task belongs to. */
  readonly sessionId: string | null;
  readonly text: string;
}

/** What is left out first for a viewer that reads too slowly: steps on the way, which the next one makes old. */
const PASSING: ReadonlySet<string> = new Set(['task.progressed', 'task.tool', 'session.task_changed']);

export class Batch {
  readonly frames: readonly Frame[];
  #list: Buffer | null = null;
  #stream: Buffer | null = null;
  #lasting: Batch | null = null;

  /** Of at least one frame, by growing sequence. */
  constructor(frames: readonly Frame[]) {
    this.frames = frames;
  }

  get throughSeq(): number {
    return this.frames.at(-1)?.seq ?? 0;
  }

  /** As a WebSocket's message: a JSON list. */
  get list(): Buffer {
    this.#list ??= Buffer.from(`[${this.frames.map(({ text }) => text).join(',')}]`);
    return this.#list;
  }

  /** As server-sent events, each with its `seq` as id. */
  get stream(): Buffer {
    this.#stream ??= Buffer.from(
      this.frames.map(({ seq, text }) => `id: ${seq}\ndata: ${text}\n\n`).join(''),
    );
    return this.#stream;
  }

  /** Without what is left out first. */
  get lasting(): Batch {
    this.#lasting ??= new Batch(this.frames.filter(({ type }) => !PASSING.has(type)));
    return this.#lasting;
  }
}

export function toFrame(event: LiveEvent): Frame {
  const frame = toLiveFrame(event);
  const { session_id } = event.record.payload;
  return {
    seq: event.seq,
    subject: event.subject,
    type: frame.type,
    sessionId: typeof session_id === 'string' ? session_id : null,
    text: JSON.stringify(frame),
  };
}

export function toLiveFrame({ seq, subject, record }: LiveEvent): LiveFrame {
  const kind = record.address.split('/', 1)[0] ?? '';
  return { seq, type: liveTypeOf(kind, record.name), subject, timestamp: record.at, payload: record };
}
