/** What the shell agent's process can be told, by its environment. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import type { HealthPlace } from '#actors/remote/sdk/health.ts';
import { TOKEN_SETTINGS, tokenOf } from '#actors/remote/sdk/token.ts';
import type { ReapLimits } from '#actors/remote/workspace/reaper.ts';
import { KEEP_SETTINGS, readKeep } from '#actors/remote/workspace/reaping.ts';
import { AgentCard, AgentName } from '#protocols/agent.ts';
import { AgentType, CAPABILITIES, Capability } from '#protocols/capability.ts';
import { TenantId } from '#protocols/ids.ts';
import type { CommandLimits } from './command.ts';

export type ShellConfig = {
  /** A NATS server, or the gateway (`http://…`). */
  readonly servers: string;
  readonly login: { readonly token?: string; readonly credentials?: string };
  readonly tenant: string;
  readonly card: AgentCard;
  readonly command: string;
  readonly timeoutMs: number;
  readonly limits: CommandLimits;
  /** What the command sees of our environment. */
  readonly commandEnvironment: Readonly<Record<string, string>>;
  /** What git sees: it needs the user's own credentials. */
  readonly gitEnvironment: Readonly<Record<string, string>>;
  readonly workDir: string;
  readonly keep: ReapLimits;
  readonly drainMs: number;
  readonly health: HealthPlace;
  readonly logLevel: string;
};

type Environment = Readonly<Record<string, string | undefined>>;

const MIB = 1_024 * 1_024;
const VERSION = '1.0.0';

const Settings = z.object({
  NATS_URL: z.string().min(1).default('nats://127.0.0.1:4222'),
  /** The gateway's address: where it is set, the agent joins over HTTP and needs no NATS. */
  OIO_GATEWAY_URL: z.url({ protocol: /^https?$/ }).optional(),
  ...TOKEN_SETTINGS,
  /** The path of a `.creds` file. */
  OIO_NATS_CREDENTIALS: z.string().min(1).optional(),
  OIO_TENANT: TenantId.default(TenantId.parse('dev')),
  OIO_AGENT_NAME: AgentName.default('AGENT-SHELL-1'),
  OIO_AGENT_TYPE: AgentType.default('implementer'),
  /** With commas. Without: all that there are. */
  OIO_CAPABILITIES: z
    .string()
    .transform((text) => text.split(',').map((name) => name.trim()))
    .pipe(z.array(Capability).min(1))
    .default([...CAPABILITIES]),
  OIO_COMMAND: z.string().min(1),
  OIO_COMMAND_SECONDS: z.coerce.number().positive().max(86_400).default(3_600),
  OIO_COMMAND_MEMORY_MIB: z.coerce.number().positive().default(2_048),
  OIO_COMMAND_OUTPUT_MIB: z.coerce.number().positive().max(30).default(8),
  /** More names of variables for the command, with commas. */
  OIO_COMMAND_ENV: z.string().optional(),
  OIO_COMMAND_GRACE_SECONDS: z.coerce.number().min(0).max(60).default(5),
  OIO_WORK_DIR: z.string().min(1).optional(),
  ...KEEP_SETTINGS,
  OIO_CAPACITY: z.coerce.number().int().min(1).max(50).default(2),
  OIO_HEARTBEAT_SECONDS: z.coerce.number().int().min(1).max(60).default(10),
  /** /health and /ready of this agent; 0: none. */
  OIO_AGENT_HOST: z.string().min(1).default('127.0.0.1'),
  OIO_AGENT_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  OIO_DRAIN_SECONDS: z.coerce.number().min(0).max(3_600).default(20),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
});

const PASSED_ON = ['PATH', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];
const FOR_GIT = ['HOME', 'SSH_AUTH_SOCK', 'GIT_SSH_COMMAND', 'XDG_CONFIG_HOME', 'SSL_CERT_FILE'];

/** True for what this process reads of its environment. */
export function isSetting(name: string): boolean {
  return name in Settings.shape || PASSED_ON.includes(name) || FOR_GIT.includes(name);
}

/** Parses the environment; throws with all faults in one message. */
export function parseConfig(environment: Environment): ShellConfig {
  // An empty variable counts as none: so it is in compose files and shells.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = Settings.safeParse(given);
  const faults = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  const credentials = readCredentials(given.OIO_NATS_CREDENTIALS, faults);
  if (!parsed.success || faults.length > 0) throw new Error(`wrong settings:\n  ${faults.join('\n  ')}`);
  const settings = parsed.data;
  const named = (settings.OIO_COMMAND_ENV ?? '').split(',').map((name) => name.trim());
  const path = [given.PATH ?? '/usr/local/bin:/usr/bin:/bin', dirname(process.execPath)].join(delimiter);
  return Object.freeze({
    servers: settings.OIO_GATEWAY_URL ?? settings.NATS_URL,
    login: {
      ...tokenOf(settings),
      ...(credentials === null ? {} : { credentials }),
    },
    tenant: settings.OIO_TENANT,
    card: toCard(settings),
    command: settings.OIO_COMMAND,
    timeoutMs: settings.OIO_COMMAND_SECONDS * 1_000,
    limits: {
      memoryBytesMax: settings.OIO_COMMAND_MEMORY_MIB * MIB,
      outputBytesMax: settings.OIO_COMMAND_OUTPUT_MIB * MIB,
      graceMs: settings.OIO_COMMAND_GRACE_SECONDS * 1_000,
    },
    commandEnvironment: { ...pick(given, [...PASSED_ON, ...named]), PATH: path },
    gitEnvironment: { ...pick(given, [...PASSED_ON, ...FOR_GIT]), PATH: path },
    keep: readKeep(settings),
    workDir: resolve(settings.OIO_WORK_DIR ?? defaultWorkDir(settings.OIO_AGENT_NAME)),
    drainMs: settings.OIO_DRAIN_SECONDS * 1_000,
    health: { host: settings.OIO_AGENT_HOST, port: settings.OIO_AGENT_PORT },
    logLevel: settings.LOG_LEVEL,
  });
}

function toCard(settings: z.infer<typeof Settings>): AgentCard {
  return AgentCard.parse({
    name: settings.OIO_AGENT_NAME,
    agent_type: settings.OIO_AGENT_TYPE,
    capabilities: { primary: settings.OIO_CAPABILITIES },
    max_concurrent_capacity: settings.OIO_CAPACITY,
    heartbeat_seconds: settings.OIO_HEARTBEAT_SECONDS,
    version: VERSION,
    labels: { runtime: 'shell' },
    supports: { artifacts: true },
  });
}

/** Two agents never share a folder: it bears the agent's name. */
function defaultWorkDir(agentName: string): string {
  return join(homedir(), '.oio', 'agents', agentName.toLowerCase());
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

function pick(environment: Environment, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  );
}
