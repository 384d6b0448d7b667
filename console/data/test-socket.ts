import type { Socket } from './live-events.ts';

/** A socket whose other end is the test. */
export class TestSocket implements Socket {
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  readonly url: URL;
  readonly sent: unknown[] = [];
  isClosed = false;

  constructor(url: string) {
    this.url = new URL(url);
  }

  get after(): string | null {
    return this.url.searchParams.get('after');
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.isClosed = true;
  }

  says(...messages: unknown[]): void {
    for (const message of messages) this.onmessage?.({ data: JSON.stringify(message) });
  }

  breaks(code = 1006): void {
    this.onclose?.({ code, reason: '' });
  }
}
