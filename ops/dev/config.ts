/** What `npm start` was asked for: flags first, then the environment, then the defaults. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { EXIT, reasonOf, StartFailure } from './start-failure.ts';

const NODES_MAX = 16;

export const HELP = `npm start [-- flags]: the whole system on this machine, everything it needs included.

  --port N      the console's and the API's port (PORT, 8000)
  --nodes N     runtime nodes side by side, 1 to ${NODES_MAX} (1)
  --no-agent    without the opencode agent
  --data DIR    where all data is kept (OIO_DATA_DIR, .oio)
  --json        log lines as JSON, as they are where stdout is no terminal
  --help        this

Environment: PORT, HOST (127.0.0.1), OIO_DATA_DIR, LOG_LEVEL (trace, debug, info, warn, error),
NATS_URL and DATABASE_URL to use running services instead of private ones.

Ctrl-C drains and stops everything; a second one kills it.

Exit codes
  ${EXIT.ok}  stopped as asked
  ${EXIT.failed}  a part failed while running, or anything not below
  ${EXIT.usage}  wrong flags or settings
  ${EXIT.portInUse}  the port is in use
  ${EXIT.dataFolder}  the data folder: in use, not writable, broken, or the disk is full
  ${EXIT.natsServer}  no nats-server could be found, built, reached or started, or it is too old
  ${EXIT.postgres}  Postgres could not be reached or started, or it is too old
  ${EXIT.notReady}  a process of ours did not become ready
`;

const unset = (value: unknown): unknown => (value === '' ? undefined : value);
const whole = (name: string, least: number, most: number) => {
  const error = `${name} must be a whole number from ${least} to ${most}`;
  return z.coerce.number({ error }).int({ error }).min(least, { error }).max(most, { error });
};

const Settings = z.object({
  port: z.preprocess(unset, whole('the port (--port, PORT)', 1, 65_535).default(8000)),
  nodes: z.preprocess(unset, whole('--nodes', 1, NODES_MAX).default(1)),
  hasAgent: z.boolean(),
  isJson: z.boolean(),
  dataDir: z.preprocess(unset, z.string().default('.oio')).transform((path) => resolve(path)),
  host: z.preprocess(unset, z.string().default('127.0.0.1')),
  natsUrl: z.preprocess(unset, address('NATS_URL', ['nats:', 'tls:']).optional()),
  databaseUrl: z.preprocess(unset, address('DATABASE_URL', ['postgres:', 'postgresql:']).optional()),
  logLevel: z.preprocess(
    unset,
    z
      .enum(['trace', 'debug', 'info', 'warn', 'error'], {
        error: 'LOG_LEVEL must be trace, debug, info, warn or error',
      })
      .default('info'),
  ),
});
export type Settings = Readonly<z.infer<typeof Settings>>;

export type Request = { readonly type: 'help' } | { readonly type: 'start'; readonly settings: Settings };

/** Throws a StartFailure that names every fault. */
export function parseRequest(parameters: readonly string[], env: NodeJS.ProcessEnv): Request {
  const flags = parseFlags(parameters);
  if (flags.help) return { type: 'help' };
  const parsed = Settings.safeParse({
    port: flags.port ?? env.PORT,
    nodes: flags.nodes,
    hasAgent: flags['no-agent'] !== true,
    isJson: flags.json === true,
    dataDir: flags.data ?? env.OIO_DATA_DIR,
    host: env.HOST,
    natsUrl: env.NATS_URL,
    databaseUrl: env.DATABASE_URL,
    logLevel: env.LOG_LEVEL,
  });
  if (parsed.success) return { type: 'start', settings: Object.freeze(parsed.data) };
  throw usage(parsed.error.issues.map((issue) => issue.message));
}

function parseFlags(parameters: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...parameters],
      options: {
        help: { type: 'boolean', short: 'h' },
        port: { type: 'string' },
        nodes: { type: 'string' },
        'no-agent': { type: 'boolean' },
        data: { type: 'string' },
        json: { type: 'boolean' },
      },
    });
    return values;
  } catch (thrown) {
    throw usage([reasonOf(thrown)]);
  }
}

function usage(faults: readonly string[]): StartFailure {
  return new StartFailure(EXIT.usage, [...faults, 'npm start -- --help shows what there is.'].join('\n'));
}

function address(name: string, protocols: readonly string[]) {
  return z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `${name} must be an address that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });
}
