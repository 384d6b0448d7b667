/** What a node can be told, by its environment. */
import { z } from 'zod';
import { ACTOR_MEMORY_DEFAULT_MB } from './bounds.ts';
import { TaskKey } from './task-token.ts';

const Environment = z.object({
  NATS_URL: z.string({ error: 'is not set: say which NATS server, as nats://host:port' }),
  DATABASE_URL: z.string({
    error: 'is not set: say which database, as postgres://user:password@host:port/name',
  }),
  OIO_NODE_ID: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and "-"')
    .default('node'),
  /** For the first node of a cluster; fixed from then on, and a node that is told another number is refused. */
  OIO_PARTITIONS: z.coerce.number().int().min(1).max(4_096).optional(),
  /** Copies of each stream. Has to be said where NATS is a cluster; 1 where it is one server. */
  OIO_REPLICAS: z.coerce.number().int().min(1).max(5).optional(),
  /** Of all partitions, how many may move within 10 s when a node joins. */
  OIO_MOVE_PERCENT: z.coerce.number().min(0.01).max(100).default(5),
  OIO_IDLE_SECONDS: z.coerce.number().min(1).default(60),
  /** What actors in memory may take, by estimate; the least used go first. */
  OIO_ACTOR_MEMORY_MB: z.coerce.number().int().min(1).max(1_000_000).default(ACTOR_MEMORY_DEFAULT_MB),
  OIO_DRAIN_SECONDS: z.coerce.number().min(1).default(15),
  /** /health, /ready and /metrics of this node: on loopback, unless somebody elsewhere looks; port 0: none. */
  OIO_NODE_HOST: z.string().min(1).default('127.0.0.1'),
  OIO_NODE_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  /** Of the code, beside its version: a commit, say. Turns of another build are told apart when they are folded. */
  OIO_BUILD: z
    .string()
    .regex(/^[\w.-]{0,40}$/, 'letters, digits, ".", "_" and "-"')
    .default(''),
  /** One of so many turns is taken twice, to find handlers that are not deterministic; 0: none. */
  OIO_TWICE_EVERY: z.coerce.number().int().min(0).max(1_000_000).default(100),
  /** How long all nodes must have known a newer state version before it is written: so long is a way back. */
  OIO_RAISE_STATES_SECONDS: z.coerce.number().min(0).default(300),
  /** The gateway's `/mcp` as agents reach it, and the key of the deployment: without both, agents get no tools. */
  OIO_MCP_URL: z.preprocess(
    (value) => (value === '' ? undefined : value),
    z.url({ protocol: /^https?$/ }).optional(),
  ),
  OIO_TASK_KEY: z.preprocess((value) => (value === '' ? undefined : value), TaskKey.optional()),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
});
export type NodeConfig = Readonly<z.infer<typeof Environment>>;

/** True for what a node reads of its environment. */
export function isSetting(name: string): boolean {
  return name in Environment.shape;
}

/** Parses the environment; throws with all faults in one message. */
export function parseConfig(environment: Record<string, string | undefined>): NodeConfig {
  const parsed = Environment.safeParse(environment);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`wrong settings:\n${faults.join('\n')}`);
  }
  return Object.freeze(parsed.data);
}
