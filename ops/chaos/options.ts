/** What `npm run chaos` can be told. */
import { parseArgs } from 'node:util';
import { z } from 'zod';

export const HELP = `npm run chaos -- [flags]

Hurts a whole system (three nodes, a JetStream cluster of three, Postgres, all private and on loopback) in every way
there is, one after the other, while it works, and checks afterwards that nothing was lost, doubled or out of order.

  --minutes N       go on for so long, faults drawn at random after each kind was had once (default: each kind once)
  --seed N          of the random choices (default: by chance, printed)
  --only NAME,…     only these kinds of fault; --list shows all
  --list            kinds of fault and what each measures
  --json FILE       writes the report as JSON
  --keep            the folder with logs and history stays (it always does after a violation)
  --help

Exit codes: 0 every promise was kept · 1 a violation · 2 wrong flags · 3 not a test: too few faults or too few
operations that succeeded · 4 the system could not be started
`;

const Flags = z.object({
  help: z.boolean().default(false),
  list: z.boolean().default(false),
  keep: z.boolean().default(false),
  only: z
    .string()
    .transform((text) => text.split(',').filter((name) => name.length > 0))
    .optional(),
  minutes: z.coerce.number().min(0.1).max(1_440).optional(),
  seed: z.coerce.number().int().nonnegative().optional(),
  json: z.string().optional(),
});
export type Options = Readonly<z.infer<typeof Flags>>;

/** Throws with every fault in one message. */
export function parseOptions(parameters: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      help: { type: 'boolean', short: 'h' },
      list: { type: 'boolean' },
      keep: { type: 'boolean' },
      only: { type: 'string' },
      minutes: { type: 'string' },
      seed: { type: 'string' },
      json: { type: 'string' },
    },
  });
  const parsed = Flags.safeParse(values);
  if (parsed.success) return Object.freeze(parsed.data);
  const faults = parsed.error.issues.map((issue) => `--${issue.path.join('.')}: ${issue.message}`);
  throw new Error(faults.join('\n'));
}
