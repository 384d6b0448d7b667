/** The gateway's settings, read once. */
import { z } from 'zod';
import { TenantId } from '#protocols/ids.ts';

/** An empty variable is one that was not set. */
const unset = (value: unknown) => (value === '' ? undefined : value);

const Environment = z.object({
  HOST: z.preprocess(unset, z.string().default('127.0.0.1')),
  PORT: z.preprocess(unset, z.coerce.number().int().min(0).max(65_535).default(8_000)),
  NATS_URL: z.preprocess(unset, z.string({ error: 'is needed: nats://host:4222' })),
  DATABASE_URL: z.preprocess(unset, z.string({ error: 'is needed: postgres://user@host/database' })),
  OIO_TENANT: z.preprocess(unset, TenantId.default('dev')),
  OIO_CONSOLE_DIR: z.preprocess(unset, z.string().optional()),
  OIO_ASK_TIMEOUT_MS: z.preprocess(unset, z.coerce.number().int().min(100).max(25_000).default(10_000)),
  OIO_RATE_LIMIT: z.preprocess(unset, z.enum(['on', 'off']).default('on')),
  LOG_LEVEL: z.preprocess(
    unset,
    z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  ),
});

/** What buildServer needs to know. */
export interface ServerConfig {
  readonly tenant: string;
  /** Folder of the built console. */
  readonly consoleDir: string;
  /** How long a command's reply is waited for. */
  readonly askTimeoutMs: number;
  /** Whether the quota of requests a minute is kept here. */
  readonly isRateLimited?: boolean;
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
      logLevel: settings.LOG_LEVEL,
    }),
  };
}
