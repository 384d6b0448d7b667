/**
 * In which order a batch took the messages of its two lanes, and which of them were turns: what a later fold has to do
 * just so. Written as runs: `c2d5x1d3` is two turns of control, five of data, one message of data that was none (a
 * repeat, a gap, a dead letter), three turns of data.
 *
 * Before the runs stand the actors that took mail which was kept for them while they were suspended, as `[type/tenant/id]`:
 * those turns are of older messages, and are not folded again (O4).
 *
 * R1. A digest over the messages' ids goes with it: a log that holds others by now, or fewer, does not pass for the same.
 */
import { assert } from '#protocols/assert.ts';
import type { Lane } from '#protocols/subjects.ts';

/** Control and data; the second of each pair took no turn. */
const LETTERS = { control: ['c', 'y'], data: ['d', 'x'] } as const satisfies Record<Lane, readonly string[]>;
const RUN = /([cydx])(\d+)/g;
const MAIL = /\[([^\]]*)\]/g;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

export interface Taken {
  readonly lane: Lane;
  readonly isTurn: boolean;
}

/** Follows the messages of one batch. */
export class FoldOrder {
  #text = '';
  #letter = '';
  #run = 0;
  #digest = FNV_OFFSET;
  readonly #mail = new Set<string>();

  /** This actor took mail that was kept for it. */
  tookMail(name: string): void {
    this.#mail.add(name);
  }

  take(taken: Taken, messageId: string): void {
    const letter = LETTERS[taken.lane][taken.isTurn ? 0 : 1];
    if (letter !== this.#letter) {
      this.#text = this.#runs;
      this.#letter = letter;
      this.#run = 0;
    }
    this.#run++;
    this.#digest = digestWith(this.#digest, messageId);
  }

  get text(): string {
    return [...this.#mail].map((name) => `[${name}]`).join('') + this.#runs;
  }

  get #runs(): string {
    return this.#run === 0 ? this.#text : `${this.#text}${this.#letter}${this.#run}`;
  }

  /** 32 bits, signed. */
  get digest(): number {
    return this.#digest | 0;
  }
}

/** Each message of a batch, in the order in which they were taken. */
export function parseFoldOrder(text: string): Taken[] {
  const taken: Taken[] = [];
  for (const [, letter, count] of text.replaceAll(MAIL, '').matchAll(RUN)) {
    const lane = letter === 'c' || letter === 'y' ? 'control' : 'data';
    const isTurn = letter === 'c' || letter === 'd';
    for (let index = 0; index < Number(count); index++) taken.push({ lane, isTurn });
  }
  assert(
    text.replaceAll(MAIL, '').replaceAll(RUN, '') === '',
    'a fold order holds names and runs, nothing else',
  );
  return taken;
}

/** Names of the actors that took kept mail. */
export function mailIn(text: string): string[] {
  return [...text.matchAll(MAIL)].map(([, name = '']) => name);
}

function digestWith(digest: number, id: string): number {
  let next = digest;
  for (let index = 0; index < id.length; index++) next = Math.imul(next ^ id.charCodeAt(index), FNV_PRIME);
  // Where one id ends and the next begins counts as well.
  return Math.imul(next ^ 0xff, FNV_PRIME);
}
