/**
 * What the system has to do while it is hurt: appends, transfers, timers, at a fixed rate that no stall slows down, and
 * users of locks beside them.
 *
 * W1. The rate is open-loop: an operation is begun at its time, however many wait. Only `openMax` bounds them; what would
 *     be one more is counted as skipped and is no operation.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '#runtime/client.ts';
import type { Random } from '#runtime/testing/random.ts';
import { type Call, call } from './caller.ts';
import type { History } from './history.ts';
import { accountAddress, alarmAddress, ListState, listAddress } from './kinds.ts';

export interface WorkloadOptions {
  readonly client: Client;
  readonly history: History;
  readonly random: Random;
}

const LISTS = 40;
const ACCOUNTS = 24;
const ALARMS = 30;
const KEYS = ['a', 'b', 'c'] as const;
/** A ledger that is full is followed by the next, so that states stay small in long runs. */
const LEDGER_ENTRIES = 300;
const DEPOSIT = 1_000;
/** The share of appends that are read back. */
const READS = 0.5;
const TIMEOUT_MS = 20_000;
const OPEN_MAX = 4_000;
const TIMER_MAX_MS = 20_000;
const TICK_MS = 10;
/** What the machine can do is measured with so many callers, for so long. */
const CALIBRATION = { callers: 32, ms: 3_000 } as const;

export class Workload {
  readonly #options: WorkloadOptions;
  readonly #open = new Set<Promise<unknown>>();
  readonly #stopping = new AbortController();
  readonly #counts = new Map<string, number>();
  #running: Promise<void> = Promise.resolve();
  #number = 0;
  #skipped = 0;

  constructor(options: WorkloadOptions) {
    this.#options = options;
  }

  /** Operations that were due while too many were open. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Gives every account its money. */
  async prepare(): Promise<void> {
    const deposits = Array.from({ length: ACCOUNTS }, (_, index) => {
      const op = `deposit-${index}`;
      const message = { type: 'deposit', op, amount: DEPOSIT };
      const asked = { amount: DEPOSIT };
      return this.#call({
        process: 'bank',
        act: 'deposit',
        to: accountAddress(`a${index}`),
        message,
        asked,
        op,
      });
    });
    await Promise.all(deposits);
  }

  /** How many operations the system can do in a second, all asked one after the other by some callers. */
  async calibrate(): Promise<number> {
    const untilMs = performance.now() + CALIBRATION.ms;
    let done = 0;
    const callers = Array.from({ length: CALIBRATION.callers }, async () => {
      while (performance.now() < untilMs) {
        await this.#call(this.#draw());
        done++;
      }
    });
    await Promise.all(callers);
    return (done / CALIBRATION.ms) * 1_000;
  }

  start(perSecond: number): void {
    this.#running = this.#run(perSecond);
  }

  /** Begins no more, and waits for the answers to what is open. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await Promise.all(this.#open);
  }

  async #run(perSecond: number): Promise<void> {
    const { random } = this.#options;
    let dueMs = performance.now();
    while (!this.#stopping.signal.aborted) {
      for (const nowMs = performance.now(); dueMs <= nowMs; ) {
        this.#begin();
        dueMs += (-Math.log(1 - random.next()) * 1_000) / perSecond;
      }
      await sleep(TICK_MS);
    }
  }

  #begin(): void {
    if (this.#open.size >= OPEN_MAX) {
      this.#skipped++;
      return;
    }
    const open = this.#call(this.#draw()).finally(() => this.#open.delete(open));
    this.#open.add(open);
  }

  async #call(what: Omit<Call, 'timeoutMs'>): Promise<void> {
    const { client, history, random } = this.#options;
    const operation = await call(client, history, { ...what, timeoutMs: TIMEOUT_MS });
    if (what.act === 'append' && operation.outcome === 'ok' && random.chance(READS))
      await this.#readBack(what);
  }

  /** Whoever was answered finds what it wrote. */
  async #readBack({ to, op }: Pick<Call, 'to' | 'op'>): Promise<void> {
    const { client, history } = this.#options;
    const read = {
      op: `read-${op}`,
      process: 'reader',
      act: 'read',
      target: to.id,
      asked: { wrote: op },
    } as const;
    const operation = history.invoke(read);
    try {
      const stored = await client.get(to);
      history.end(operation, 'ok', stored !== null && ListState.parse(stored.state).items.includes(op));
    } catch (thrown) {
      history.end(operation, 'fail', thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  #draw(): Omit<Call, 'timeoutMs'> {
    const { random } = this.#options;
    const kind = random.next();
    const op = `w-${++this.#number}`;
    if (kind < 0.45) return this.#append(op);
    return kind < 0.8 ? this.#transfer(op) : this.#alarm(op);
  }

  #append(op: string): Omit<Call, 'timeoutMs'> {
    const to = listAddress(this.#ledger('list', this.#options.random.below(LISTS)));
    return { process: 'appender', act: 'append', to, message: { type: 'append', op }, asked: {}, op };
  }

  #transfer(op: string): Omit<Call, 'timeoutMs'> {
    const { random } = this.#options;
    const [from, step] = [random.below(ACCOUNTS), random.between(1, ACCOUNTS - 1)];
    const to = `a${(from + step) % ACCOUNTS}`;
    const asked = { to, amount: random.between(1, 9) };
    const message = { type: 'transfer', op, ...asked };
    return { process: 'bank', act: 'transfer', to: accountAddress(`a${from}`), message, asked, op };
  }

  #alarm(op: string): Omit<Call, 'timeoutMs'> {
    const { random } = this.#options;
    const to = alarmAddress(this.#ledger('alarm', random.below(ALARMS)));
    const key = random.pick(KEYS);
    if (random.chance(0.25)) {
      const message = { type: 'disarm', op, key };
      return { process: 'alarms', act: 'disarm', to, message, asked: { key }, op };
    }
    const afterMs = random.below(TIMER_MAX_MS);
    const message = { type: 'arm', op, key, afterMs };
    return { process: 'alarms', act: 'arm', to, message, asked: { key, afterMs }, op };
  }

  #ledger(kind: string, index: number): string {
    const name = `${kind}-${index}`;
    const count = this.#counts.get(name) ?? 0;
    this.#counts.set(name, count + 1);
    return `${name}-${Math.floor(count / LEDGER_ENTRIES)}`;
  }
}
