/** What `npm run sim` can be told. */
import { parseArgs } from 'node:util';
import { z } from 'zod';

export const HELP = `npm run sim -- [flags]

Runs the real node on a simulated world that kills, freezes, loses and repeats, lets it come to rest, and checks every
promise. A seed says all that happens. A run that fails is made smaller: the command line printed is the smallest found
that still fails, with the last that happened in it.

  --seed N          the first seed (default 1)
  --runs K          so many seeds, one after the other (default 1)
  --steps M         harms done in each (default 20)
  --spare I,…       numbers of the harms that are left out, from 0
  --workers N       threads that share the seeds (default: one for each core, as many as there are seeds)
  --trace           the nodes' log lines, on one thread
  --help

Exit codes: 0 every promise was kept · 1 one was not · 2 wrong flags
`;

const RUNS_MAX = 10_000_000;
const WORKERS_MAX = 64;

const Flags = z.object({
  seed: z.coerce.number().int().nonnegative().default(1),
  steps: z.coerce.number().int().min(1).max(100_000).default(20),
  runs: z.coerce.number().int().min(1).max(RUNS_MAX).default(1),
  spare: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.string().regex(/^\d+$/, 'numbers with commas between them').transform(Number)))
    .default([]),
  workers: z.coerce.number().int().min(1).max(WORKERS_MAX).optional(),
  trace: z.boolean().default(false),
  help: z.boolean().default(false),
});
export type Options = Readonly<z.infer<typeof Flags>>;

/** Throws with every fault in one message. */
export function parseOptions(parameters: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      seed: { type: 'string' },
      steps: { type: 'string' },
      runs: { type: 'string' },
      spare: { type: 'string' },
      workers: { type: 'string' },
      trace: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const parsed = Flags.safeParse(values);
  if (parsed.success) return Object.freeze(parsed.data);
  throw new Error(
    parsed.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`).join('\n'),
  );
}
