/**
 * Lines that stay open: who holds one is looked at again and again.
 *
 * L1. Who would not be let in any more is closed within `EVERY_MS` and the time in which the keys are read anew.
 * L2. Where the keys cannot be read, lines stay for `PATIENCE_MS`, for so long nobody can be told apart; then they are
 *     closed as overloaded ones are, and come again.
 */
import type { Caller } from './caller.ts';
import type { KeyBook } from './key-book.ts';
import { CLOSE, type ViewerLine } from './viewer-line.ts';

const EVERY_MS = 1_000;
const PATIENCE_MS = 30_000;

type Line = Pick<ViewerLine, 'close' | 'onClose'>;

interface OpenLinesOptions {
  readonly book: Pick<KeyBook, 'read'>;
  readonly now: () => number;
  readonly elapsedMs: () => number;
}

export class OpenLines {
  readonly #options: OpenLinesOptions;
  readonly #callers = new Map<Line, Caller>();
  #timer: NodeJS.Timeout | null = null;
  #knownAtMs = 0;

  constructor(options: OpenLinesOptions) {
    this.#options = options;
  }

  hold(line: Line, caller: Caller): void {
    if (caller.key === null) return;
    this.#callers.set(line, caller);
    line.onClose(() => this.#callers.delete(line));
    if (this.#timer) return;
    this.#knownAtMs = this.#options.elapsedMs();
    this.#timer = setTimeout(() => void this.#review(), EVERY_MS).unref();
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#callers.clear();
  }

  async #review(): Promise<void> {
    const { book, now, elapsedMs } = this.#options;
    const keys = await book.read().catch(() => null);
    if (keys) this.#knownAtMs = elapsedMs();
    const isUnknown = elapsedMs() - this.#knownAtMs > PATIENCE_MS;
    for (const [line, caller] of this.#callers) {
      if (keys && !keys.stillKnows(caller, now())) line.close(CLOSE.signedOut, 'the key or login is over');
      else if (isUnknown) line.close(CLOSE.overloaded, 'the keys cannot be read');
      else continue;
      this.#callers.delete(line);
    }
    this.#timer = this.#callers.size === 0 ? null : setTimeout(() => void this.#review(), EVERY_MS).unref();
  }
}
