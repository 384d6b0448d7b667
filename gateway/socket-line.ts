/** A viewer's line over a WebSocket: lists of frames, notices by themselves, pings. */
import type { WebSocket } from '@fastify/websocket';
import type { LiveNotice } from '#protocols/http/live.ts';
import type { Encoded, ViewerLine } from './viewer-line.ts';

const AS_TEXT = { binary: false } as const;

export class SocketLine implements ViewerLine {
  readonly #socket: WebSocket;
  readonly #goodbyeMs: number;
  #isAnswering = true;

  constructor(socket: WebSocket, goodbyeMs: number) {
    this.#socket = socket;
    this.#goodbyeMs = goodbyeMs;
    socket.on('pong', () => {
      this.#isAnswering = true;
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  get waitingBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(batch: Encoded): void {
    this.#socket.send(batch.list, AS_TEXT);
  }

  notify(notice: LiveNotice): void {
    this.#socket.send(JSON.stringify(notice));
  }

  probe(): boolean {
    const wasAnswering = this.#isAnswering;
    this.#isAnswering = false;
    if (wasAnswering) this.#socket.ping();
    return wasAnswering;
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
    setTimeout(() => this.cut(), this.#goodbyeMs).unref();
  }

  cut(): void {
    this.#socket.terminate();
  }

  onClose(listener: () => void): void {
    this.#socket.on('close', listener);
  }
}
