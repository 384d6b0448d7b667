/** What the ACP agent's process can be told, by its environment and its command line. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { HealthPlace } from '#actors/remote/sdk/health.ts';
import { TOKEN_SETTINGS, tokenOf } from '#actors/remote/sdk/token.ts';
import type { ReapLimits } from '#actors/remote/workspace/reaper.ts';
import { KEEP_SETTINGS, readKeep } from '#actors/remote/workspace/reaping.ts';
import { AgentName } from '#protocols/agent.ts';
import { AgentType, CAPABILITIES, Capability, PRIMARY_BY_TYPE } from '#protocols/capability.ts';
import { TenantId } from '#protocols/ids.ts';
import { isPreset, PRESETS, type Preset } from './presets.ts';
import type { AgentProgram } from './run.ts';
import type { TerminalLimits } from './terminals.ts';

export interface AcpConfig {
  /** A NATS server, or the gateway (`http://…`). */
  readonly servers: string;
  readonly login: { readonly token?: string; readonly credentials?: string };
  readonly tenant: string;
  readonly agentName: string;
  readonly agentType: z.infer<typeof AgentType>;
  readonly primary: readonly string[];
  readonly capacity: number;
  readonly heartbeatSeconds: number;
  readonly program: AgentProgram;
  /** Null: a command that is not known here. */
  readonly preset: Preset | null;
  /** For tasks that name none. */
  readonly model: string | null;
  readonly terminals: TerminalLimits;
  readonly silenceMs: number;
  /** What git sees: it needs the user's own credentials. */
  readonly gitEnvironment: Readonly<Record<string, string>>;
  readonly workDir: string;
  readonly keep: ReapLimits;
  readonly drainMs: number;
  readonly health: HealthPlace;
  readonly logLevel: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const MIB = 1_024 * 1_024;
const names = z.string().transform((text) =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== ''),
);

const Settings = z.object({
  NATS_URL: z.string().min(1).default('nats://127.0.0.1:4222'),
  /** The gateway's address: where it is set, the agent joins over HTTP and needs no NATS. */
  OIO_GATEWAY_URL: z.url({ protocol: /^https?$/ }).optional(),
  ...TOKEN_SETTINGS,
  /** The path of a `.creds` file. */
  OIO_NATS_CREDENTIALS: z.string().min(1).optional(),
  OIO_TENANT: TenantId.default(TenantId.parse('dev')),
  OIO_AGENT_NAME: AgentName.default('AGENT-ACP-1'),
  OIO_AGENT_TYPE: AgentType.default('implementer'),
  /** With commas. Without: what an agent of its type is best at. */
  OIO_CAPABILITIES: names.pipe(z.array(Capability).min(1)).optional(),
  /** A known agent by name. */
  OIO_ACP_AGENT: z.string().optional(),
  /** Any agent that speaks ACP on its standard input and output. */
  OIO_ACP_COMMAND: z.string().min(1).optional(),
  /** The id of the agent's own login method, for those that want to be told. */
  OIO_ACP_LOGIN: z.string().min(1).optional(),
  /** More names of variables for the agent and its commands, with commas. */
  OIO_ACP_ENV: names.default([]),
  OIO_ACP_SILENCE_SECONDS: z.coerce.number().positive().max(86_400).default(900),
  OIO_ACP_COMMAND_SECONDS: z.coerce.number().positive().max(86_400).default(3_600),
  OIO_ACP_OUTPUT_MIB: z.coerce.number().positive().max(30).default(1),
  OIO_MODEL: z.string().min(1).optional(),
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
type Settings = z.infer<typeof Settings>;

/** A flag is its setting, said on the command line. */
const FLAGS = {
  command: 'OIO_ACP_COMMAND',
  agent: 'OIO_ACP_AGENT',
  capabilities: 'OIO_CAPABILITIES',
  parallel: 'OIO_CAPACITY',
  model: 'OIO_MODEL',
  name: 'OIO_AGENT_NAME',
} as const;

/** What a coding agent needs: its user's home with its login, the language, proxies, and keys of model providers. */
const PASSED_ON = [
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'],
  ...['XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_STATE_HOME', 'XDG_CACHE_HOME'],
  ...['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'],
];
const PROVIDER_KEY = /^[A-Z0-9_]+_API_KEY$/;
const FOR_GIT = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'SSH_AUTH_SOCK', 'GIT_SSH_COMMAND', 'XDG_CONFIG_HOME'];

/** Parses environment and command line; throws with all faults in one message. */
export function parseConfig(environment: Environment, parameters: readonly string[] = []): AcpConfig {
  // An empty variable counts as none: so it is in compose files and shells.
  const given = Object.fromEntries(
    Object.entries({ ...environment, ...readFlags(parameters) }).filter(([, value]) => value !== ''),
  );
  const parsed = Settings.safeParse(given);
  const faults = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  const credentials = readCredentials(given.OIO_NATS_CREDENTIALS, faults);
  const { preset, command } = readCommand(given, faults);
  if (!parsed.success || faults.length > 0) throw new Error(`wrong settings:\n  ${faults.join('\n  ')}`);
  const settings = parsed.data;
  const keys = Object.keys(given).filter((name) => PROVIDER_KEY.test(name));
  const seen = [...PASSED_ON, ...keys, ...(preset?.environment ?? []), ...settings.OIO_ACP_ENV];
  const path = [given.PATH ?? '/usr/local/bin:/usr/bin:/bin', dirname(process.execPath)].join(delimiter);
  return Object.freeze({
    servers: settings.OIO_GATEWAY_URL ?? settings.NATS_URL,
    login: {
      ...tokenOf(settings),
      ...(credentials === null ? {} : { credentials }),
    },
    ...describeAgent(settings),
    program: {
      command,
      environment: { ...pick(given, seen), PATH: path },
      loginMethod: settings.OIO_ACP_LOGIN ?? null,
      loginHint: preset && `${preset.title}: ${preset.login}`,
    },
    preset,
    terminals: {
      openMax: 16,
      outputBytesMax: settings.OIO_ACP_OUTPUT_MIB * MIB,
      runMs: settings.OIO_ACP_COMMAND_SECONDS * 1_000,
    },
    silenceMs: settings.OIO_ACP_SILENCE_SECONDS * 1_000,
    gitEnvironment: { ...pick(given, FOR_GIT), PATH: path },
    workDir: resolve(settings.OIO_WORK_DIR ?? defaultWorkDir(settings.OIO_AGENT_NAME)),
    keep: readKeep(settings),
    drainMs: settings.OIO_DRAIN_SECONDS * 1_000,
    health: { host: settings.OIO_AGENT_HOST, port: settings.OIO_AGENT_PORT },
    logLevel: settings.LOG_LEVEL,
  });
}

function readFlags(parameters: readonly string[]): Record<string, string> {
  const options = Object.fromEntries(Object.keys(FLAGS).map((name) => [name, { type: 'string' as const }]));
  const { values } = parseArgs({ args: [...parameters], options });
  return Object.fromEntries(
    Object.entries(FLAGS).flatMap(([flag, name]) => {
      const value = values[flag];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}

function describeAgent(settings: Settings) {
  const { OIO_AGENT_TYPE: agentType } = settings;
  const primary: readonly string[] = settings.OIO_CAPABILITIES ?? PRIMARY_BY_TYPE[agentType];
  return {
    tenant: settings.OIO_TENANT,
    agentName: settings.OIO_AGENT_NAME,
    agentType,
    primary: primary.length === 0 ? CAPABILITIES : primary,
    capacity: settings.OIO_CAPACITY,
    heartbeatSeconds: settings.OIO_HEARTBEAT_SECONDS,
    model: settings.OIO_MODEL ?? null,
  };
}

/** The command, and the known agent whose it is. */
function readCommand(
  { OIO_ACP_AGENT: name, OIO_ACP_COMMAND: given }: Environment,
  faults: string[],
): { readonly command: string; readonly preset: Preset | null } {
  if (name !== undefined && !isPreset(name)) {
    faults.push(`OIO_ACP_AGENT: "${name}" is not known; there are ${Object.keys(PRESETS).join(', ')}`);
    return { command: '', preset: null };
  }
  const ofCommand: readonly Preset[] = Object.values(PRESETS).filter(({ command }) => command === given);
  const preset = name === undefined ? (ofCommand[0] ?? null) : PRESETS[name];
  const command = given ?? preset?.command ?? '';
  if (command === '') {
    const known = Object.keys(PRESETS).join(', ');
    faults.push(`OIO_ACP_COMMAND: missing; --command '<agent>', or --agent with one of ${known}`);
  }
  return { command, preset };
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

function pick(environment: Environment, wanted: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    wanted.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  );
}
