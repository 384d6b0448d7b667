/**
 * A viewer's line as an event stream (Server-Sent Events): a frame is an event with its sequence as id, a notice one
 * without an id, named as its type. `alive` has an id too: a viewer of little goes on from there.
 */
import type { ServerResponse } from 'node:http';
import type { LiveNotice } from '#protocols/http/live.ts';
import type { Encoded, ViewerLine } from './viewer-line.ts';

/** What a browser waits before it comes again. */
const RETRY_MS = 1_000;

export const STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  // A proxy that gathers what it passes on would hold events back.
  'x-accel-buffering': 'no',
} as const;

export class StreamLine implements ViewerLine {
  readonly #response: ServerResponse;
  readonly #goodbyeMs: number;

  /** Of a response whose head is written. */
  constructor(response: ServerResponse, goodbyeMs: number) {
    this.#response = response;
    this.#goodbyeMs = goodbyeMs;
    response.write(`retry: ${RETRY_MS}\n\n`);
  }

  get isOpen(): boolean {
    return !this.#response.writableEnded && !this.#response.destroyed;
  }

  get waitingBytes(): number {
    return this.#response.writableLength;
  }

  send(batch: Encoded): void {
    this.#response.write(batch.stream);
  }

  notify(notice: LiveNotice): void {
    const id = notice.type === 'alive' ? `id: ${notice.seq}\n` : '';
    this.#response.write(`${id}event: ${notice.type}\ndata: ${JSON.stringify(notice)}\n\n`);
  }

  /** There is no answer in an event stream: a line that is gone shows by what waits in it. */
  probe(): boolean {
    return true;
  }

  close(code: number, detail: string): void {
    this.notify({ type: 'closed', code, detail });
    this.#response.end(`: closed ${code} ${detail}\n\n`);
    setTimeout(() => this.cut(), this.#goodbyeMs).unref();
  }

  cut(): void {
    this.#response.destroy();
  }

  onClose(listener: () => void): void {
    this.#response.on('close', listener);
  }
}
