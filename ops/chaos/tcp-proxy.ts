/**
 * A TCP proxy on loopback that can be told to misbehave: refuse, cut, hold back, delay.
 *
 * X1. Bytes of one direction keep their order, whatever the delay.
 * X2. A silent line keeps its connections open and its bytes, as a network does that forgot its way; afterwards they go on.
 * X3. What is buffered is bounded by the sockets' own marks: a slow side pauses the other.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * Looks at what a client sends. Says after how many bytes of this piece the line is cut: null: not at all; as many as
 * the piece has: the server gets all of it, and its answer is lost.
 */
export type Tap = (piece: Buffer) => number | null;

interface Line {
  readonly client: Socket;
  readonly server: Socket;
  readonly tap: Tap | null;
  /** When the last piece of each direction is due. */
  readonly dueMs: { up: number; down: number };
  isCut: boolean;
}

export class TcpProxy {
  readonly #server: Server;
  readonly #lines = new Set<Line>();
  readonly #makeTap: (() => Tap) | null;
  #port = 0;
  #target: number;
  #delayMs = 0;
  #isSilent = false;
  #isRefusing = false;

  private constructor(target: number, makeTap: (() => Tap) | null) {
    this.#target = target;
    this.#makeTap = makeTap;
    this.#server = createServer({ pauseOnConnect: true }, (client) => this.#accept(client));
  }

  /** On a free port. `makeTap`: for each connection a tap of its own. */
  static async open(target: number, makeTap: (() => Tap) | null = null): Promise<TcpProxy> {
    const proxy = new TcpProxy(target, makeTap);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(0, '127.0.0.1', resolve);
    });
    const address = proxy.#server.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
    proxy.#port = address.port;
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  /** New connections go there. */
  aim(target: number): void {
    this.#target = target;
  }

  /** Each piece waits for so long, in both directions. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  refuse(isRefusing: boolean): void {
    this.#isRefusing = isRefusing;
  }

  /** Nothing goes through, and nobody is told. */
  silence(isSilent: boolean): void {
    this.#isSilent = isSilent;
    for (const line of this.#lines) this.#applySilence(line);
  }

  /** Ends all connections at once; returns how many there were. */
  cut(): number {
    const lines = [...this.#lines];
    for (const line of lines) this.#cut(line);
    return lines.length;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.cut();
    await closed;
  }

  #accept(client: Socket): void {
    if (this.#isRefusing) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: this.#target, host: '127.0.0.1', noDelay: true });
    client.setNoDelay(true);
    const tap = this.#makeTap?.() ?? null;
    const line: Line = { client, server, tap, dueMs: { up: 0, down: 0 }, isCut: false };
    this.#lines.add(line);
    for (const socket of [client, server]) {
      // An error is followed by `close`, and that is where the line ends.
      socket.on('error', () => socket.destroy());
      socket.once('close', () => this.#end(line));
    }
    client.on('data', (piece: Buffer) => this.#up(line, piece));
    server.on('data', (piece: Buffer) => this.#pass(line, 'down', piece));
    this.#applySilence(line);
  }

  #up(line: Line, piece: Buffer): void {
    const cutAfter = line.tap?.(piece) ?? null;
    if (cutAfter === null) {
      this.#pass(line, 'up', piece);
      return;
    }
    line.isCut = true;
    // `end` sends what was written before it says goodbye; the server's answer finds nobody, and it ends the rest.
    line.server.end(piece.subarray(0, cutAfter));
    line.client.destroy();
  }

  #pass(line: Line, way: 'up' | 'down', piece: Buffer): void {
    if (line.isCut) return;
    const nowMs = performance.now();
    const dueMs = Math.max(line.dueMs[way], this.#delayMs > 0 ? nowMs + this.#delayMs : 0);
    line.dueMs[way] = dueMs;
    if (dueMs <= nowMs) this.#write(line, way, piece);
    else setTimeout(() => this.#write(line, way, piece), dueMs - nowMs);
  }

  #write(line: Line, way: 'up' | 'down', piece: Buffer): void {
    const [from, to] = way === 'up' ? [line.client, line.server] : [line.server, line.client];
    if (line.isCut || to.destroyed) return;
    if (to.write(piece)) return;
    from.pause();
    to.once('drain', () => {
      if (!this.#isSilent) from.resume();
    });
  }

  #applySilence({ client, server }: Line): void {
    for (const socket of [client, server]) {
      if (this.#isSilent) socket.pause();
      else socket.resume();
    }
  }

  #cut(line: Line): void {
    line.isCut = true;
    line.client.destroy();
    line.server.destroy();
    this.#lines.delete(line);
  }

  /** One side is gone: the other gets what is still on its way, and then its end. */
  #end(line: Line): void {
    if (!this.#lines.delete(line)) return;
    const afterMs = Math.max(0, line.dueMs.up - performance.now(), line.dueMs.down - performance.now());
    const finish = (): void => {
      for (const socket of [line.client, line.server]) if (!socket.destroyed) socket.destroySoon();
    };
    if (afterMs === 0) finish();
    else setTimeout(finish, afterMs);
  }
}
