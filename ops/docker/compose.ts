/** Reads docker-compose.yml as compose does: merged, with variables put in, in the shape that ours has. */
import { parse } from 'yaml';
import { z } from 'zod';

const Dependency = z.strictObject({
  condition: z.enum(['service_healthy', 'service_completed_successfully']),
  required: z.boolean().default(true),
});

const HealthCheck = z.union([
  z.strictObject({ disable: z.literal(true) }),
  z.strictObject({
    test: z.array(z.string()).min(2),
    interval: z.string(),
    timeout: z.string(),
    start_period: z.string(),
    retries: z.number().int(),
  }),
]);

export const Service = z.strictObject({
  image: z.string(),
  build: z.strictObject({ context: z.string(), dockerfile: z.string(), target: z.string() }).optional(),
  profiles: z.array(z.string()).default([]),
  user: z.string(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  restart: z.enum(['unless-stopped', 'on-failure:3']),
  init: z.boolean(),
  read_only: z.boolean(),
  cap_drop: z.array(z.string()),
  security_opt: z.array(z.string()),
  tmpfs: z.array(z.string()),
  volumes: z.array(z.string()).default([]),
  networks: z.array(z.string()),
  ports: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), Dependency).default({}),
  healthcheck: HealthCheck.optional(),
  shm_size: z.string().optional(),
  stop_signal: z.string().optional(),
  stop_grace_period: z.string(),
  logging: z.strictObject({
    driver: z.literal('json-file'),
    options: z.strictObject({ 'max-size': z.string(), 'max-file': z.string() }),
  }),
  deploy: z.strictObject({
    resources: z.strictObject({
      limits: z.strictObject({ cpus: z.string(), memory: z.string(), pids: z.number().int() }),
    }),
  }),
});
export type Service = z.infer<typeof Service>;

/** Strict: a misspelt key is a fault and not a setting that does nothing. */
export const Compose = z.looseObject({
  name: z.string(),
  services: z.record(z.string(), Service),
  networks: z.record(z.string(), z.strictObject({ internal: z.boolean().optional() })),
  volumes: z.record(z.string(), z.strictObject({})),
});
export type Compose = z.infer<typeof Compose>;

/** Throws with each fault and its path, and where a variable that must be given is not. */
export function parseCompose(text: string, given: Readonly<Record<string, string>>): Compose {
  const document: unknown = parse(text, { merge: true });
  const parsed = Compose.safeParse(fillIn(document, given));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`docker-compose.yml:\n  ${faults.join('\n  ')}`);
}

/** `${NAME}`, `${NAME:-default}` and `${NAME:?what to do}` in every text. */
function fillIn(value: unknown, given: Readonly<Record<string, string>>): unknown {
  if (Array.isArray(value)) return value.map((one) => fillIn(one, given));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fillIn(one, given)]));
  }
  if (typeof value !== 'string') return value;
  return value.replaceAll(
    /\$\{([A-Z0-9_]+)(:[-?][^}]*)?\}/g,
    (_all, name: string, otherwise: string = '') => {
      const set = given[name];
      if (set !== undefined && set !== '') return set;
      if (otherwise.startsWith(':?')) throw new Error(`${name}: ${otherwise.slice(2)}`);
      return otherwise.slice(2);
    },
  );
}
