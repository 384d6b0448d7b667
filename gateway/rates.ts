/**
 * Counts of what was heard, by second and kind, for the last minute. Pure.
 *
 * R1. A second's counts are told whole, so that whoever missed a telling has it right after the next one.
 * R2. Kinds are bounded: past `KINDS_MAX` in a second the rest is `other`.
 */
import type { SecondCounts } from '#protocols/http/lanes.ts';

export const SECONDS_KEPT = 60;
const KINDS_MAX = 500;

interface Second {
  readonly second: number;
  readonly counts: Map<string, number>;
  /** Of the newest count in it. */
  mark: number;
}

export class Rates {
  #seconds: Second[] = [];
  #mark = 0;

  /** Grows with each count. */
  get mark(): number {
    return this.#mark;
  }

  count(subject: string, nowMs: number): void {
    const second = this.#at(Math.floor(nowMs / 1_000));
    const kind = kindOf(subject);
    const name = second.counts.has(kind) || second.counts.size < KINDS_MAX ? kind : 'other';
    second.counts.set(name, (second.counts.get(name) ?? 0) + 1);
    second.mark = ++this.#mark;
  }

  /** The seconds that changed after a mark, oldest first; of kinds that begin so only. */
  since(mark: number, prefixes: readonly string[]): SecondCounts[] {
    const changed = this.#seconds.filter((second) => second.mark > mark);
    return changed.map(({ second, counts }) => ({
      second,
      counts: Object.fromEntries(
        [...counts].filter(
          ([kind]) => kind === 'other' || prefixes.some((prefix) => kind.startsWith(prefix)),
        ),
      ),
    }));
  }

  /** Lets go of what is older than a minute. */
  forget(nowMs: number): void {
    const oldest = Math.floor(nowMs / 1_000) - SECONDS_KEPT;
    if ((this.#seconds[0]?.second ?? oldest) < oldest)
      this.#seconds = this.#seconds.filter(({ second }) => second >= oldest);
  }

  #at(second: number): Second {
    const newest = this.#seconds.at(-1);
    // A clock that was set back counts on in the second that it came from.
    if (newest && newest.second >= second) return newest;
    const next: Second = { second, counts: new Map(), mark: this.#mark };
    this.#seconds.push(next);
    if (this.#seconds.length > SECONDS_KEPT + 1) this.#seconds.shift();
    return next;
  }
}

/** `evt.dev.session.*.transitioned`: the filter that shows all of the kind. */
export function kindOf(subject: string): string {
  const [root, tenant, type, , ...rest] = subject.split('.');
  return `${root}.${tenant}.${type}.*.${rest.join('.')}`;
}
