/** What the model agent's process can be told, by its environment. */
import { z } from 'zod';
import {
  type Environment,
  FOR_GIT,
  Given,
  JOIN_SETTINGS,
  type JoinConfig,
  joinOf,
  WORK_SETTINGS,
  type WorkConfig,
  workOf,
} from '#actors/remote/program/settings.ts';
import { AgentCard, AgentName } from '#protocols/agent.ts';
import type { ModelOptions } from './model.ts';

export interface ModelAgentConfig extends JoinConfig, WorkConfig {
  readonly card: AgentCard;
  readonly model: ModelOptions;
  readonly diffBytesMax: number;
  readonly gitEnvironment: Readonly<Record<string, string>>;
}

const VERSION = '1.0.0';
const KIB = 1_024;

const Settings = z.object({
  ...JOIN_SETTINGS,
  OIO_AGENT_NAME: AgentName.default('AGENT-MODEL-1'),
  OIO_CAPACITY: z.coerce.number().int().min(1).max(50).default(4),
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
  ...WORK_SETTINGS,
});

/** Parses the environment; throws with all faults in one message. */
export function parseConfig(environment: Environment): ModelAgentConfig {
  const given = new Given(environment);
  const credentials = given.textAt('OIO_NATS_CREDENTIALS');
  const fileKey = given.textAt('OIO_MODEL_KEY_FILE')?.trim();
  const settings = given.parse(Settings);
  return Object.freeze({
    ...joinOf(settings, credentials),
    ...workOf(settings),
    card: toCard(settings),
    model: toModelOptions(settings, fileKey ?? settings.OIO_MODEL_KEY ?? null),
    diffBytesMax: settings.OIO_MODEL_DIFF_KIB * KIB,
    gitEnvironment: given.pass(FOR_GIT),
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
