/**
 * Drops samples that are there already: equal ones by their hash, nearly equal ones by MinHash over runs of words, with
 * bands so that not each is compared with each. Pure and deterministic: of two alike the first one stays.
 */
import type { TrajectorySample } from './sample.ts';

const SHINGLE_WORDS = 5;
const HASHES = 128;
const BAND_ROWS = 4;
const BANDS = HASHES / BAND_ROWS;

const MULTIPLIERS = Uint32Array.from({ length: HASHES }, (_, at) => mix(at * 2 + 1) | 1);
const OFFSETS = Uint32Array.from({ length: HASHES }, (_, at) => mix(at * 2 + 2));

export type DuplicateOf = 'duplicate' | 'near_duplicate';

export class SeenSamples {
  readonly #nearFrom: number;
  readonly #hashes = new Set<string>();
  readonly #signatures: Uint32Array[] = [];
  readonly #bands = Array.from({ length: BANDS }, () => new Map<string, number[]>());

  /** `nearFrom`: from which share of common word runs on two count as the same, 0 to 1. */
  constructor(nearFrom: number) {
    this.#nearFrom = nearFrom;
  }

  /** Null: it is new, and known from now on. */
  take(sample: Pick<TrajectorySample, 'hash' | 'messages'>): DuplicateOf | null {
    if (this.#hashes.has(sample.hash)) return 'duplicate';
    const signature = signatureOf(textOf(sample));
    if (this.#isNear(signature)) return 'near_duplicate';
    this.#hashes.add(sample.hash);
    this.#remember(signature);
    return null;
  }

  #isNear(signature: Uint32Array): boolean {
    const candidates = new Set(
      this.#bands.flatMap((known, band) => known.get(bandOf(signature, band)) ?? []),
    );
    for (const at of candidates) {
      const other = this.#signatures[at];
      if (other && similarity(signature, other) >= this.#nearFrom) return true;
    }
    return false;
  }

  #remember(signature: Uint32Array): void {
    const at = this.#signatures.push(signature) - 1;
    for (const [band, known] of this.#bands.entries()) {
      const name = bandOf(signature, band);
      known.set(name, [...(known.get(name) ?? []), at]);
    }
  }
}

/** What a model would learn from: what was asked, said and done, not what tools answered. */
export function textOf({ messages }: Pick<TrajectorySample, 'messages'>): string {
  return messages
    .map((message) => {
      if (message.role === 'tool' || message.role === 'system') return '';
      if (message.role === 'user') return message.content;
      return [message.content, ...message.tool_calls.map((call) => JSON.stringify(call.arguments))].join(' ');
    })
    .join(' ');
}

/** Estimates which share of their word runs two texts have in common. */
export function similarity(one: Uint32Array, other: Uint32Array): number {
  let same = 0;
  for (let at = 0; at < HASHES; at++) if (one[at] === other[at]) same++;
  return same / HASHES;
}

export function signatureOf(text: string): Uint32Array {
  const words = text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
  const signature = new Uint32Array(HASHES).fill(0xffff_ffff);
  const last = Math.max(0, words.length - SHINGLE_WORDS);
  for (let from = 0; from <= last; from++) {
    const shingle = hashOf(words.slice(from, from + SHINGLE_WORDS).join(' '));
    for (let at = 0; at < HASHES; at++) {
      const value = mix(Math.imul(shingle, MULTIPLIERS[at] ?? 1) + (OFFSETS[at] ?? 0));
      if (value < (signature[at] ?? 0)) signature[at] = value;
    }
  }
  return signature;
}

function bandOf(signature: Uint32Array, band: number): string {
  return signature.subarray(band * BAND_ROWS, (band + 1) * BAND_ROWS).join(',');
}

/** FNV-1a. */
function hashOf(text: string): number {
  let value = 0x811c_9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x0100_0193);
  return value >>> 0;
}

/** The end of MurmurHash3: each bit of what goes in moves about half of what comes out. */
function mix(given: number): number {
  let value = given | 0;
  value = Math.imul(value ^ (value >>> 16), 0x85eb_ca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2_ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
