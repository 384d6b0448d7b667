/** What the agent's process can be told, by its environment. */
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
  PROVIDER_KEY,
  WORK_SETTINGS,
  type WorkConfig,
  workOf,
} from '#actors/remote/program/settings.ts';
import type { HealthPlace } from '#actors/remote/sdk/health.ts';
import { AgentName } from '#protocols/agent.ts';
import { parseModelName } from './model.ts';

export interface AgentConfig extends JoinConfig, WorkConfig {
  readonly agentName: string;
  readonly capacity: number;
  readonly model: string | null;
  readonly opencodeConfig: Readonly<Record<string, unknown>>;
  /** What opencode and the commands of its tasks see of our environment. */
  readonly opencodeEnvironment: Readonly<Record<string, string>>;
  readonly gitEnvironment: Readonly<Record<string, string>>;
  readonly heartbeatSeconds: number;
  readonly health: HealthPlace;
}

const OpencodeConfig = z.record(z.string(), z.unknown());

const Settings = z.object({
  ...JOIN_SETTINGS,
  OIO_HEARTBEAT_SECONDS: JOIN_SETTINGS.OIO_HEARTBEAT_SECONDS.unwrap().default(30),
  OIO_AGENT_NAME: AgentName.default('AGENT-OPENCODE-1'),
  OIO_CAPACITY: z.coerce.number().int().min(1).max(50).default(4),
  OIO_MODEL: z
    .string()
    .refine((name) => parseModelName(name) !== null, 'provider/model, such as anthropic/claude-sonnet-4-5')
    .optional(),
  /** opencode's configuration, as JSON or as the path of a file with it. */
  OIO_OPENCODE_CONFIG: z.string().min(1).optional(),
  /** More names of variables for opencode, with commas. */
  OIO_OPENCODE_ENV: Names.default([]),
  ...WORK_SETTINGS,
  ...HEALTH_SETTINGS,
});

/** What a process needs to run commands and to reach a model, and nothing that is not named here. */
const PASSED_ON = [...FOR_COMMANDS, ...FOR_NETWORK];

/** True for what this process reads of its environment, keys of model providers among it. */
export function isSetting(name: string): boolean {
  return name in Settings.shape || FOR_GIT.includes(name) || PROVIDER_KEY.test(name);
}

/** Parses the environment; throws with all faults in one message. */
export function parseConfig(environment: Environment): AgentConfig {
  const given = new Given(environment);
  const opencodeConfig = readOpencodeConfig(given);
  const credentials = given.textAt('OIO_NATS_CREDENTIALS');
  const settings = given.parse(Settings);
  const passed = [...PASSED_ON, ...given.providerKeys(), ...settings.OIO_OPENCODE_ENV];
  return Object.freeze({
    ...joinOf(settings, credentials),
    ...workOf(settings),
    agentName: settings.OIO_AGENT_NAME,
    capacity: settings.OIO_CAPACITY,
    model: settings.OIO_MODEL ?? null,
    opencodeConfig: withoutHostedModels(opencodeConfig, settings.OIO_MODEL, given.environment),
    opencodeEnvironment: given.pass(passed),
    gitEnvironment: given.pass(FOR_GIT),
    heartbeatSeconds: settings.OIO_HEARTBEAT_SECONDS,
    health: healthOf(settings),
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

function readOpencodeConfig(given: Given): AgentConfig['opencodeConfig'] {
  const name = 'OIO_OPENCODE_CONFIG';
  const said = given.environment[name];
  const text = said?.trimStart().startsWith('{') ? said : given.textAt(name);
  if (text === null) return {};
  try {
    return OpencodeConfig.parse(JSON.parse(text));
  } catch (error) {
    given.fault(name, `not a JSON object: ${error instanceof Error ? error.message : String(error)}`);
    return {};
  }
}
