/** What `npm run bench` can be told. */
import { parseArgs } from 'node:util';
import { z } from 'zod';

export const HELP = `npm run bench -- [flags]

Measures this runtime beside raw baselines on the same servers in the same run, and prints a table.
It starts a private nats-server and Postgres of its own and removes them.

  --only NAME,…     only these; --list shows all names
  --list            names and what each measures
  --seconds N       length of one timed run (5)
  --runs N          timed runs of each, at least 3; the table has the median (3)
  --json FILE       writes everything measured as JSON
  --peers           also Restate, DBOS and BullMQ (installed into ops/bench/peers when they are not there)
  --profile FOLDER  CPU profiles of nodes and fronts go there; figures are worse meanwhile
  --strict          refuse to measure on a busy machine, rather than warn
  --help

Exit codes: 0 measured · 1 a benchmark failed · 2 wrong flags · 3 the machine is busy and --strict was given
`;

const Flags = z.object({
  help: z.boolean().default(false),
  list: z.boolean().default(false),
  only: z
    .string()
    .transform((text) => text.split(',').filter((name) => name.length > 0))
    .optional(),
  seconds: z.coerce.number().min(0.5).max(3_600).default(5),
  runs: z.coerce.number().int().min(3, 'at least 3: one run says nothing').max(100).default(3),
  json: z.string().optional(),
  peers: z.boolean().default(false),
  profile: z.string().optional(),
  strict: z.boolean().default(false),
});
export type Options = Readonly<z.infer<typeof Flags>>;

/** Throws with every fault in one message. */
export function parseOptions(parameters: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      help: { type: 'boolean', short: 'h' },
      list: { type: 'boolean' },
      only: { type: 'string' },
      seconds: { type: 'string' },
      runs: { type: 'string' },
      json: { type: 'string' },
      peers: { type: 'boolean' },
      profile: { type: 'string' },
      strict: { type: 'boolean' },
    },
  });
  const parsed = Flags.safeParse(values);
  if (parsed.success) return Object.freeze(parsed.data);
  const faults = parsed.error.issues.map((issue) => `--${issue.path.join('.')}: ${issue.message}`);
  throw new Error(faults.join('\n'));
}
