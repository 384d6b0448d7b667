/**
 * What the callers of a run did and what they were told: one JSON line for each beginning and each end, and the same as
 * operations for the checkers. Times are those of the one process that asks, by its monotonic clock.
 */
import { closeSync, openSync, writeSync } from 'node:fs';

/**
 * ok: answered, so it must stand. fail: refused, so it must never have been. info: nobody knows, and it may come to be
 * at any later time.
 */
export type Outcome = 'ok' | 'fail' | 'info';

export type Act =
  | 'append'
  | 'read'
  | 'deposit'
  | 'transfer'
  | 'arm'
  | 'disarm'
  | 'probe'
  | 'acquire'
  | 'release'
  | 'write';

export interface Operation {
  /** Unique in the run. */
  readonly op: string;
  /** Who did it: does one after the other. */
  readonly process: string;
  readonly act: Act;
  /** The id of the actor, lock or register. */
  readonly target: string;
  readonly asked: Readonly<Record<string, string | number>>;
  readonly invokedMs: number;
  endedMs: number | null;
  outcome: Outcome;
  answer: unknown;
}

export class History {
  readonly #operations: Operation[] = [];
  readonly #file: number;

  constructor(file: string) {
    this.#file = openSync(file, 'a');
  }

  get operations(): readonly Operation[] {
    return this.#operations;
  }

  invoke(begun: Pick<Operation, 'op' | 'process' | 'act' | 'target' | 'asked'>): Operation {
    const operation: Operation = {
      ...begun,
      invokedMs: performance.now(),
      endedMs: null,
      outcome: 'info',
      answer: null,
    };
    this.#operations.push(operation);
    const { op, process, act: f, target, asked } = begun;
    this.#write({ t: operation.invokedMs, p: process, type: 'invoke', f, target, id: op, value: asked });
    return operation;
  }

  end(operation: Operation, outcome: Outcome, answer: unknown): void {
    operation.endedMs = performance.now();
    operation.outcome = outcome;
    operation.answer = answer;
    const { op, process, act: f, target } = operation;
    this.#write({ t: operation.endedMs, p: process, type: outcome, f, target, id: op, value: answer });
  }

  /** Something that is nobody's operation: a fault, a healing. */
  note(what: string): void {
    this.#write({ t: performance.now(), p: 'nemesis', type: 'note', value: what });
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(line: Record<string, unknown>): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
  }
}
