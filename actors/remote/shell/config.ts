/** What the shell agent's process can be told, by its environment. */
import { z } from 'zod';
import {
  type Environment,
  FOR_COMMANDS,
  FOR_GIT,
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
import { AgentCard, AgentName } from '#protocols/agent.ts';
import { AgentType, CAPABILITIES, Capability } from '#protocols/capability.ts';
import type { CommandLimits } from './command.ts';

export interface ShellConfig extends JoinConfig, WorkConfig {
  readonly card: AgentCard;
  readonly command: string;
  readonly timeoutMs: number;
  readonly limits: CommandLimits;
  /** What the command sees of our environment. */
  readonly commandEnvironment: Readonly<Record<string, string>>;
  readonly gitEnvironment: Readonly<Record<string, string>>;
  readonly health: HealthPlace;
}

const MIB = 1_024 * 1_024;
const VERSION = '1.0.0';

const Settings = z.object({
  ...JOIN_SETTINGS,
  OIO_AGENT_NAME: AgentName.default('AGENT-SHELL-1'),
  OIO_AGENT_TYPE: AgentType.default('implementer'),
  /** With commas. Without: all that there are. */
  OIO_CAPABILITIES: Names.pipe(z.array(Capability).min(1)).default([...CAPABILITIES]),
  OIO_CAPACITY: z.coerce.number().int().min(1).max(50).default(2),
  OIO_COMMAND: z.string().min(1),
  OIO_COMMAND_SECONDS: z.coerce.number().positive().max(86_400).default(3_600),
  OIO_COMMAND_MEMORY_MIB: z.coerce.number().positive().default(2_048),
  OIO_COMMAND_OUTPUT_MIB: z.coerce.number().positive().max(30).default(8),
  /** More names of variables for the command, with commas. */
  OIO_COMMAND_ENV: Names.default([]),
  OIO_COMMAND_GRACE_SECONDS: z.coerce.number().min(0).max(60).default(5),
  ...WORK_SETTINGS,
  ...HEALTH_SETTINGS,
});

/** True for what this process reads of its environment. */
export function isSetting(name: string): boolean {
  return name in Settings.shape || FOR_GIT.includes(name);
}

/** Parses the environment; throws with all faults in one message. */
export function parseConfig(environment: Environment): ShellConfig {
  const given = new Given(environment);
  const credentials = given.textAt('OIO_NATS_CREDENTIALS');
  const settings = given.parse(Settings);
  return Object.freeze({
    ...joinOf(settings, credentials),
    ...workOf(settings),
    card: toCard(settings),
    command: settings.OIO_COMMAND,
    timeoutMs: settings.OIO_COMMAND_SECONDS * 1_000,
    limits: {
      memoryBytesMax: settings.OIO_COMMAND_MEMORY_MIB * MIB,
      outputBytesMax: settings.OIO_COMMAND_OUTPUT_MIB * MIB,
      graceMs: settings.OIO_COMMAND_GRACE_SECONDS * 1_000,
    },
    commandEnvironment: given.pass([...FOR_COMMANDS, ...settings.OIO_COMMAND_ENV]),
    gitEnvironment: given.pass(FOR_GIT),
    health: healthOf(settings),
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
