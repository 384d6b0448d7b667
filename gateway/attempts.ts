/**
 * How often somebody may do what costs us: guess at one key from one address, guess at none, log in with one.
 *
 * G1. What is past the bound is refused without a look at it, right or wrong.
 * G2. Whoever guesses at one key keeps nobody out who comes from the same address with another.
 */
const WINDOW_MS = 60_000;
const FAILURES_MAX = { known: 10, unknown: 60 } as const;
const NAMES_MAX = 10_000;

export interface Attempt {
  readonly address: string;
  /** Of the key that is presented, where there is such a one. */
  readonly keyId: string | null;
}

export class Attempts {
  readonly #elapsedMs: () => number;
  /** The oldest first. */
  readonly #failures = new Map<string, { count: number; readonly sinceMs: number }>();

  constructor(elapsedMs: () => number) {
    this.#elapsedMs = elapsedMs;
  }

  /** Seconds until the next attempt is looked at; 0: now. */
  waitSeconds(attempt: Attempt): number {
    const failures = this.#failures.get(nameOf(attempt));
    const passedMs = failures ? this.#elapsedMs() - failures.sinceMs : WINDOW_MS;
    const max = attempt.keyId === null ? FAILURES_MAX.unknown : FAILURES_MAX.known;
    if (!failures || failures.count < max || passedMs >= WINDOW_MS) return 0;
    return Math.ceil((WINDOW_MS - passedMs) / 1_000);
  }

  note(attempt: Attempt): void {
    const name = nameOf(attempt);
    const nowMs = this.#elapsedMs();
    const known = this.#failures.get(name);
    if (known && nowMs - known.sinceMs < WINDOW_MS) {
      known.count += 1;
      return;
    }
    this.#failures.delete(name);
    this.#failures.set(name, { count: 1, sinceMs: nowMs });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > NAMES_MAX && oldest !== undefined) this.#failures.delete(oldest);
  }
}

function nameOf({ address, keyId }: Attempt): string {
  return keyId === null ? address : `${address} ${keyId}`;
}
