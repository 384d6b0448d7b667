/** A viewer of an event stream for tests: reads it as a browser would, and keeps what it heard. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';

interface Notice {
  readonly type: string;
  readonly [field: string]: unknown;
}

interface HeardFrame {
  readonly seq: number;
  readonly type: string;
  readonly subject: string;
}

export class EventStream {
  readonly frames: HeardFrame[] = [];
  readonly notices: Notice[] = [];
  readonly ids: string[] = [];
  /** False once a sequence did not grow, or something came that had been counted as left out. */
  isInOrder = true;
  leftOut = 0;
  readonly leftOutByType: Record<string, number> = {};
  readonly ended: Promise<unknown>;
  readonly #response: IncomingMessage;
  #rest = '';
  #lastSeq = 0;

  private constructor(response: IncomingMessage) {
    this.#response = response;
    this.ended = once(response, 'close');
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.#read(text));
    response.on('error', () => undefined);
  }

  static async open(url: string, headers: Record<string, string> = {}): Promise<EventStream> {
    const request = get(url, { headers });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return new EventStream(response);
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Resolves once so many frames and notices have come, `alive` among them. */
  async hears(count: number): Promise<void> {
    const signal = AbortSignal.timeout(5_000);
    while (this.frames.length + this.notices.length < count) await once(this.#response, 'data', { signal });
  }

  pause(): void {
    this.#response.pause();
  }

  resume(): void {
    this.#response.resume();
  }

  close(): void {
    this.#response.destroy();
  }

  #read(text: string): void {
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) this.#take(block.split('\n'));
  }

  #take(lines: readonly string[]): void {
    const field = (name: string) =>
      lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
    const [id, name, data] = [field('id'), field('event'), field('data')];
    if (id !== undefined) this.ids.push(id);
    if (data === undefined) return;
    if (name === undefined) this.#takeFrame(JSON.parse(data));
    else this.#takeNotice(JSON.parse(data));
  }

  #takeFrame(frame: HeardFrame): void {
    this.isInOrder &&= frame.seq > this.#lastSeq;
    this.#lastSeq = frame.seq;
    this.frames.push(frame);
  }

  #takeNotice(notice: Notice): void {
    this.notices.push(notice);
    if (notice.type !== 'thinned') return;
    this.leftOut += Number(notice.left_out);
    for (const [type, count] of Object.entries(notice.by_type as Record<string, number>)) {
      this.leftOutByType[type] = (this.leftOutByType[type] ?? 0) + count;
    }
  }
}
