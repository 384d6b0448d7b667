/**
 * Finds the commits in what a node sends to Postgres, and says where to cut: inside one, or right behind it, so that it
 * is carried out and its answer is lost. Knows of the wire protocol only what that needs: Parse names a statement, Bind
 * uses it.
 */
import type { Tap } from './tcp-proxy.ts';

export type CutPlace = 'inside' | 'behind';

/** Only the commit's text has this. */
const COMMIT_MARK = 'UPDATE partitions p SET batch';
const HEAD_BYTES = 5;
const PARSE = 0x50;
const BIND = 0x42;
/** The first message of a connection has no type. */
const STARTUP_MIN_BYTES = 8;

export class CommitTap {
  #wanted: CutPlace | null = null;
  #cuts = 0;

  /** The next commit of any connection is cut there. */
  arm(place: CutPlace): void {
    this.#wanted = place;
  }

  disarm(): void {
    this.#wanted = null;
  }

  /** How many commits were cut so far. */
  get cuts(): number {
    return this.#cuts;
  }

  /** For one connection. */
  tap(): Tap {
    const messages = new FrontendMessages();
    const commits = new Set<string>();
    return (piece) => {
      for (const { type, body, start, end } of messages.read(piece)) {
        if (type === PARSE && body.includes(COMMIT_MARK)) commits.add(textAt(body, 0));
        if (type !== BIND || this.#wanted === null) continue;
        const portalEnd = body.indexOf(0) + 1;
        if (!commits.has(textAt(body, portalEnd))) continue;
        const place = this.#wanted;
        this.#wanted = null;
        this.#cuts++;
        // Behind it stand Execute and Sync, which the driver sends in the same piece.
        return place === 'behind' ? piece.length : Math.max(1, Math.floor((Math.max(start, 0) + end) / 2));
      }
      return null;
    };
  }
}

function textAt(body: Buffer, from: number): string {
  return body.toString('latin1', from, body.indexOf(0, from));
}

interface FrontendMessage {
  readonly type: number;
  readonly body: Buffer;
  /** Where it stands in the piece that completed it; `start` is negative where it began before. */
  readonly start: number;
  readonly end: number;
}

class FrontendMessages {
  #kept: Buffer = Buffer.alloc(0);
  #hasBegun = false;

  /** The messages that this piece completes. */
  read(piece: Buffer): FrontendMessage[] {
    const before = this.#kept.length;
    let bytes = before === 0 ? piece : Buffer.concat([this.#kept, piece]);
    let at = 0;
    const found: FrontendMessage[] = [];
    for (;;) {
      const size = this.#sizeOf(bytes);
      if (size === null || bytes.length < size) break;
      if (this.#hasBegun) {
        const start = at - before;
        found.push({ type: bytes[0] ?? 0, body: bytes.subarray(HEAD_BYTES, size), start, end: start + size });
      }
      this.#hasBegun = true;
      bytes = bytes.subarray(size);
      at += size;
    }
    this.#kept = Buffer.from(bytes);
    return found;
  }

  #sizeOf(bytes: Buffer): number | null {
    if (!this.#hasBegun) return bytes.length < STARTUP_MIN_BYTES ? null : bytes.readUInt32BE(0);
    return bytes.length < HEAD_BYTES ? null : 1 + bytes.readUInt32BE(1);
  }
}
