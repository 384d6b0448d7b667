/**
 * The timers of one actor through one turn: what it held, what the turn set and dropped. Pure.
 *
 * K1. A key has one timer; each is set under the generation of its turn, and only the message under that counts.
 * K2. A timer that comes again is set anew by the turn that takes its message, under a generation of its own, before
 *     what the turn itself does with the key.
 */
import { hash } from 'node:crypto';
import type { Effect } from '#protocols/effects.ts';
import type { Message } from '#protocols/envelope.ts';
import { firstOccurrence, nextOccurrence } from '#protocols/recurrence.ts';
import type { TimerMark } from './store.ts';

export interface TimerSet {
  readonly key: string;
  readonly generation: number;
  readonly atMs: number;
  readonly message: Message;
}

type Marks = Readonly<Record<string, TimerMark>>;

export class TurnTimers {
  readonly #held: Marks;
  readonly #marks: Map<string, TimerMark>;
  readonly #set = new Map<string, TimerSet>();
  readonly #dropped = new Set<string>();
  readonly #generation: number;
  readonly #nowMs: number;

  constructor(held: Marks, { generation, nowMs }: { generation: number; nowMs: number }) {
    this.#held = held;
    this.#marks = new Map(Object.entries(held));
    this.#generation = generation;
    this.#nowMs = nowMs;
  }

  get marks(): Marks {
    return Object.fromEntries(this.#marks);
  }

  get set(): TimerSet[] {
    return [...this.#set.values()];
  }

  get dropped(): string[] {
    return [...this.#dropped];
  }

  get isChanged(): boolean {
    return this.#set.size > 0 || this.#dropped.size > 0;
  }

  /** The message of a held timer is being taken. */
  came(key: string, message: Message): void {
    const mark = this.#marks.get(key);
    const { recurrence } = mark ?? {};
    const atMs = mark && recurrence ? nextOccurrence(recurrence, mark.atMs, this.#nowMs) : null;
    if (atMs === null || !recurrence) this.drop(key);
    else this.#put(key, { generation: this.#generation, atMs, recurrence }, message);
  }

  schedule({ key, atMs, message }: { key: string; atMs: number; message: Message }): void {
    this.#put(key, { generation: this.#generation, atMs }, message);
  }

  repeat({ key, recurrence, message }: Extract<Effect, { type: 'repeat' }>): void {
    const atMs = firstOccurrence(recurrence, this.#nowMs);
    if (atMs === null) this.drop(key);
    else this.#put(key, { generation: this.#generation, atMs, recurrence }, message);
  }

  drop(key: string): void {
    if (!this.#marks.delete(key)) return;
    this.#set.delete(key);
    if (this.#held[key]) this.#dropped.add(key);
  }

  /** The actor ends. */
  dropAll(): void {
    for (const key of [...this.#marks.keys()]) this.drop(key);
  }

  #put(key: string, mark: TimerMark, message: Message): void {
    this.#marks.set(key, mark);
    this.#set.set(key, { key, generation: mark.generation, atMs: mark.atMs, message });
    this.#dropped.delete(key);
  }
}

/**
 * A number of the place where a timer was set, and of no other: an actor that ended and is created anew counts its
 * versions from 1 again, and must not take a timer of its former life.
 */
export function generationAt({
  generation,
  lane,
  seq,
}: {
  readonly generation: number;
  readonly lane: string;
  readonly seq: number;
}): number {
  const digest = hash('sha256', `${generation}/${lane}/${seq}`, 'buffer');
  return digest.readUIntBE(0, 6);
}
