/** What the process that builds data sets and has models trained can be told, by its environment. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { AgentCard, AgentName } from '#protocols/agent.ts';
import { TenantId } from '#protocols/ids.ts';
import type { GatewayOptions } from './gateway.ts';
import type { TrainerOptions } from './train.ts';
import { capabilitiesOf } from './work.ts';

export type TuningConfig = {
  /** A NATS server, or the gateway (`http://…`). */
  readonly servers: string;
  readonly login: { readonly token?: string; readonly credentials?: string };
  readonly tenant: string;
  readonly card: AgentCard;
  readonly gateway: GatewayOptions;
  readonly trainer: Omit<TrainerOptions, 'gateway'> | null;
  readonly drainMs: number;
  readonly logLevel: string;
};

type Environment = Readonly<Record<string, string | undefined>>;

const VERSION = '1.0.0';

const Settings = z.object({
  /** Where it joins; left out, it joins over HTTP at the gateway. */
  NATS_URL: z.string().min(1).optional(),
  OIO_NATS_TOKEN: z.string().min(1).optional(),
  /** The path of a `.creds` file. */
  OIO_NATS_CREDENTIALS: z.string().min(1).optional(),
  /** What it reads sessions and artifacts from. */
  OIO_GATEWAY_URL: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:8000'),
  /** Where the gateway asks for a key: one that may read, and join where there is no NATS; a developer's. */
  OIO_KEY: z.string().min(1).optional(),
  OIO_TENANT: TenantId.default(TenantId.parse('dev')),
  OIO_AGENT_NAME: AgentName.default('AGENT-TUNING-1'),
  OIO_CAPACITY: z.coerce.number().int().min(1).max(50).default(2),
  OIO_HEARTBEAT_SECONDS: z.coerce.number().int().min(1).max(60).default(10),
  /** An endpoint that trains as OpenAI's does, with its version; left out: it builds data sets only. */
  OIO_TRAINER_URL: z.url({ protocol: /^https?$/ }).optional(),
  OIO_TRAINER_KEY: z.string().min(1).optional(),
  /** What stands before the slash where agents name what was trained. */
  OIO_TRAINER_PROVIDER: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
    .default('openai'),
  OIO_TRAINER_POLL_SECONDS: z.coerce.number().min(1).max(600).default(15),
  OIO_DRAIN_SECONDS: z.coerce.number().min(0).max(3_600).default(20),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
});

/** Parses the environment; throws with all faults in one message. */
export function parseConfig(environment: Environment): TuningConfig {
  // An empty variable counts as none: so it is in compose files and shells.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = Settings.safeParse(given);
  const faults = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  const credentials = readCredentials(given.OIO_NATS_CREDENTIALS, faults);
  if (!parsed.success || faults.length > 0) throw new Error(`wrong settings:\n  ${faults.join('\n  ')}`);
  const settings = parsed.data;
  const servers = settings.NATS_URL ?? settings.OIO_GATEWAY_URL;
  const token = settings.NATS_URL === undefined ? settings.OIO_KEY : settings.OIO_NATS_TOKEN;
  const trainer = toTrainer(settings);
  return Object.freeze({
    servers,
    login: {
      ...(token === undefined ? {} : { token }),
      ...(credentials === null ? {} : { credentials }),
    },
    tenant: settings.OIO_TENANT,
    card: toCard(settings, trainer),
    gateway: { url: settings.OIO_GATEWAY_URL, key: settings.OIO_KEY ?? null },
    trainer,
    drainMs: settings.OIO_DRAIN_SECONDS * 1_000,
    logLevel: settings.LOG_LEVEL,
  });
}

function toTrainer(settings: z.infer<typeof Settings>): TuningConfig['trainer'] {
  const { OIO_TRAINER_URL: url, OIO_TRAINER_KEY: key = null } = settings;
  if (url === undefined) return null;
  const pollMs = settings.OIO_TRAINER_POLL_SECONDS * 1_000;
  return { endpoint: { url, key }, provider: settings.OIO_TRAINER_PROVIDER, pollMs };
}

function toCard(settings: z.infer<typeof Settings>, trainer: TuningConfig['trainer']): AgentCard {
  return AgentCard.parse({
    name: settings.OIO_AGENT_NAME,
    agent_type: 'optimizer',
    capabilities: { primary: capabilitiesOf({ trainer }) },
    max_concurrent_capacity: settings.OIO_CAPACITY,
    heartbeat_seconds: settings.OIO_HEARTBEAT_SECONDS,
    version: VERSION,
    labels: { runtime: 'tuning' },
  });
}

function readCredentials(path: string | undefined, faults: string[]): string | null {
  if (path === undefined) return null;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    faults.push(`OIO_NATS_CREDENTIALS: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}
