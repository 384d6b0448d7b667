/** What the ACP agent's process can be told, by its environment and its command line. */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import {
  type Environment,
  FOR_COMMANDS,
  FOR_GIT,
  FOR_NETWORK,
  Given,
  HEALTH_SETTINGS,
  healthOf,
  JOIN_SETTINGS,
  type JoinConfig,
  joinOf,
  Names,
  WORK_SETTINGS,
  type WorkConfig,
  workOf,
} from '#actors/remote/program/settings.ts';
import type { HealthPlace } from '#actors/remote/sdk/health.ts';
import { AgentName } from '#protocols/agent.ts';
import { AgentType, CAPABILITIES, Capability, PRIMARY_BY_TYPE } from '#protocols/capability.ts';
import { isPreset, PRESETS, type Preset } from './presets.ts';
import type { AgentProgram } from './run.ts';
import type { TerminalLimits } from './terminals.ts';

export interface AcpConfig extends JoinConfig, WorkConfig {
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
  readonly gitEnvironment: Readonly<Record<string, string>>;
  readonly health: HealthPlace;
}

const MIB = 1_024 * 1_024;

const Settings = z.object({
  ...JOIN_SETTINGS,
  OIO_AGENT_NAME: AgentName.default('AGENT-ACP-1'),
  OIO_AGENT_TYPE: AgentType.default('implementer'),
  /** With commas. Without: what an agent of its type is best at. */
  OIO_CAPABILITIES: Names.pipe(z.array(Capability).min(1)).optional(),
  OIO_CAPACITY: z.coerce.number().int().min(1).max(50).default(2),
  /** A known agent by name. */
  OIO_ACP_AGENT: z.string().optional(),
  /** Any agent that speaks ACP on its standard input and output. */
  OIO_ACP_COMMAND: z.string().min(1).optional(),
  /** The id of the agent's own login method, for those that want to be told. */
  OIO_ACP_LOGIN: z.string().min(1).optional(),
  /** More names of variables for the agent and its commands, with commas. */
  OIO_ACP_ENV: Names.default([]),
  OIO_ACP_SILENCE_SECONDS: z.coerce.number().positive().max(86_400).default(900),
  OIO_ACP_COMMAND_SECONDS: z.coerce.number().positive().max(86_400).default(3_600),
  OIO_ACP_OUTPUT_MIB: z.coerce.number().positive().max(30).default(1),
  OIO_MODEL: z.string().min(1).optional(),
  ...WORK_SETTINGS,
  ...HEALTH_SETTINGS,
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
  ...FOR_COMMANDS,
  ...FOR_NETWORK,
  ...['HOME', 'USER', 'LOGNAME', 'SHELL'],
  ...['XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_STATE_HOME', 'XDG_CACHE_HOME'],
];

/** Parses environment and command line; throws with all faults in one message. */
export function parseConfig(environment: Environment, parameters: readonly string[] = []): AcpConfig {
  const given = new Given({ ...environment, ...readFlags(parameters) });
  const credentials = given.textAt('OIO_NATS_CREDENTIALS');
  const { preset, command } = readCommand(given);
  const settings = given.parse(Settings);
  const passed = [
    ...PASSED_ON,
    ...given.providerKeys(),
    ...(preset?.environment ?? []),
    ...settings.OIO_ACP_ENV,
  ];
  return Object.freeze({
    ...joinOf(settings, credentials),
    ...workOf(settings),
    ...describeAgent(settings),
    program: {
      command,
      environment: given.pass(passed),
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
    gitEnvironment: given.pass(FOR_GIT),
    health: healthOf(settings),
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
    agentName: settings.OIO_AGENT_NAME,
    agentType,
    primary: primary.length === 0 ? CAPABILITIES : primary,
    capacity: settings.OIO_CAPACITY,
    heartbeatSeconds: settings.OIO_HEARTBEAT_SECONDS,
    model: settings.OIO_MODEL ?? null,
  };
}

/** The command, and the known agent whose it is. */
function readCommand(given: Given): { readonly command: string; readonly preset: Preset | null } {
  const { OIO_ACP_AGENT: name, OIO_ACP_COMMAND: said } = given.environment;
  const known = Object.keys(PRESETS).join(', ');
  if (name !== undefined && !isPreset(name)) {
    given.fault('OIO_ACP_AGENT', `"${name}" is not known; there are ${known}`);
    return { command: '', preset: null };
  }
  const ofCommand: readonly Preset[] = Object.values(PRESETS).filter(({ command }) => command === said);
  const preset = name === undefined ? (ofCommand[0] ?? null) : PRESETS[name];
  const command = said ?? preset?.command ?? '';
  if (command === '') {
    given.fault('OIO_ACP_COMMAND', `missing; --command '<agent>', or --agent with one of ${known}`);
  }
  return { command, preset };
}
