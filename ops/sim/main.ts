/** `npm run sim`: see `options.ts`. */
import { availableParallelism } from 'node:os';
import { pino } from 'pino';
import { HELP, type Options, parseOptions } from './options.ts';
import { runSeeds } from './seeds.ts';
import { commandOf, describeFailure, shrink } from './shrink.ts';
import { type RunResult, simulate } from './simulation.ts';

const EXIT = { kept: 0, failed: 1, usage: 2 } as const;
const PROGRESS_MS = 5_000;
/** The others are named. */
const SHRUNK_MAX = 3;

function readOptions(): Options {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
    process.exit(EXIT.usage);
  }
}

/** Nodes' log lines under virtual time, for `--trace`. */
function traceOf(name: string, clock: { now(): number }) {
  return pino({
    level: 'debug',
    base: { node: name },
    timestamp: () => `,"at":${clock.now() - Date.UTC(2026, 0, 1)}`,
  });
}

/** Adds up what the runs came to, and says now and then how far they are. */
class Tally {
  readonly #runs: number;
  readonly #beganMs = performance.now();
  readonly #totals = new Map<string, number>();
  readonly failed: RunResult[] = [];
  #done = 0;
  #restMaxMs = 0;
  #saidMs = this.#beganMs;

  constructor(runs: number) {
    this.#runs = runs;
  }

  add(result: RunResult): void {
    this.#done++;
    for (const [what, count] of result.counts) this.#add(what, count);
    this.#add('virtual seconds', Math.round(result.virtualMs / 1_000));
    this.#restMaxMs = Math.max(this.#restMaxMs, result.restAfterMs);
    if (result.violations.length > 0) {
      this.failed.push(result);
      console.error(`seed ${result.seed}: ${result.violations[0]}`);
    }
    const nowMs = performance.now();
    if (nowMs - this.#saidMs < PROGRESS_MS) return;
    this.#saidMs = nowMs;
    console.error(
      `${this.#done} of ${this.#runs} seeds, ${this.failed.length} failed, ${this.#seconds(nowMs)} s`,
    );
  }

  print(): void {
    const kept = this.#done - this.failed.length;
    console.log(`${kept} of ${this.#done} runs kept every promise, in ${this.#seconds(performance.now())} s`);
    console.log(`longest way to rest: ${(this.#restMaxMs / 1_000).toFixed(1)} virtual s`);
    for (const [what, count] of [...this.#totals].sort()) console.log(`  ${what}: ${count}`);
  }

  #add(what: string, count: number): void {
    this.#totals.set(what, (this.#totals.get(what) ?? 0) + count);
  }

  #seconds(nowMs: number): string {
    return ((nowMs - this.#beganMs) / 1_000).toFixed(1);
  }
}

const { help, seed, steps: acts, runs, spare: spared, workers, trace } = readOptions();
if (help) {
  console.log(HELP);
  process.exit(EXIT.kept);
}
const tally = new Tally(runs);
if (trace || runs === 1) {
  for (let run = 0; run < runs; run++) {
    tally.add(await simulate({ seed: seed + run, acts, spared, ...(trace ? { loggerOf: traceOf } : {}) }));
  }
} else {
  const shared = { seed, runs, acts, spared, workers: workers ?? availableParallelism() };
  await runSeeds({ ...shared, onResult: (result) => tally.add(result) });
}
for (const [index, result] of tally.failed.entries()) {
  const options = { seed: result.seed, acts, spared };
  if (index < SHRUNK_MAX) console.error(describeFailure(await shrink(options, result)));
  else console.error(`seed ${result.seed} failed: ${commandOf(options)}`);
}
tally.print();
process.exit(tally.failed.length > 0 ? EXIT.failed : EXIT.kept);
