/** What the agent's process can be told, by its environment. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import type { HealthPlace } from '#actors/remote/sdk/health.ts';
import { TOKEN_SETTINGS, tokenOf } from '#actors/remote/sdk/token.ts';
import type { ReapLimits } from '#actors/remote/workspace/reaper.ts';
import { KEEP_SETTINGS, readKeep } from '#actors/remote/workspace/reaping.ts';
import { AgentName } from '#protocols/agent.ts';
import { TenantId } from '#protocols/ids.ts';
import { parseModelName } from './model.ts';

export type AgentConfig = {
  /** A NATS server, or the gateway (`http://…`). */
  readonly servers: string;
  readonly login: { readonly token?: string; readonly credentials?: string };
  readonly tenant: string;
  readonly agentName: string;
  readonly workDir: string;
  readonly capacity: number;
  readonly model: string | null;
  readonly opencodeConfig: Readonly<Record<string, unknown>>;
  /** What opencode and the commands of its tasks see of our environment. */
  readonly opencodeEnvironment: Readonly<Record<string, string>>;
  /** What git sees: it needs the user's own credentials. */
  readonly gitEnvironment: Readonly<Record<string, string>>;
  readonly heartbeatSeconds: number;
  readonly drainMs: number;
  readonly health: HealthPlace;
  /** What of fetched repositories is kept. */
  readonly keep: ReapLimits;
  readonly logLevel: string;
};

type Environment = Readonly<Record<string, string | undefined>>;

const OpencodeConfig = z.record(z.string(), z.unknown());

const Settings = z.object({
  NATS_URL: z.string().min(1).default('nats://127.0.0.1:4222'),
  /** The gateway's address: where it is set, the agent joins over HTTP and needs no NATS. */
  OIO_GATEWAY_URL: z.url({ protocol: /^https?$/ }).optional(),
  ...TOKEN_SETTINGS,
  /** The path of a `.creds` file. */
  OIO_NATS_CREDENTIALS: z.string().min(1).optional(),
  OIO_TENANT: TenantId.default(TenantId.parse('dev')),
  OIO_AGENT_NAME: AgentName.default('AGENT-OPENCODE-1'),
  OIO_WORK_DIR: z.string().min(1).optional(),
  OIO_CAPACITY: z.coerce.number().int().min(1).max(50).default(4),
  OIO_HEARTBEAT_SECONDS: z.coerce.number().int().min(1).max(60).default(30),
  OIO_MODEL: z
    .string()
    .refine((name) => parseModelName(name) !== null, 'provider/model, such as anthropic/claude-sonnet-4-5')
    .optional(),
  /** opencode's configuration, as JSON or as the path of a file with it. */
  OIO_OPENCODE_CONFIG: z.string().min(1).optional(),
  /** More names of variables for opencode, with commas. */
  OIO_OPENCODE_ENV: z.string().optional(),
  ...KEEP_SETTINGS,
  /** /health and /ready of this agent; 0: none. */
  OIO_AGENT_HOST: z.string().min(1).default('127.0.0.1'),
  OIO_AGENT_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  OIO_DRAIN_SECONDS: z.coerce.number().min(0).max(3_600).default(20),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
});

/** What a process needs to run commands and to reach a model, and nothing that is not named here. */
const PASSED_ON = [
  ...['PATH', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'],
];
/** By this habit keys of model providers are named. */
const PROVIDER_KEY = /^[A-Z0-9_]+_API_KEY$/;
const FOR_GIT = ['HOME', 'SSH_AUTH_SOCK', 'GIT_SSH_COMMAND', 'XDG_CONFIG_HOME'];

/** True for what this process reads of its environment, keys of model providers among it. */
export function isSetting(name: string): boolean {
  const passed = [...PASSED_ON, ...FOR_GIT];
  return name in Settings.shape || passed.includes(name) || PROVIDER_KEY.test(name);
}

/** Parses the environment; throws with all faults in one message. */
export function parseConfig(environment: Environment): AgentConfig {
  // An empty variable counts as none: so it is in compose files and shells.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = Settings.safeParse(given);
  const faults = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  const opencodeConfig = readOpencodeConfig(given.OIO_OPENCODE_CONFIG, faults);
  const credentials = readText('OIO_NATS_CREDENTIALS', given.OIO_NATS_CREDENTIALS, faults);
  if (!parsed.success || faults.length > 0) throw new Error(`wrong settings:\n  ${faults.join('\n  ')}`);

  const settings = parsed.data;
  const named = (settings.OIO_OPENCODE_ENV ?? '').split(',').map((name) => name.trim());
  const keys = Object.keys(given).filter((name) => PROVIDER_KEY.test(name));
  const path = pathWithNode(given.PATH);
  return Object.freeze({
    servers: settings.OIO_GATEWAY_URL ?? settings.NATS_URL,
    login: {
      ...tokenOf(settings),
      ...(credentials === null ? {} : { credentials }),
    },
    tenant: settings.OIO_TENANT,
    agentName: settings.OIO_AGENT_NAME,
    workDir: resolve(settings.OIO_WORK_DIR ?? defaultWorkDir(settings.OIO_AGENT_NAME)),
    capacity: settings.OIO_CAPACITY,
    model: settings.OIO_MODEL ?? null,
    opencodeConfig: withoutHostedModels(opencodeConfig, settings.OIO_MODEL, given),
    opencodeEnvironment: { ...pick(given, [...PASSED_ON, ...keys, ...named]), PATH: path },
    gitEnvironment: { ...pick(given, [...PASSED_ON, ...FOR_GIT]), PATH: path },
    heartbeatSeconds: settings.OIO_HEARTBEAT_SECONDS,
    drainMs: settings.OIO_DRAIN_SECONDS * 1_000,
    health: { host: settings.OIO_AGENT_HOST, port: settings.OIO_AGENT_PORT },
    keep: readKeep(settings),
    logLevel: settings.LOG_LEVEL,
  });
}

/**
 * opencode comes with models of a hosted service that need no key. Code is sent there only when somebody said so: by
 * naming such a model, by that service's key, or in opencode's configuration.
 */
function withoutHostedModels(
  config: AgentConfig['opencodeConfig'],
  model: string | undefined,
  environment: Environment,
): AgentConfig['opencodeConfig'] {
  const isWanted = model?.startsWith('opencode/') || environment.OPENCODE_API_KEY !== undefined;
  return isWanted ? config : { disabled_providers: ['opencode'], ...config };
}

/** Two agents never share a folder: it bears the agent's name. */
function defaultWorkDir(agentName: string): string {
  return join(homedir(), '.oio', 'agents', agentName.toLowerCase());
}

/** Projects mostly need a node; ours comes last, for where there is no other. */
function pathWithNode(path: string | undefined): string {
  return [path ?? '/usr/local/bin:/usr/bin:/bin', dirname(process.execPath)].join(delimiter);
}

function pick(environment: Environment, names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = environment[name];
    if (value !== undefined) found[name] = value;
  }
  return found;
}

function readOpencodeConfig(given: string | undefined, faults: string[]): Readonly<Record<string, unknown>> {
  const name = 'OIO_OPENCODE_CONFIG';
  const text = given?.trimStart().startsWith('{') ? given : readText(name, given, faults);
  if (text === null) return {};
  try {
    return OpencodeConfig.parse(JSON.parse(text));
  } catch (error) {
    faults.push(`${name}: not a JSON object: ${error instanceof Error ? error.message : String(error)}`);
    return {};
  }
}

function readText(name: string, path: string | undefined, faults: string[]): string | null {
  if (path === undefined) return null;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    faults.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}
