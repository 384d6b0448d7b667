/**
 * Batches of the tail: what was heard within a stretch and passed a filter, thinned to what people can read, with counts
 * that stay honest however often it is merged and thinned. Pure.
 *
 * B1. `matched` is what passed the filter; frames and what was left out, by type, add up to it.
 * B2. What weighs (failures, locks, dead letters) is left out only past `weightyMax`, ordinary frames past `ordinaryMax`,
 *     each k-th of them kept.
 */
import type { Encoded } from './viewer-line.ts';

/** One event or message, its text made once for all viewers. */
export interface TailFrame {
  readonly subject: string;
  readonly type: string;
  readonly isWeighty: boolean;
  readonly text: string;
}

/** What was heard after a number up to another one, and passed a filter. */
export interface TailPart {
  readonly matched: number;
  /** Of `matched`, how many do not weigh. */
  readonly ordinary: number;
  readonly frames: readonly TailFrame[];
  readonly leftOut: ReadonlyMap<string, number>;
}

export interface TailLimits {
  readonly ordinaryMax: number;
  readonly weightyMax: number;
  readonly charsMax: number;
}

export const TAIL_LIMITS: TailLimits = { ordinaryMax: 1_000, weightyMax: 2_000, charsMax: 1024 * 1024 };
/** Types are few; should they ever not be, the count stays honest and the batch small. */
const TYPES_MAX = 64;

export function toPart(frames: readonly TailFrame[]): TailPart {
  const ordinary = frames.reduce((count, { isWeighty }) => count + (isWeighty ? 0 : 1), 0);
  return { matched: frames.length, ordinary, frames, leftOut: new Map() };
}

/** One part of several that follow each other, within the limits. */
export function merge(parts: readonly TailPart[], limits: TailLimits): TailPart {
  const frames = parts.flatMap((part) => part.frames);
  const sum = (of: (part: TailPart) => number) => parts.reduce((total, part) => total + of(part), 0);
  const leftOut = new Map<string, number>();
  for (const part of parts) for (const [type, count] of part.leftOut) leaveOut(leftOut, type, count);
  const kept = thin(frames, limits, leftOut);
  return {
    matched: sum(({ matched }) => matched),
    ordinary: sum(({ ordinary }) => ordinary),
    frames: kept,
    leftOut,
  };
}

function thin(frames: readonly TailFrame[], limits: TailLimits, leftOut: Map<string, number>) {
  let chars = 0;
  let weighty = 0;
  for (const frame of frames) {
    chars += frame.text.length;
    if (frame.isWeighty) weighty += 1;
  }
  const ordinary = frames.length - weighty;
  const tooMany = Math.ceil(ordinary / limits.ordinaryMax);
  const tooLong = Math.ceil(chars / limits.charsMax);
  const each = Math.max(1, tooMany, tooLong);
  let tooWeighty = weighty - limits.weightyMax;
  if (each === 1 && tooWeighty <= 0) return frames;
  let at = 0;
  return frames.filter((frame) => {
    // Of what weighs the newest stay.
    const isKept = frame.isWeighty ? tooWeighty-- <= 0 : at++ % each === 0;
    if (!isKept) leaveOut(leftOut, frame.type, 1);
    return isKept;
  });
}

function leaveOut(leftOut: Map<string, number>, type: string, count: number): void {
  const name = leftOut.has(type) || leftOut.size < TYPES_MAX ? type : 'other';
  leftOut.set(name, (leftOut.get(name) ?? 0) + count);
}

/** Which of what was heard a batch tells of. */
export interface BatchPlace {
  readonly after: number;
  readonly through: number;
  /** The first of what the viewer asked for: what came before it is of what it had asked for earlier. */
  readonly begins: boolean;
  readonly atMs: number;
}

/** A part on its way, encoded at most once for each way of sending it. */
export class TailBatch implements Encoded {
  readonly #part: TailPart;
  readonly #place: BatchPlace;
  #text: string | null = null;
  #list: Buffer | null = null;
  #stream: Buffer | null = null;

  constructor(part: TailPart, place: BatchPlace) {
    this.#part = part;
    this.#place = place;
  }

  get frameCount(): number {
    return this.#part.frames.length;
  }

  get leftOutCount(): number {
    return this.#part.matched - this.#part.frames.length;
  }

  get list(): Buffer {
    this.#list ??= Buffer.from(this.#json());
    return this.#list;
  }

  get stream(): Buffer {
    this.#stream ??= Buffer.from(`event: tail\ndata: ${this.#json()}\n\n`);
    return this.#stream;
  }

  #json(): string {
    if (this.#text !== null) return this.#text;
    const { matched, ordinary, frames, leftOut } = this.#part;
    const { after, through, begins, atMs } = this.#place;
    const kept = toPart(frames).ordinary;
    const head = JSON.stringify({
      type: 'tail',
      after,
      through,
      begins,
      matched,
      left_out: this.leftOutCount,
      sample: ordinary === kept ? 1 : Math.ceil(ordinary / Math.max(1, kept)),
      by_type: Object.fromEntries(leftOut),
      timestamp: new Date(atMs).toISOString(),
    });
    this.#text = `${head.slice(0, -1)},"frames":[${frames.map(({ text }) => text).join(',')}]}`;
    return this.#text;
  }
}
