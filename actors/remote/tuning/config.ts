/** What the process that builds data sets and has models trained can be told, by its environment. */
import { z } from 'zod';
import {
  type Environment,
  Given,
  JOIN_SETTINGS,
  type JoinConfig,
  joinOf,
} from '#actors/remote/program/settings.ts';
import { AgentCard, AgentName } from '#protocols/agent.ts';
import type { GatewayOptions } from './gateway.ts';
import type { TrainerOptions } from './train.ts';
import { capabilitiesOf } from './work.ts';

export interface TuningConfig extends JoinConfig {
  readonly card: AgentCard;
  readonly gateway: GatewayOptions;
  readonly trainer: Omit<TrainerOptions, 'gateway'> | null;
}

const VERSION = '1.0.0';

const Settings = z.object({
  /** Its `OIO_KEY` is one that may read, and join where there is no NATS; a developer's. */
  ...JOIN_SETTINGS,
  /** What it reads sessions and artifacts from; where no NATS is named it joins there too. */
  OIO_GATEWAY_URL: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:8000'),
  OIO_AGENT_NAME: AgentName.default('AGENT-TUNING-1'),
  OIO_CAPACITY: z.coerce.number().int().min(1).max(50).default(2),
  /** An endpoint that trains as OpenAI's does, with its version; left out: it builds data sets only. */
  OIO_TRAINER_URL: z.url({ protocol: /^https?$/ }).optional(),
  OIO_TRAINER_KEY: z.string().min(1).optional(),
  /** What stands before the slash where agents name what was trained. */
  OIO_TRAINER_PROVIDER: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
    .default('openai'),
  OIO_TRAINER_POLL_SECONDS: z.coerce.number().min(1).max(600).default(15),
});

/** Parses the environment; throws with all faults in one message. */
export function parseConfig(environment: Environment): TuningConfig {
  const given = new Given(environment);
  const credentials = given.textAt('OIO_NATS_CREDENTIALS');
  const settings = given.parse(Settings);
  const { NATS_URL, OIO_GATEWAY_URL: url, OIO_KEY: key = null } = settings;
  const joins = NATS_URL === undefined ? settings : { ...settings, OIO_GATEWAY_URL: undefined };
  const trainer = toTrainer(settings);
  return Object.freeze({
    ...joinOf(joins, credentials),
    card: toCard(settings, trainer),
    gateway: { url, key },
    trainer,
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
