/** `node ops/sim/main.ts --seed N --steps M [--runs K] [--trace]`: simulates; prints the seed of a run that fails. */
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { z } from 'zod';
import { type RunResult, simulate } from './simulation.ts';

const EXIT = { failed: 1, usage: 2 } as const;
const HISTORY_SHOWN = 120;

const Options = z.object({
  seed: z.coerce.number().int().nonnegative().default(1),
  steps: z.coerce.number().int().min(1).max(100_000).default(20),
  runs: z.coerce.number().int().min(1).max(10_000_000).default(1),
  trace: z.boolean().default(false),
});

function readOptions(): z.infer<typeof Options> {
  try {
    const options = {
      seed: { type: 'string' },
      steps: { type: 'string' },
      runs: { type: 'string' },
      trace: { type: 'boolean' },
    } as const;
    return Options.parse(parseArgs({ options }).values);
  } catch (error) {
    console.error(`--seed N --steps M --runs K --trace: ${error instanceof Error ? error.message : error}`);
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

/** The fewest harms with which the seed still fails. */
async function shrink(failed: RunResult, steps: number): Promise<{ result: RunResult; acts: number }> {
  for (let acts = 1; acts < steps; acts = Math.ceil(acts * 1.3)) {
    const result = await simulate({ seed: failed.seed, acts });
    if (result.violations.length > 0) return { result, acts };
  }
  return { result: failed, acts: steps };
}

function report(result: RunResult, acts: number): void {
  console.error(`seed ${result.seed} failed: node ops/sim/main.ts --seed ${result.seed} --steps ${acts}`);
  for (const violation of result.violations.slice(0, 20)) console.error(`  ${violation}`);
  console.error(`the last that happened:\n  ${result.history.slice(-HISTORY_SHOWN).join('\n  ')}`);
}

const { seed, steps, runs, trace } = readOptions();
const totals = new Map<string, number>();
const add = (what: string, count: number) => totals.set(what, (totals.get(what) ?? 0) + count);
const beganMs = performance.now();
let [failed, restMax] = [0, 0];
for (let run = 0; run < runs; run++) {
  const result = await simulate({ seed: seed + run, acts: steps, ...(trace ? { loggerOf: traceOf } : {}) });
  for (const [what, count] of result.counts) add(what, count);
  add('virtual seconds', Math.round(result.virtualMs / 1_000));
  restMax = Math.max(restMax, result.restAfterMs);
  if (result.violations.length === 0) continue;
  failed++;
  const { result: shrunk, acts } = await shrink(result, steps);
  report(shrunk, acts);
}
console.log(
  `${runs - failed} of ${runs} runs kept every promise, in ${((performance.now() - beganMs) / 1_000).toFixed(1)} s`,
);
console.log(`longest way to rest: ${(restMax / 1_000).toFixed(1)} virtual s`);
for (const [what, count] of [...totals].sort()) console.log(`  ${what}: ${count}`);
process.exit(failed > 0 ? EXIT.failed : 0);
