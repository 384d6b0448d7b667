/**
 * One run: the system is started and set to work, hurt in one way after another, and judged when it has come to rest.
 *
 * R1. The next fault comes only when the last is healed and the system is whole again; within `HEALED_WITHIN_MS` of a
 *     healing everything that waited at the healing is applied, or the run has failed.
 * R2. A fault that can't be had here is said to be missing; one that should have come about and did not makes the run no
 *     test. Neither is counted.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '#runtime/testing/random.ts';
import { reasonOf } from '../dev/start-failure.ts';
import { untilRest, untilWhole } from './calm.ts';
import { checkMoneyInCut } from './checkers/money.ts';
import type { Violation } from './checkers/violation.ts';
import { ALL_PARTITIONS, type Fault } from './fault.ts';
import { History } from './history.ts';
import { judge, type Verdict } from './judge.ts';
import { LockUsers } from './lock-users.ts';
import { Probes } from './probes.ts';
import { readChain, readVersionFalls, readWrites } from './register.ts';
import type { Stage } from './stage.ts';
import { readAccounts, readTruth } from './truth.ts';
import { Workload } from './workload.ts';

/** Of what the machine can do: past it, timeouts would mean starvation, not faults. */
const LOAD = 0.4;
const RATE = { least: 10, most: 400 } as const;
const HEALED_WITHIN_MS = 30_000;
const QUIET_MS = 500;
const REST_WITHIN_MS = 60_000;

export interface RunOptions {
  readonly seed: number;
  /** Each once in this order; null: until the minutes are over, drawn at random after the first round. */
  readonly faults: readonly Fault[];
  readonly minutes: number | null;
  readonly signal: AbortSignal;
  tell(what: string): void;
}

/** One fault that happened. */
export interface Happened {
  readonly name: string;
  /** ms; see `measured` of the fault. */
  readonly recoveries: readonly number[];
  /** From its healing until each partition had applied all that it had in its log then: no lag is left of the fault. */
  readonly healedMs: number;
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface RunResult extends Verdict {
  readonly happened: readonly Happened[];
  /** Kinds that can't be had here, with the reason. */
  readonly missing: ReadonlyMap<string, string>;
  /** Kinds that should have happened and did not. */
  readonly failed: ReadonlyMap<string, string>;
  readonly history: Pick<History, 'operations'>;
  readonly perSecond: number;
  readonly capacity: number;
  readonly skipped: number;
  readonly seconds: number;
}

export async function runChaos(stage: Stage, options: RunOptions): Promise<RunResult> {
  const { signal, tell } = options;
  const beganMs = performance.now();
  const history = new History(join(stage.folder, 'history.jsonl'));
  const random = new Random(options.seed);
  const { client, sql } = stage;
  const workload = new Workload({ client, history, random });
  const lockUsers = new LockUsers({ client, history, random, sql });
  await untilWhole(stage);
  await workload.prepare();
  const capacity = await workload.calibrate();
  const perSecond = Math.min(RATE.most, Math.max(RATE.least, capacity * LOAD));
  tell(`it can do ${capacity.toFixed(0)} operations/s, and is given ${perSecond.toFixed(0)}/s`);
  workload.start(perSecond);
  lockUsers.start();
  const nemesis = new Nemesis({ stage, history, random, tell });
  const isLeft = deadlineOf(options, beganMs);
  try {
    const draw = drawInRounds(options.faults, random);
    for (let turn = 0; isLeft(turn) && nemesis.mayGoOn && !signal.aborted; turn++) {
      await nemesis.strike(draw(turn));
    }
  } finally {
    tell('no more faults: waiting for rest');
    await Promise.all([workload.stop(), lockUsers.stop()]);
  }
  const verdict = await restAndJudge(stage, history);
  history.close();
  return {
    ...verdict,
    violations: [...nemesis.violations, ...verdict.violations],
    happened: nemesis.happened,
    missing: nemesis.missing,
    failed: nemesis.failed,
    history,
    perSecond,
    capacity,
    skipped: workload.skipped,
    seconds: (performance.now() - beganMs) / 1_000,
  };
}

/** First as they stand, then in rounds of all of them, each in another order: a long run has every kind about as often. */
function drawInRounds(faults: readonly Fault[], random: Random): (turn: number) => Fault {
  let left: Fault[] = [];
  return (turn) => {
    const first = faults[turn];
    if (first) return first;
    if (left.length === 0) left = [...faults];
    const drawn = random.pick(left);
    left.splice(left.indexOf(drawn), 1);
    return drawn;
  };
}

function deadlineOf({ minutes, faults }: RunOptions, beganMs: number): (turn: number) => boolean {
  if (minutes === null) return (turn) => turn < faults.length;
  return () => performance.now() - beganMs < minutes * 60_000;
}

async function restAndJudge(stage: Stage, history: History): Promise<Verdict> {
  const { sql, client } = stage;
  const unrest: Violation[] = [];
  await untilRest(stage, REST_WITHIN_MS).catch((error: unknown) => {
    unrest.push({ kind: 'liveness', text: `no rest at the end: ${reasonOf(error)}` });
  });
  const verdict = judge({
    operations: history.operations,
    truth: await readTruth(sql, client),
    writes: await readWrites(sql),
    chain: await readChain(sql),
    versionFalls: await readVersionFalls(sql),
    timeOriginMs: performance.timeOrigin,
  });
  return { ...verdict, violations: [...unrest, ...verdict.violations] };
}

interface NemesisOptions {
  readonly stage: Stage;
  readonly history: History;
  readonly random: Random;
  tell(what: string): void;
}

class Nemesis {
  readonly #options: NemesisOptions;
  readonly #probes: Probes;
  readonly happened: Happened[] = [];
  readonly missing = new Map<string, string>();
  readonly failed = new Map<string, string>();
  readonly violations: Violation[] = [];

  constructor(options: NemesisOptions) {
    this.#options = options;
    this.#probes = new Probes(options.stage.client, options.history, ALL_PARTITIONS.length);
  }

  /** A system that did not heal says nothing about the next fault. */
  get mayGoOn(): boolean {
    return !this.violations.some(({ kind }) => kind === 'liveness');
  }

  async strike(fault: Fault): Promise<void> {
    const { stage, random, history, tell } = this.#options;
    const reason = fault.missing?.(stage) ?? null;
    if (reason !== null) {
      if (!this.missing.has(fault.name)) tell(`${fault.name}: not here: ${reason}`);
      this.missing.set(fault.name, reason);
      return;
    }
    tell(`${fault.name}: ${fault.what}`);
    history.note(fault.name);
    const fromMs = performance.now();
    const asked: Promise<number[]>[] = [];
    const probe = (partitions: readonly number[]): void => {
      asked.push(this.#probes.ask(partitions));
    };
    try {
      await fault.run({ stage, random, probe, tell: (what) => tell(`  ${what}`) });
    } catch (thrown) {
      tell(`${fault.name} did not come about: ${reasonOf(thrown)}`);
      this.failed.set(fault.name, reasonOf(thrown));
    }
    history.note(`${fault.name} healed`);
    await this.#heal(fault, { fromMs, asked });
  }

  async #heal(
    fault: Fault,
    { fromMs, asked }: { fromMs: number; asked: Promise<number[]>[] },
  ): Promise<void> {
    const { stage, tell } = this.#options;
    try {
      const healedMs = Math.max(...(await this.#probes.ask(ALL_PARTITIONS)));
      const recoveries = (await Promise.all(asked)).flat();
      const longest = Math.max(0, ...recoveries);
      tell(`  recovered within ${longest.toFixed(0)} ms, no lag ${healedMs.toFixed(0)} ms after healing`);
      if (healedMs > HEALED_WITHIN_MS) throw new Error(`the lag lasted for ${healedMs.toFixed(0)} ms`);
      await untilWhole(stage);
      await this.#lookAtCut();
      await sleep(QUIET_MS);
      if (this.failed.has(fault.name)) return;
      this.happened.push({ name: fault.name, recoveries, healedMs, fromMs, untilMs: performance.now() });
    } catch (thrown) {
      this.violations.push({ kind: 'liveness', text: `after ${fault.name}: ${reasonOf(thrown)}` });
    }
  }

  async #lookAtCut(): Promise<void> {
    this.violations.push(...checkMoneyInCut(await readAccounts(this.#options.stage.sql)));
  }
}
