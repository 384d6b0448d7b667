/**
 * Actors in memory: each a nact actor whose state is its cell. The only file that knows nact.
 *
 * A1. One turn at a time per actor: nact's mailbox orders them.
 * A2. nact's mailbox is unbounded, so its users stand in front of it with a bound (`partition.ts`).
 * A3. All are children of the system's root, which gets no messages: an actor with children copies their map for each.
 * A4. They stand in the order of their last use. Who is idle, or too many for `bytesMax`, goes from the oldest on, and
 *     never with turns that are not committed.
 */

import { dispatch, type Ref, spawn, start, stop } from 'nact';
import type { Address } from '#protocols/address.ts';
import { formatAddress } from '#protocols/address.ts';
import type { Cell } from './cell.ts';
import { measureState, roughBytes } from './state-size.ts';

/** Runs inside the actor; returns its next cell. Must not throw. */
export type Job = (cell: Cell) => Cell;

export interface ActivationsOptions {
  /** Of memory; what is over it goes as soon as it may. */
  readonly bytesMax: number;
  /** Whether an actor has turns that are not committed, or is about to have one. */
  isDirty(partition: number, name: string): boolean;
}

/** Of an actor beside its state: nact's part, ours, and the names. */
const ACTOR_BYTES = 2_048;
/** A state as objects takes about so many times the bytes of its JSON. */
const BYTES_PER_JSON_BYTE = 2;
/** So many that can't go yet are passed over before the search ends. */
const DIRTY_PASSED_MAX = 256;

interface Activation {
  readonly name: string;
  readonly ref: Ref<Job>;
  readonly partition: number;
  usedAtMs: number;
  bytes: number;
  older: Activation | null;
  newer: Activation | null;
}

export class Activations {
  readonly #options: ActivationsOptions;
  readonly #system = start();
  readonly #active = new Map<string, Activation>();
  /** Names of those that ended by themselves. */
  readonly #ended = new Set<string>();
  #oldest: Activation | null = null;
  #newest: Activation | null = null;
  #bytes = 0;

  constructor(options: ActivationsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#active.size;
  }

  /** Memory that they take, by estimate. */
  get bytes(): number {
    return this.#bytes;
  }

  has(address: Address): boolean {
    return this.#active.has(formatAddress(address));
  }

  /** Brings an actor into memory with what was loaded of it. */
  activate(cell: Cell, partition: number, nowMs: number): void {
    const name = formatAddress(cell.address);
    if (this.#active.has(name)) return;
    const ref = spawn(this.#system, this.#take, name.replaceAll('/', '.'), { initialState: cell });
    const bytes = bytesOf(cell);
    const activation = { name, ref, partition, usedAtMs: nowMs, bytes, older: null, newer: null };
    this.#active.set(name, activation);
    this.#bytes += bytes;
    this.#append(activation);
  }

  /** Queues `job` behind those the actor has. The actor must be active. */
  tell(address: Address, job: Job, nowMs: number): void {
    const activation = this.#active.get(formatAddress(address));
    if (!activation) throw new Error(`${formatAddress(address)} is not active`);
    activation.usedAtMs = nowMs;
    if (activation !== this.#newest) {
      this.#unlink(activation);
      this.#append(activation);
    }
    dispatch(activation.ref, job);
  }

  /** The next sweep lets it go, whatever the idle time. */
  markEnded(address: Address): void {
    const name = formatAddress(address);
    if (this.#active.has(name)) this.#ended.add(name);
  }

  /** Lets a whole partition go: lost, or about to be read again. */
  dropPartition(partition: number): void {
    for (const activation of this.#active.values()) {
      if (activation.partition === partition) this.#passivate(activation);
    }
  }

  /** Lets those go that nobody used since `beforeMs`, and those that ended. Returns how many went. */
  passivateIdle(beforeMs: number): number {
    const before = this.#active.size;
    for (const name of this.#ended) {
      const activation = this.#active.get(name);
      if (activation && this.#isClean(activation)) this.#passivate(activation);
    }
    let next = this.#oldest;
    while (next && next.usedAtMs < beforeMs) {
      const activation = next;
      next = activation.newer;
      if (this.#isClean(activation)) this.#passivate(activation);
    }
    return before - this.#active.size;
  }

  /** Lets the oldest go until the rest is within the bound. Returns how many went. */
  shrink(): number {
    const before = this.#active.size;
    let passed = 0;
    let next = this.#oldest;
    while (next && this.#bytes > this.#options.bytesMax && passed < DIRTY_PASSED_MAX) {
      const activation = next;
      next = activation.newer;
      if (this.#isClean(activation)) this.#passivate(activation);
      else passed++;
    }
    return before - this.#active.size;
  }

  stop(): void {
    for (const activation of this.#active.values()) this.#passivate(activation);
    stop(this.#system);
  }

  #isClean({ partition, name }: Activation): boolean {
    return !this.#options.isDirty(partition, name);
  }

  #passivate(activation: Activation): void {
    this.#active.delete(activation.name);
    this.#ended.delete(activation.name);
    this.#bytes -= activation.bytes;
    activation.bytes = 0;
    this.#unlink(activation);
    stop(activation.ref);
  }

  /** What every actor does with a job. One function for all: each of its own would be a tenth of an actor's weight. */
  readonly #take = (current: Cell, job: Job): Cell => {
    const next = job(current);
    if (next !== current) this.#resize(next);
    return next;
  };

  #resize(cell: Cell): void {
    const activation = this.#active.get(formatAddress(cell.address));
    if (!activation) return;
    const bytes = bytesOf(cell);
    this.#bytes += bytes - activation.bytes;
    activation.bytes = bytes;
  }

  #append(activation: Activation): void {
    activation.older = this.#newest;
    if (this.#newest) this.#newest.newer = activation;
    else this.#oldest = activation;
    this.#newest = activation;
  }

  #unlink(activation: Activation): void {
    const { older, newer } = activation;
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
    activation.older = null;
    activation.newer = null;
  }
}

function bytesOf(cell: Cell): number {
  return ACTOR_BYTES + BYTES_PER_JSON_BYTE * roughBytes(cell.size ?? measureState(cell.state));
}
