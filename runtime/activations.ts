/**
 * Actors in memory: each a nact actor whose state is its cell. The only file that knows nact.
 *
 * A1. One turn at a time per actor: nact's mailbox orders them.
 * A2. nact's mailbox is unbounded, so its users stand in front of it with a bound (`partition.ts`).
 * A3. All are children of the system's root, which gets no messages: an actor with children copies their map for each.
 */
import { dispatch, type Ref, spawn, start, stop } from 'nact';
import type { Address } from '#protocols/address.ts';
import { formatAddress } from '#protocols/address.ts';
import type { Cell } from './turn.ts';

/** Runs inside the actor; returns its next cell. Must not throw. */
export type Job = (cell: Cell) => Cell;

interface Activation {
  readonly ref: Ref<Job>;
  readonly partition: number;
  usedAtMs: number;
}

export class Activations {
  readonly #system = start();
  readonly #active = new Map<string, Activation>();

  get size(): number {
    return this.#active.size;
  }

  has(address: Address): boolean {
    return this.#active.has(formatAddress(address));
  }

  /** Brings an actor into memory with what was loaded of it. */
  activate(cell: Cell, partition: number, nowMs: number): void {
    const name = formatAddress(cell.address);
    if (this.#active.has(name)) return;
    const ref = spawn(this.#system, (current: Cell, job: Job) => job(current), name.replaceAll('/', '.'), {
      initialState: cell,
    });
    this.#active.set(name, { ref, partition, usedAtMs: nowMs });
  }

  /** Queues `job` behind those the actor has. The actor must be active. */
  tell(address: Address, job: Job, nowMs: number): void {
    const activation = this.#active.get(formatAddress(address));
    if (!activation) throw new Error(`${formatAddress(address)} is not active`);
    activation.usedAtMs = nowMs;
    dispatch(activation.ref, job);
  }

  /** The next sweep lets it go, whatever the idle time. */
  markIdle(address: Address): void {
    const activation = this.#active.get(formatAddress(address));
    if (activation) activation.usedAtMs = 0;
  }

  /** Lets an actor go. Its turns must be committed, or meant to be forgotten. */
  passivate(name: string): void {
    const activation = this.#active.get(name);
    if (!activation) return;
    this.#active.delete(name);
    stop(activation.ref);
  }

  /** Lets a whole partition go: lost, or about to be read again. */
  dropPartition(partition: number): void {
    for (const [name, activation] of this.#active) {
      if (activation.partition === partition) this.passivate(name);
    }
  }

  /** Names of the actors that nobody used since `beforeMs`, oldest first. */
  idleSince(beforeMs: number): string[] {
    return [...this.#active]
      .filter(([, activation]) => activation.usedAtMs < beforeMs)
      .sort(([, a], [, b]) => a.usedAtMs - b.usedAtMs)
      .map(([name]) => name);
  }

  stop(): void {
    for (const name of [...this.#active.keys()]) this.passivate(name);
    stop(this.#system);
  }
}
