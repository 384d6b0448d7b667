/** What the CLI was told: flags first, then the environment, then the defaults. */
import { z } from 'zod';
import { CliFailure, EXIT } from './exit.ts';

export type Env = Readonly<Record<string, string | undefined>>;

const unset = (value: unknown): unknown => (value === '' ? undefined : value);

function address(name: string, protocols: readonly string[]) {
  return z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `${name} must be an address that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });
}

const TIMEOUT_FAULT = 'OIO_TIMEOUT_MS must be a whole number from 100 to 600000';

const Settings = z.object({
  url: z.preprocess(
    unset,
    address('the gateway (--url, OIO_URL)', ['http:', 'https:'])
      .default('http://localhost:8000')
      .transform((url) => url.replace(/\/+$/, '')),
  ),
  timeoutMs: z.preprocess(
    unset,
    z.coerce
      .number({ error: TIMEOUT_FAULT })
      .int({ error: TIMEOUT_FAULT })
      .min(100, { error: TIMEOUT_FAULT })
      .max(600_000, { error: TIMEOUT_FAULT })
      .default(15_000),
  ),
  /** What is wrong with it is said without it. */
  key: z.preprocess(
    unset,
    z
      .string()
      .regex(/^oio_[\w-]{1,200}$/, { error: 'OIO_KEY is no key: one begins with oio_' })
      .optional(),
  ),
  configDir: z.preprocess(unset, z.string().optional()),
  dataDir: z.preprocess(unset, z.string().default('.oio')),
  natsUrl: z.preprocess(unset, address('NATS_URL (or --nats)', ['nats:', 'tls:']).optional()),
  databaseUrl: z.preprocess(unset, address('DATABASE_URL', ['postgres:', 'postgresql:']).optional()),
});
export type Settings = Readonly<z.infer<typeof Settings>>;

/** Throws a CliFailure that names every fault. */
export function parseSettings(env: Env, flags: { readonly url?: string; readonly nats?: string }): Settings {
  const parsed = Settings.safeParse({
    url: flags.url ?? env.OIO_URL,
    timeoutMs: env.OIO_TIMEOUT_MS,
    key: env.OIO_KEY,
    configDir: env.OIO_CONFIG_DIR || configDirOf(env),
    dataDir: env.OIO_DATA_DIR,
    natsUrl: flags.nats ?? env.NATS_URL,
    databaseUrl: env.DATABASE_URL,
  });
  if (parsed.success) return Object.freeze(parsed.data);
  throw new CliFailure(EXIT.usage, parsed.error.issues.map((issue) => issue.message).join('; '));
}

function configDirOf({ XDG_CONFIG_HOME, HOME }: Env): string | undefined {
  if (XDG_CONFIG_HOME) return `${XDG_CONFIG_HOME}/oio`;
  return HOME ? `${HOME}/.config/oio` : undefined;
}
