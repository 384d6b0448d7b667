/**
 * Entities as they are now: read by REST, kept current by events.
 *
 * N1. What is shown never goes back: an older version than the known one is not taken.
 * N2. An event carries no state, only a version. A newer one leads to one read of that entity; events that come
 *     meanwhile are covered by the next read, at least `coalesceMs` later.
 * N3. Reads under way are bounded; the others wait their turn.
 */
import type { Clock } from './clock.ts';

export interface Entity {
  readonly id: string;
  readonly version: number;
}

export interface EntitiesOptions<Item extends Entity> {
  /** Reads one; null where it is gone. */
  readonly load: (id: string) => Promise<Item | null>;
  readonly clock: Clock;
  readonly onChange: () => void;
  readonly coalesceMs?: number;
}

const COALESCE_MS = 250;
const RETRY_MS = 2_000;
const LOADS_MAX = 6;

interface Wanted {
  version: number;
  isLoading: boolean;
  callOff: (() => void) | null;
}

export class Entities<Item extends Entity> {
  readonly #options: EntitiesOptions<Item>;
  readonly #coalesceMs: number;
  readonly #items = new Map<string, Item>();
  readonly #wanted = new Map<string, Wanted>();
  readonly #readAtMs = new Map<string, number>();
  #loading = 0;

  constructor(options: EntitiesOptions<Item>) {
    this.#options = options;
    this.#coalesceMs = options.coalesceMs ?? COALESCE_MS;
  }

  get all(): Item[] {
    return [...this.#items.values()];
  }

  get(id: string): Item | undefined {
    return this.#items.get(id);
  }

  /** Takes a list that was read. Where it is `whole`, what it lacks is gone. */
  merge(items: readonly Item[], isWhole = false): void {
    if (isWhole) {
      const there = new Set(items.map((item) => item.id));
      for (const id of this.#items.keys()) if (!there.has(id)) this.#forget(id);
    }
    for (const item of items) this.#take(item);
    this.#options.onChange();
  }

  /** An event says that this entity is at `version`. */
  hear(id: string, version: number): void {
    if (version <= (this.#items.get(id)?.version ?? -1)) return;
    const wanted = this.#wanted.get(id) ?? { version, isLoading: false, callOff: null };
    wanted.version = Math.max(wanted.version, version);
    this.#wanted.set(id, wanted);
    this.#plan(id, wanted);
  }

  drop(id: string): void {
    this.#forget(id);
    this.#options.onChange();
  }

  stop(): void {
    for (const id of this.#wanted.keys()) this.#forget(id);
  }

  #plan(id: string, wanted: Wanted, pauseMs = 0): void {
    if (wanted.isLoading || wanted.callOff) return;
    const { clock } = this.#options;
    const sinceMs = clock.now() - (this.#readAtMs.get(id) ?? Number.NEGATIVE_INFINITY);
    const waitMs = Math.max(pauseMs, this.#coalesceMs - sinceMs, 0);
    wanted.callOff = clock.after(waitMs, () => {
      wanted.callOff = null;
      if (this.#loading >= LOADS_MAX) this.#plan(id, wanted, this.#coalesceMs);
      else void this.#load(id, wanted);
    });
  }

  async #load(id: string, wanted: Wanted): Promise<void> {
    wanted.isLoading = true;
    this.#loading += 1;
    this.#readAtMs.set(id, this.#options.clock.now());
    const read = await this.#options.load(id).catch(() => undefined);
    this.#loading -= 1;
    wanted.isLoading = false;
    // Meanwhile it was dropped: what was read is out of date.
    if (this.#wanted.get(id) !== wanted) return;
    if (read === undefined) {
      this.#plan(id, wanted, RETRY_MS);
      return;
    }
    if (read === null) this.#forget(id);
    else {
      this.#take(read);
      if (read.version >= wanted.version) this.#wanted.delete(id);
      else this.#plan(id, wanted);
    }
    this.#options.onChange();
  }

  #take(item: Item): void {
    if (item.version >= (this.#items.get(item.id)?.version ?? -1)) this.#items.set(item.id, item);
  }

  #forget(id: string): void {
    this.#items.delete(id);
    this.#readAtMs.delete(id);
    this.#wanted.get(id)?.callOff?.();
    this.#wanted.delete(id);
  }
}
