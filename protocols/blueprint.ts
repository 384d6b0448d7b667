/**
 * A blueprint: a tenant's own decomposition template, in versions that never change. The blueprint knows its versions;
 * each is kept in a row of its own.
 */
import { z } from 'zod';
import { EntityId } from './ids.ts';
import { PlanTasks } from './plan.ts';
import { Reason } from './session-acts.ts';

export const BLUEPRINT_VERSIONS_MAX = 1_000;
/** Of a version as JSON: it goes with a session until that is planned. */
export const BLUEPRINT_BYTES_MAX = 256 * 1_024;
const VERSION_DIGITS = 6;

export const BlueprintName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and "-", at most 63 characters');

/** A blueprint, or one version of it: `name` or `name@3`. */
export const BlueprintReference = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}(@[1-9]\d{0,5})?$/, 'a name, or name@version');

/** What one version says. */
export const BlueprintBody = z.object({
  description: z.string().max(1_000).default(''),
  tasks: PlanTasks,
});
export type BlueprintBody = z.infer<typeof BlueprintBody>;

export const BlueprintVersion = BlueprintBody.extend({
  blueprint_id: EntityId,
  version: z.number().int().positive(),
  created_at: z.string(),
  created_by: z.string(),
});
export type BlueprintVersion = z.infer<typeof BlueprintVersion>;

export const Blueprint = z.object({
  id: EntityId,
  tenant_id: z.string(),
  description: z.string(),
  /** Number of the newest version. Versions count from 1, without gaps. */
  latest: z.number().int().positive(),
  /** Those of the newest version. */
  tasks: PlanTasks,
  created_at: z.string(),
  updated_at: z.string(),
  created_by: z.string(),
  /** No new session may name it; those that did go on. */
  retired_at: z.string().nullable(),
});
export type Blueprint = z.infer<typeof Blueprint>;

export const BlueprintMessage = z.discriminatedUnion('type', [
  BlueprintBody.extend({ type: z.literal('create') }),
  BlueprintBody.extend({ type: z.literal('add_version') }),
  z.object({ type: z.literal('retire'), reason: Reason.optional() }),
]);
export type BlueprintMessage = z.infer<typeof BlueprintMessage>;

export const BlueprintVersionMessage = z.discriminatedUnion('type', [
  BlueprintVersion.extend({ type: z.literal('keep') }),
]);
export type BlueprintVersionMessage = z.infer<typeof BlueprintVersionMessage>;

/** Id of the row of a version. */
export function blueprintVersionId(name: string, version: number): string {
  return `${name}_${String(version).padStart(VERSION_DIGITS, '0')}`;
}

export function parseReference(reference: string): {
  readonly name: string;
  readonly version: number | null;
} {
  const [name = '', version] = reference.split('@');
  return { name, version: version === undefined ? null : Number(version) };
}
