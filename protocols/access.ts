/**
 * Who may do what: one table of data, from an action to the standings that may take it. Every route names its action.
 * The page ops/docs/access.md shows this table; a test compares them.
 */
import { z } from 'zod';

/** What a key is for. `agent`: a program that joins over HTTP, and nothing else. */
export const Role = z.enum(['viewer', 'developer', 'admin', 'agent']);
export type Role = z.infer<typeof Role>;

/** The tenant whose admins may do everything in every tenant. */
export const PLATFORM_TENANT = 'system';

/** What a caller is in a tenant: the role of its key, or `platform`, an admin of the tenant `system`. */
export const Standing = z.enum([...Role.options, 'platform']);
export type Standing = z.infer<typeof Standing>;

export function standingOf(key: { readonly tenant: string; readonly role: Role }): Standing {
  return key.tenant === PLATFORM_TENANT && key.role === 'admin' ? 'platform' : key.role;
}

const ADMINS = ['admin', 'platform'] as const;
const WORKERS = ['developer', ...ADMINS] as const;
const READERS = ['viewer', ...WORKERS] as const;

export const ACCESS = {
  'sessions.read': READERS,
  'sessions.write': WORKERS,
  'tasks.read': READERS,
  'tasks.write': WORKERS,
  'blueprints.read': READERS,
  'blueprints.write': WORKERS,
  'agents.read': READERS,
  'agents.write': WORKERS,
  'agents.speak': ['agent', ...WORKERS],
  'approvals.read': READERS,
  'approvals.decide': WORKERS,
  'approvals.rules': ADMINS,
  'contexts.read': READERS,
  'contexts.write': WORKERS,
  'locks.read': READERS,
  'locks.write': WORKERS,
  'locks.break': ADMINS,
  'events.read': READERS,
  'messages.read': READERS,
  'letters.read': READERS,
  'letters.replay': WORKERS,
  'letters.change': ADMINS,
  'letters.unaddressed': ['platform'],
  'tuning.read': READERS,
  'tuning.write': WORKERS,
  'models.read': READERS,
  'models.write': WORKERS,
  'models.promote': ADMINS,
  'quota.read': READERS,
  'quota.write': ADMINS,
  'capacity.read': READERS,
  'capacity.write': ['platform'],
  'cluster.read': READERS,
  'actors.read': READERS,
  'actors.fork': WORKERS,
  'actors.hold': ADMINS,
  'audit.read': ADMINS,
  'keys.read': ADMINS,
  'keys.write': ADMINS,
  'metrics.read': READERS,
  'tools.call': READERS,
  'self.read': ['agent', ...READERS],
} as const satisfies Record<string, readonly Standing[]>;

export type Action = keyof typeof ACCESS;

/** The table's keys are its own. */
export const ACTIONS = Object.keys(ACCESS) as Action[];

export function mayDo(standing: Standing, action: Action): boolean {
  const allowed: readonly Standing[] = ACCESS[action];
  return allowed.includes(standing);
}

export function actionsOf(standing: Standing): Action[] {
  return ACTIONS.filter((action) => mayDo(standing, action));
}

/** Kinds of actors of which whoever looks at actors needs more than `actors.read`. */
export const READS_OF_KINDS: Readonly<Record<string, Action>> = {
  tenant: 'keys.read',
  audit: 'audit.read',
};
