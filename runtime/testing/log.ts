/**
 * The log, in memory: three streams, each with its own sequence, as JetStream has them; and the ways to damage it.
 *
 * F1. A message is stored at once when it is published. Readers deliver one after the other and await each.
 * F2. A repeat of an id is dropped while the window remembers it.
 * F3. A reader that is reset looks for its last message again, as a new consumer does (L2).
 */
import { LANES, type Lane, laneSubject, STREAMS } from '#protocols/subjects.ts';
import type { Clock } from '../clock.ts';
import type { Delivery, Entry, JournalPage, Log, Position, Reader, ReaderOptions } from '../log.ts';

export type StreamName = (typeof STREAMS)[keyof typeof STREAMS];

const DUPLICATE_WINDOW_MS = 120_000;

interface Stream {
  lastSeq: number;
  readonly subjects: Map<string, Delivery[]>;
  /** When each id came. */
  readonly ids: Map<string, number>;
}

export class MemoryLog implements Log {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #streams = new Map<string, Stream>();
  readonly #readers = new Set<MemoryReader>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    for (const name of Object.values(STREAMS)) this.#streams.set(name, emptyStream(1));
  }

  async read(options: ReaderOptions): Promise<Reader> {
    const source = { messages: () => this.messages(options.lane, options.partition) };
    const reader = new MemoryReader(options, source, () => this.#readers.delete(reader));
    this.#readers.add(reader);
    reader.start();
    return reader;
  }

  async publish(entry: Entry): Promise<void> {
    const stream = this.#stream(streamOf(entry.subject));
    const atMs = this.#clock.now();
    const beforeAtMs = stream.ids.get(entry.id);
    if (beforeAtMs !== undefined && atMs - beforeAtMs < DUPLICATE_WINDOW_MS) return;
    stream.ids.set(entry.id, atMs);
    stream.lastSeq++;
    const messages = stream.subjects.get(entry.subject) ?? [];
    messages.push({ seq: stream.lastSeq, id: entry.id, atMs, bytes: entry.bytes.slice() });
    stream.subjects.set(entry.subject, messages);
    for (const reader of this.#readers) if (reader.subject === entry.subject) reader.wake();
  }

  async journal({ lane, partition, after, limit }: JournalPage): Promise<Delivery[]> {
    return this.messages(lane, partition)
      .filter((message) => message.seq > after)
      .slice(0, limit);
  }

  async trim(lane: Lane, partition: number, seq: number): Promise<void> {
    const subjects = this.#stream(STREAMS[lane]).subjects;
    const kept = this.messages(lane, partition).filter((message) => message.seq >= seq);
    subjects.set(laneSubject(lane, partition), kept);
  }

  messages(lane: Lane, partition: number): readonly Delivery[] {
    return this.#stream(STREAMS[lane]).subjects.get(laneSubject(lane, partition)) ?? [];
  }

  /** What is kept of the events, in stream order. */
  events(): Delivery[] {
    return [...this.#stream(STREAMS.events).subjects.values()].flat().sort((a, b) => a.seq - b.seq);
  }

  /** As a power failure does: the stream's last messages are gone, and their sequences are given again. */
  loseTail(name: StreamName, count: number): void {
    const stream = this.#stream(name);
    stream.lastSeq = Math.max(0, stream.lastSeq - count);
    for (const [subject, messages] of stream.subjects) {
      const kept = messages.filter((message) => message.seq <= stream.lastSeq);
      stream.subjects.set(subject, kept);
    }
    this.forgetIds(name);
    this.resetReaders();
  }

  /** As if it had been deleted and made anew. */
  recreate(name: StreamName, firstSeq: number): void {
    this.#streams.set(name, emptyStream(firstSeq));
    this.resetReaders();
  }

  /** As a restart of the server can do: repeats are no longer known. */
  forgetIds(name: StreamName): void {
    this.#stream(name).ids.clear();
  }

  /** As when all consumers are lost. */
  resetReaders(): void {
    for (const reader of this.#readers) reader.reset();
  }

  lastSeq(name: StreamName): number {
    return this.#stream(name).lastSeq;
  }

  #stream(name: string): Stream {
    const stream = this.#streams.get(name);
    if (!stream) throw new Error(`no stream is called ${name}`);
    return stream;
  }
}

class MemoryReader implements Reader {
  readonly subject: string;
  readonly #options: ReaderOptions;
  readonly #source: { messages(): readonly Delivery[] };
  readonly #onStopped: () => void;
  #last: Position;
  #mustMatch = true;
  #pending = 0;
  #isStopped = false;
  #wake = Promise.withResolvers<void>();
  #running: Promise<void> = Promise.resolve();

  constructor(options: ReaderOptions, source: { messages(): readonly Delivery[] }, onStopped: () => void) {
    this.subject = laneSubject(options.lane, options.partition);
    this.#options = options;
    this.#source = source;
    this.#onStopped = onStopped;
    this.#last = options.after;
  }

  get pending(): number {
    return this.#pending;
  }

  start(): void {
    this.#pending = this.#ahead().length;
    this.#running = this.#run();
  }

  wake(): void {
    this.#wake.resolve();
  }

  reset(): void {
    this.#mustMatch = true;
    this.wake();
  }

  async stop(): Promise<void> {
    this.#end();
    await this.#running;
  }

  async #run(): Promise<void> {
    // As over a network: nothing is delivered before `read` has returned.
    await Promise.resolve();
    while (!this.#isStopped) {
      if (this.#mustMatch && !this.#matches()) return this.#break();
      this.#mustMatch = false;
      const next = this.#ahead()[0];
      if (next) {
        this.#last = { seq: next.seq, id: next.id };
        await this.#options.onDelivery(next);
      }
      if (this.#mustMatch || this.#isStopped) continue;
      this.#pending = this.#ahead().length;
      if (this.#pending > 0) continue;
      this.#wake = Promise.withResolvers();
      this.#options.onCaughtUp();
      await this.#wake.promise;
    }
  }

  #ahead(): Delivery[] {
    return this.#source.messages().filter((message) => message.seq > this.#last.seq);
  }

  /** Whether the log still has the last message where it was. */
  #matches(): boolean {
    const { seq, id } = this.#last;
    if (seq === 0 || id === null) return true;
    return this.#source.messages().find((message) => message.seq >= seq)?.id === id;
  }

  #break(): void {
    this.#end();
    this.#options.onBroken(`not ${this.#last.id} at ${this.#last.seq}`);
  }

  #end(): void {
    this.#isStopped = true;
    this.#onStopped();
    this.wake();
  }
}

function emptyStream(firstSeq: number): Stream {
  return { lastSeq: firstSeq - 1, subjects: new Map(), ids: new Map() };
}

function streamOf(subject: string): string {
  const lane = LANES.find((name) => subject.startsWith(laneSubject(name, 0).slice(0, -1)));
  return lane ? STREAMS[lane] : STREAMS.events;
}
