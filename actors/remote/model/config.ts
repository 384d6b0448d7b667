/** What the model agent's process can be told, by its environment. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { TOKEN_SETTINGS, tokenOf } from '#actors/remote/sdk/token.ts';
import type { ReapLimits } from '#actors/remote/workspace/reaper.ts';
import { KEEP_SETTINGS, readKeep } from '#actors/remote/workspace/reaping.ts';
import { AgentCard, AgentName } from '#protocols/agent.ts';
import { TenantId } from '#protocols/ids.ts';
import type { ModelOptions } from './model.ts';

export type ModelAgentConfig = {
  /** A NATS server, or the gateway (`http://…`). */
  readonly servers: string;
  readonly login: { readonly token?: string; readonly credentials?: string };
  readonly tenant: string;
  readonly card: AgentCard;
  readonly model: ModelOptions;
  readonly diffBytesMax: number;
  /** What git sees: it needs the user's own credentials. */
  readonly gitEnvironment: Readonly<Record<string, string>>;
  readonly workDir: string;
  readonly keep: ReapLimits;
  readonly drainMs: number;
  readonly logLevel: string;
};

type Environment = Readonly<Record<string, string | undefined>>;

const VERSION = '1.0.0';
const KIB = 1_024;

const Settings = z.object({
  NATS_URL: z.string().min(1).default('nats://127.0.0.1:4222'),
  /** The gateway's address: where it is set, the agent joins over HTTP and needs no NATS. */
  OIO_GATEWAY_URL: z.url({ protocol: /^https?$/ }).optional(),
  ...TOKEN_SETTINGS,
  /** The path of a `.creds` file. */
  OIO_NATS_CREDENTIALS: z.string().min(1).optional(),
  OIO_TENANT: TenantId.default(TenantId.parse('dev')),
  OIO_AGENT_NAME: AgentName.default('AGENT-MODEL-1'),
  /** Of the endpoint, up to what stands before `/chat/completions`. */
  OIO_MODEL_URL: z.url({ protocol: /^https?$/ }),
  /** As the endpoint calls it. */
  OIO_MODEL: z.string().min(1).max(200),
  OIO_MODEL_KEY: z.string().min(1).optional(),
  /** Path of a file with the key, and nothing else in it. */
  OIO_MODEL_KEY_FILE: z.string().min(1).optional(),
  /** USD for a million tokens; where the endpoint says itself what a call cost, that counts. */
  OIO_MODEL_PRICE_IN: z.coerce.number().min(0).default(0),
  OIO_MODEL_PRICE_OUT: z.coerce.number().min(0).default(0),
  OIO_MODEL_SECONDS: z.coerce.number().positive().max(3_600).default(300),
  OIO_MODEL_RETRIES: z.coerce.number().int().min(0).max(10).default(4),
  OIO_MODEL_TOKENS_MAX: z.coerce.number().int().min(256).max(1_000_000).default(16_000),
  OIO_MODEL_DIFF_KIB: z.coerce.number().positive().max(4_096).default(192),
  OIO_WORK_DIR: z.string().min(1).optional(),
  ...KEEP_SETTINGS,
  OIO_CAPACITY: z.coerce.number().int().min(1).max(50).default(4),
  OIO_HEARTBEAT_SECONDS: z.coerce.number().int().min(1).max(60).default(10),
  OIO_DRAIN_SECONDS: z.coerce.number().min(0).max(3_600).default(20),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
});

const FOR_GIT = [
  ...['PATH', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'],
  ...['HOME', 'SSH_AUTH_SOCK', 'GIT_SSH_COMMAND', 'XDG_CONFIG_HOME', 'SSL_CERT_FILE'],
];

/** Parses the environment; throws with all faults in one message. */
export function parseConfig(environment: Environment): ModelAgentConfig {
  // An empty variable counts as none: so it is in compose files and shells.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = Settings.safeParse(given);
  const faults = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  const credentials = readText('OIO_NATS_CREDENTIALS', given, faults);
  const fileKey = readText('OIO_MODEL_KEY_FILE', given, faults)?.trim();
  if (!parsed.success || faults.length > 0) throw new Error(`wrong settings:\n  ${faults.join('\n  ')}`);
  const settings = parsed.data;
  const path = [given.PATH ?? '/usr/local/bin:/usr/bin:/bin', dirname(process.execPath)].join(delimiter);
  const gitEnvironment = Object.fromEntries(
    FOR_GIT.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])),
  );
  return Object.freeze({
    servers: settings.OIO_GATEWAY_URL ?? settings.NATS_URL,
    login: {
      ...tokenOf(settings),
      ...(credentials === null ? {} : { credentials }),
    },
    tenant: settings.OIO_TENANT,
    card: toCard(settings),
    model: toModelOptions(settings, fileKey ?? settings.OIO_MODEL_KEY ?? null),
    diffBytesMax: settings.OIO_MODEL_DIFF_KIB * KIB,
    gitEnvironment: { ...gitEnvironment, PATH: path },
    workDir: resolve(
      settings.OIO_WORK_DIR ?? join(homedir(), '.oio', 'agents', settings.OIO_AGENT_NAME.toLowerCase()),
    ),
    keep: readKeep(settings),
    drainMs: settings.OIO_DRAIN_SECONDS * 1_000,
    logLevel: settings.LOG_LEVEL,
  });
}

function toModelOptions(settings: z.infer<typeof Settings>, key: string | null): ModelOptions {
  return {
    url: settings.OIO_MODEL_URL.replace(/\/+$/, ''),
    model: settings.OIO_MODEL,
    key,
    usdPerMillion: { in: settings.OIO_MODEL_PRICE_IN, out: settings.OIO_MODEL_PRICE_OUT },
    timeoutMs: settings.OIO_MODEL_SECONDS * 1_000,
    retriesMax: settings.OIO_MODEL_RETRIES,
    tokensMax: settings.OIO_MODEL_TOKENS_MAX,
  };
}

/** It is an architect, because whose type is made for plans is asked for them; reviews come second. */
function toCard(settings: z.infer<typeof Settings>): AgentCard {
  return AgentCard.parse({
    name: settings.OIO_AGENT_NAME,
    agent_type: 'architect',
    capabilities: { primary: ['task_decomposition'], secondary: ['code_review'] },
    max_concurrent_capacity: settings.OIO_CAPACITY,
    heartbeat_seconds: settings.OIO_HEARTBEAT_SECONDS,
    model: settings.OIO_MODEL,
    version: VERSION,
    labels: { runtime: 'model' },
    supports: { usage: true, artifacts: true },
  });
}

function readText(
  name: 'OIO_NATS_CREDENTIALS' | 'OIO_MODEL_KEY_FILE',
  given: Environment,
  faults: string[],
): string | null {
  const path = given[name];
  if (path === undefined) return null;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    faults.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}
