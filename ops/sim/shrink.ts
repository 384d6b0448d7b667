/**
 * Makes a failed run smaller: fewer harms first, then single ones left out, as long as the same promise is broken.
 *
 * R1. What it returns did fail when it was run: it is the run's own result.
 * R2. It runs at most `triesMax` times.
 */
import { type RunOptions, type RunResult, simulate } from './simulation.ts';

const TRIES_MAX = 60;
const LINES_SHOWN = 50;
const VIOLATIONS_SHOWN = 20;

export interface Shrunk {
  readonly options: RunOptions;
  readonly result: RunResult;
}

/** `failed` is what `options` came to. */
export async function shrink(options: RunOptions, failed: RunResult, triesMax = TRIES_MAX): Promise<Shrunk> {
  const kind = kindOf(failed);
  let smallest: Shrunk = { options, result: failed };
  let tries = 0;
  const tryWith = async (change: Partial<RunOptions>): Promise<boolean> => {
    if (tries++ >= triesMax) return false;
    const smaller = { ...smallest.options, ...change };
    const result = await simulate(smaller);
    if (kindOf(result) !== kind) return false;
    smallest = { options: smaller, result };
    return true;
  };

  // Nothing that was to come after the violation can have caused it.
  await tryWith({ acts: Math.max(1, failed.acts) });
  for (let least = 1; least < smallest.options.acts; ) {
    const acts = Math.floor((least + smallest.options.acts) / 2);
    if (!(await tryWith({ acts }))) least = acts + 1;
  }
  for (let act = smallest.options.acts - 1; act >= 0; act--) {
    const spared = smallest.options.spared ?? [];
    if (!spared.includes(act)) await tryWith({ spared: [...spared, act] });
  }
  return smallest;
}

/** The first violation without its particulars. */
function kindOf({ violations }: RunResult): string | undefined {
  return violations[0]?.split(':')[0];
}

export function commandOf({ seed, acts, spared = [] }: RunOptions): string {
  const left = spared.length > 0 ? ` --spare ${spared.toSorted((a, b) => a - b).join()}` : '';
  return `npm run sim -- --seed ${seed} --steps ${acts}${left}`;
}

export function describeFailure({ options, result }: Shrunk): string {
  const violations = result.violations.slice(0, VIOLATIONS_SHOWN).map((violation) => `  ${violation}`);
  const history = result.history.slice(-LINES_SHOWN).map((line) => `  ${line}`);
  return [
    `seed ${options.seed} failed: ${commandOf(options)}`,
    ...violations,
    'the last that happened:',
    ...history,
  ].join('\n');
}
