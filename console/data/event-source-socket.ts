/**
 * An event stream that looks like the socket of the feed, for where a proxy lets no WebSocket through. What it cannot carry
 * (tail, metrics, acknowledgements) is not said on it; other filters and the past are asked for by opening it anew.
 */
import type { Socket } from './live-events.ts';

const NOTICES = ['subscribed', 'alive', 'gap', 'thinned', 'cluster', 'leaving', 'closed'] as const;
const LOST = 1006;

/** Opens the stream of a WebSocket's address: `wss://host/ws?after=3` is `https://host/events?after=3`. */
export function openEventStream(url: string): Socket {
  const address = new URL(url.replace(/^ws/, 'http'));
  address.pathname = address.pathname.replace(/^\/ws/, '/events');
  return new EventSourceSocket(address);
}

class EventSourceSocket implements Socket {
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  readonly #address: URL;
  #source: EventSource;

  constructor(address: URL) {
    this.#address = address;
    this.#source = this.#open();
  }

  send(text: string): void {
    const request: unknown = JSON.parse(text);
    if (!isSubscribe(request)) return;
    this.#source.close();
    if (request.after !== undefined) this.#address.searchParams.set('after', String(request.after));
    this.#source = this.#open();
  }

  close(): void {
    this.#source.close();
  }

  #open(): EventSource {
    const source = new EventSource(this.#address);
    const hear = (event: MessageEvent<string>) => this.onmessage?.({ data: event.data });
    source.addEventListener('message', hear);
    for (const name of NOTICES) source.addEventListener(name, hear);
    // It would come again by itself, without a pause that grows: the line decides when.
    source.addEventListener('error', () => {
      source.close();
      this.onclose?.({ code: LOST, reason: 'the event stream was lost' });
    });
    return source;
  }
}

function isSubscribe(request: unknown): request is { readonly after?: number } {
  return typeof request === 'object' && request !== null && 'type' in request && request.type === 'subscribe';
}
