/**
 * The tail lane: events and messages as they pass, for people's eyes.
 *
 * T1. Everything heard gets a number; a batch says which numbers it covers, and how many of them it left out.
 * T2. What came within `tickMs` is filtered once for all viewers of the same filters, and written once for all of them
 *     that were sent the same before. No viewer is waited for.
 */
import { subjectMatches } from '#protocols/subjects.ts';
import { merge, TailBatch, type TailFrame, toPart } from './tail-batch.ts';
import type { Compose, TailViewer, TailViewerLimits } from './tail-viewer.ts';

interface TailOptions {
  readonly tickMs: number;
  readonly limits: TailViewerLimits;
  readonly now: () => number;
}

interface Group {
  readonly key: string;
  readonly subjects: readonly string[];
  readonly viewers: Set<TailViewer>;
}

/** So many of the newest are kept for those that begin. */
const RECENT_MAX = 2_000;

export class Tail {
  readonly #options: TailOptions;
  readonly #groups = new Map<string, Group>();
  readonly #groupOf = new Map<TailViewer, Group>();
  #recent: TailFrame[] = [];
  #pending: TailFrame[] = [];
  #heard = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: TailOptions) {
    this.#options = options;
  }

  get isWatched(): boolean {
    return this.#groups.size > 0;
  }

  /** Whether somebody's filters may show a subject that begins so. */
  wants(prefix: string): boolean {
    return [...this.#groups.values()].some(({ subjects }) => subjects.some((one) => one.startsWith(prefix)));
  }

  hear(frame: TailFrame): void {
    this.#heard += 1;
    this.#recent.push(frame);
    if (this.#recent.length > 2 * RECENT_MAX) this.#recent = this.#recent.slice(-RECENT_MAX);
    if (this.#groups.size === 0) return;
    this.#pending.push(frame);
    this.#wake();
  }

  /** Shows it what comes from now on, after the newest `last` that passed the filters. */
  join(viewer: TailViewer, subjects: readonly string[], last: number): void {
    this.#tick();
    this.leave(viewer);
    viewer.beginAt(this.#heard);
    const key = JSON.stringify(subjects);
    const group = this.#groups.get(key) ?? { key, subjects, viewers: new Set() };
    this.#groups.set(key, group);
    group.viewers.add(viewer);
    this.#groupOf.set(viewer, group);
    const before = last > 0 ? this.#recent.filter((frame) => shows(group, frame)).slice(-last) : [];
    const part = before.length > 0 ? toPart(before) : null;
    viewer.take(part, this.#heard, this.#compose);
  }

  leave(viewer: TailViewer): void {
    const group = this.#groupOf.get(viewer);
    this.#groupOf.delete(viewer);
    group?.viewers.delete(viewer);
    if (group?.viewers.size === 0) this.#groups.delete(group.key);
  }

  acknowledge(viewer: TailViewer, through: number): void {
    viewer.acknowledge(through);
    if (viewer.isWaiting) this.#wake();
  }

  review(): void {
    for (const viewer of this.#groupOf.keys()) {
      viewer.review();
      if (viewer.isWaiting) this.#wake();
    }
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #wake(): void {
    this.#timer ??= setTimeout(() => this.#tick(), this.#options.tickMs);
  }

  #tick(): void {
    this.stop();
    const pending = this.#pending;
    this.#pending = [];
    for (const group of this.#groups.values()) {
      const frames = pending.filter((frame) => shows(group, frame));
      const part = frames.length > 0 ? toPart(frames) : null;
      const made = new Map<string, TailBatch>();
      const compose: Compose = (parts, place) => {
        const key = `${place.after}.${place.begins}`;
        const batch = made.get(key) ?? this.#compose(parts, place);
        made.set(key, batch);
        return batch;
      };
      for (const viewer of group.viewers) viewer.take(part, this.#heard, compose);
    }
  }

  readonly #compose: Compose = (parts, place) => {
    const { limits, now } = this.#options;
    return new TailBatch(merge(parts, limits), { ...place, through: this.#heard, atMs: now() });
  };
}

function shows({ subjects }: Group, { subject }: TailFrame): boolean {
  return subjects.some((filter) => subjectMatches(filter, subject));
}
