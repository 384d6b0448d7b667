/** What all our agents' programs are told in the same words, and how each reads its own settings beside it. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import type { HealthPlace } from '#actors/remote/sdk/health.ts';
import { TOKEN_SETTINGS, tokenOf } from '#actors/remote/sdk/token.ts';
import type { ReapLimits } from '#actors/remote/workspace/reaper.ts';
import { KEEP_SETTINGS, readKeep } from '#actors/remote/workspace/reaping.ts';
import { TenantId } from '#protocols/ids.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const NATS_DEFAULT = 'nats://127.0.0.1:4222';

/** Where it joins, as whom, and how it ends. */
export const JOIN_SETTINGS = {
  NATS_URL: z.string().min(1).optional(),
  /** The gateway's address: where it is set, the agent joins over HTTP and needs no NATS. */
  OIO_GATEWAY_URL: z.url({ protocol: /^https?$/ }).optional(),
  ...TOKEN_SETTINGS,
  /** The path of a `.creds` file. */
  OIO_NATS_CREDENTIALS: z.string().min(1).optional(),
  OIO_TENANT: TenantId.default(TenantId.parse('dev')),
  OIO_HEARTBEAT_SECONDS: z.coerce.number().int().min(1).max(60).default(10),
  OIO_DRAIN_SECONDS: z.coerce.number().min(0).max(3_600).default(20),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
};
type JoinSettings = z.infer<z.ZodObject<typeof JOIN_SETTINGS>>;

export interface JoinConfig {
  /** A NATS server, or the gateway (`http://…`). */
  readonly servers: string;
  readonly login: { readonly token?: string; readonly credentials?: string };
  readonly tenant: string;
  readonly drainMs: number;
  readonly logLevel: string;
}

export function joinOf(settings: JoinSettings, credentials: string | null): JoinConfig {
  return {
    servers: settings.OIO_GATEWAY_URL ?? settings.NATS_URL ?? NATS_DEFAULT,
    login: { ...tokenOf(settings), ...(credentials === null ? {} : { credentials }) },
    tenant: settings.OIO_TENANT,
    drainMs: settings.OIO_DRAIN_SECONDS * 1_000,
    logLevel: settings.LOG_LEVEL,
  };
}

/** Where it works, and what of fetched repositories is kept. */
export const WORK_SETTINGS = { OIO_WORK_DIR: z.string().min(1).optional(), ...KEEP_SETTINGS };
type WorkSettings = z.infer<z.ZodObject<typeof WORK_SETTINGS>> & { readonly OIO_AGENT_NAME: string };

export interface WorkConfig {
  readonly workDir: string;
  readonly keep: ReapLimits;
}

/** Two agents never share a folder: it bears the agent's name. */
export function workOf(settings: WorkSettings): WorkConfig {
  const usual = join(homedir(), '.oio', 'agents', settings.OIO_AGENT_NAME.toLowerCase());
  return { workDir: resolve(settings.OIO_WORK_DIR ?? usual), keep: readKeep(settings) };
}

/** /health and /ready of this agent; port 0: none. */
export const HEALTH_SETTINGS = {
  OIO_AGENT_HOST: z.string().min(1).default('127.0.0.1'),
  OIO_AGENT_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
};

export function healthOf(settings: z.infer<z.ZodObject<typeof HEALTH_SETTINGS>>): HealthPlace {
  return { host: settings.OIO_AGENT_HOST, port: settings.OIO_AGENT_PORT };
}

/** What any command needs. */
export const FOR_COMMANDS = ['PATH', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];
/** What reaches a server from where proxies and authorities of its own stand between. */
export const FOR_NETWORK = [
  ...['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'],
];
/** What git sees: it needs the user's own credentials. */
export const FOR_GIT = [
  ...FOR_COMMANDS,
  ...FOR_NETWORK,
  ...['HOME', 'SSH_AUTH_SOCK', 'GIT_SSH_COMMAND', 'XDG_CONFIG_HOME'],
];
/** By this habit keys of model providers are named. */
export const PROVIDER_KEY = /^[A-Z0-9_]+_API_KEY$/;

/** Names with commas between. */
export const Names = z.string().transform((text) =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== ''),
);

/** What a program was given, and what is wrong with it: all of that is told at once. */
export class Given {
  /** An empty variable counts as none: so it is in compose files and shells. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #faults: string[] = [];

  constructor(environment: Environment) {
    const set = Object.entries(environment).flatMap(([name, value]) => (value ? [[name, value]] : []));
    this.environment = Object.fromEntries(set);
  }

  /** Told with the others when the settings are parsed. */
  fault(name: string, detail: string): void {
    this.#faults.push(`${name}: ${detail}`);
  }

  /** The content of the file whose path is in a setting. Null: there is no path, or a fault. */
  textAt(name: string): string | null {
    const path = this.environment[name];
    if (path === undefined) return null;
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      this.fault(name, error instanceof Error ? error.message : String(error));
      return null;
    }
  }

  /** Throws with all faults in one message. */
  parse<Shape extends z.ZodType>(shape: Shape): z.infer<Shape> {
    const parsed = shape.safeParse(this.environment);
    const issues = parsed.error?.issues ?? [];
    const faults = [...issues.map(({ path, message }) => `${path.join('.')}: ${message}`), ...this.#faults];
    if (parsed.success && faults.length === 0) return parsed.data;
    throw new Error(`wrong settings:\n  ${faults.join('\n  ')}`);
  }

  /** The environment of what is started: these names of it. Most projects need a node; ours comes last on its path. */
  pass(names: readonly string[]): Record<string, string> {
    const passed = names.flatMap((name) => {
      const value = this.environment[name];
      return value === undefined ? [] : [[name, value]];
    });
    const path = [this.environment.PATH ?? '/usr/local/bin:/usr/bin:/bin', dirname(process.execPath)];
    return { ...Object.fromEntries(passed), PATH: path.join(delimiter) };
  }

  /** Names of those that are keys of model providers. */
  providerKeys(): string[] {
    return Object.keys(this.environment).filter((name) => PROVIDER_KEY.test(name));
  }
}
