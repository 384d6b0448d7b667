/** The gateway's settings, read once. */
import { z } from 'zod';
import { PLATFORM_TENANT } from '#protocols/access.ts';
import { TenantId } from '#protocols/ids.ts';
import { TaskKey } from '#runtime/task-token.ts';
import type { AdminKey } from './key-book.ts';

/** An empty variable is one that was not set. */
const unset = (value: unknown) => (value === '' ? undefined : value);

/** `<tenant>:<id>:<SHA-256 of the secret>`: what `oio key first` writes. */
const AdminKeyLine = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}:[0-9A-Za-z]{12}:[0-9a-f]{64}$/, {
    error: 'is no line of `oio key first`: <tenant>:<id>:<hash>',
  })
  .transform((line): AdminKey => {
    const [tenant = '', id = '', hash = ''] = line.split(':');
    return { tenant, id, hash };
  });

const Environment = z.object({
  HOST: z.preprocess(unset, z.string().default('127.0.0.1')),
  PORT: z.preprocess(unset, z.coerce.number().int().min(0).max(65_535).default(8_000)),
  NATS_URL: z.preprocess(unset, z.string({ error: 'is needed: nats://host:4222' })),
  DATABASE_URL: z.preprocess(unset, z.string({ error: 'is needed: postgres://user@host/database' })),
  OIO_TENANT: z.preprocess(unset, TenantId.default('dev')),
  OIO_CONSOLE_DIR: z.preprocess(unset, z.string().optional()),
  OIO_ASK_TIMEOUT_MS: z.preprocess(unset, z.coerce.number().int().min(100).max(25_000).default(10_000)),
  OIO_AUTH: z.preprocess(unset, z.enum(['off', 'keys']).optional()),
  OIO_ADMIN_KEY_HASH: z.preprocess(unset, AdminKeyLine.optional()),
  OIO_RATE_LIMIT: z.preprocess(unset, z.enum(['on', 'off']).default('on')),
  /** Of the deployment, as nodes have it: the tokens of tasks are checked by it. Without, none counts. */
  OIO_TASK_KEY: z.preprocess(unset, TaskKey.optional()),
  LOG_LEVEL: z.preprocess(
    unset,
    z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  ),
});

const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/i;

/** What buildServer needs to know. */
export interface ServerConfig {
  readonly tenant: string;
  /** Folder of the built console. */
  readonly consoleDir: string;
  /** How long a command's reply is waited for. */
  readonly askTimeoutMs: number;
  /** Whether the quota of requests a minute is kept here. */
  readonly isRateLimited?: boolean;
  /** `keys`: everybody is asked who they are. `off`: everybody may do all. */
  readonly auth: 'off' | 'keys';
  /** Keys of admins that stand in the settings. */
  readonly adminKeys?: readonly AdminKey[];
  /** Checks the tokens of tasks. */
  readonly taskKey?: string | undefined;
}

export interface GatewayConfig extends ServerConfig {
  readonly host: string;
  readonly port: number;
  readonly natsUrl: string;
  readonly databaseUrl: string;
  readonly logLevel: string;
}

/** True for what a gateway reads of its environment. */
export function isSetting(name: string): boolean {
  return name in Environment.shape;
}

/** Settings from the environment, or every fault of them in one text. */
export function parseConfig(
  environment: Readonly<Record<string, string | undefined>>,
  consoleDir: string,
): { ok: true; config: GatewayConfig } | { ok: false; faults: string } {
  const parsed = Environment.safeParse(environment);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
    return { ok: false, faults: faults.join('; ') };
  }
  const settings = parsed.data;
  const access = parseAccess(settings);
  if ('fault' in access) return { ok: false, faults: access.fault };
  return {
    ok: true,
    config: Object.freeze({
      host: settings.HOST,
      port: settings.PORT,
      natsUrl: settings.NATS_URL,
      databaseUrl: settings.DATABASE_URL,
      tenant: settings.OIO_TENANT,
      consoleDir: settings.OIO_CONSOLE_DIR ?? consoleDir,
      askTimeoutMs: settings.OIO_ASK_TIMEOUT_MS,
      isRateLimited: settings.OIO_RATE_LIMIT === 'on',
      ...access,
      taskKey: settings.OIO_TASK_KEY,
      logLevel: settings.LOG_LEVEL,
    }),
  };
}

/** Nobody is asked who they are only where no other machine can ask, or where that was said in so many words. */
function parseAccess({
  HOST: host,
  OIO_AUTH: auth,
  OIO_ADMIN_KEY_HASH: adminKey,
  OIO_TENANT: tenant,
}: z.infer<typeof Environment>): Pick<ServerConfig, 'auth' | 'adminKeys'> | { fault: string } {
  if (auth === undefined && !LOOPBACK.test(host)) {
    const ways =
      'keys (see ops/docs/access.md for the first one), or off if whoever reaches it may do everything';
    return { fault: `OIO_AUTH is needed, as HOST is ${host} and not of this machine alone: ${ways}` };
  }
  if (adminKey && ![tenant, PLATFORM_TENANT].includes(adminKey.tenant)) {
    const fault = `OIO_ADMIN_KEY_HASH is of tenant ${adminKey.tenant}, this gateway is of ${tenant}`;
    return { fault: `${fault}: make one by oio key first --tenant ${tenant}` };
  }
  return { auth: auth ?? 'off', adminKeys: adminKey ? [adminKey] : [] };
}
