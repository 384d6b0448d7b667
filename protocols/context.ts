/** The context: shared, versioned memory, a JSON document with a scope. As it is stored, sent and shown. */
import { z } from 'zod';
import { DottedPath } from './dotted-path.ts';
import { Conflict } from './failure.ts';
import { EntityId } from './ids.ts';
import { SafeJson, SafeJsonObject } from './json-value.ts';

export const ContextScope = z.enum(['temporary', 'session', 'agent', 'global']);
export type ContextScope = z.infer<typeof ContextScope>;

/** Where the data comes from, the strongest first. What comes together is as strong as its weakest part. */
export const ProvenanceLabel = z.enum(['trusted', 'agent', 'untrusted']);
export type ProvenanceLabel = z.infer<typeof ProvenanceLabel>;

export const MergeStrategy = z.enum([
  'last_write_wins',
  'deep_merge',
  'prefer_source',
  'prefer_target',
  'manual',
]);
export type MergeStrategy = z.infer<typeof MergeStrategy>;

export const MERGE_SOURCES_MAX = 10;
export const CONFLICTS_MAX = 100;
/** Contexts of one owner. */
export const CONTEXTS_PER_OWNER_MAX = 1_000;

export const ContextName = z.string().trim().min(1).max(200);

/** The field that names the owner of each scope; a global context belongs to the tenant. */
export const OWNER_FIELD = {
  temporary: 'task_id',
  session: 'session_id',
  agent: 'agent_id',
  global: null,
} as const satisfies Record<ContextScope, 'task_id' | 'session_id' | 'agent_id' | null>;

const placeFields = {
  scope: ContextScope,
  task_id: EntityId.optional().describe('The task that a temporary context belongs to.'),
  session_id: EntityId.optional().describe('The session that a session context belongs to.'),
  agent_id: EntityId.optional().describe('The agent that an agent context belongs to.'),
};

/** Where a context belongs: its scope, and the one owner that the scope has. */
export const ContextPlace = z.object(placeFields).superRefine(checkPlace);
export type ContextPlace = z.infer<typeof ContextPlace>;

const draftFields = {
  ...placeFields,
  name: ContextName,
  data: SafeJsonObject.default({}).describe(
    'Any JSON object; keys of any kind but `__proto__` and its like.',
  ),
  label: ProvenanceLabel.optional().describe('Weaker than what the writer stands for; never stronger.'),
};

export const ContextDraft = z.object(draftFields).superRefine(checkPlace);
export type ContextDraft = z.infer<typeof ContextDraft>;

/** What a copy was made of. */
export const ContextSource = z.object({
  context_id: EntityId,
  version: z.number().int(),
  how: z.enum(['share', 'clone']),
});
export type ContextSource = z.infer<typeof ContextSource>;

export const Context = z.object({
  id: EntityId,
  tenant_id: z.string(),
  version: z.number().int().describe('Grows by one with each change; also the ETag.'),
  created_at: z.string(),
  updated_at: z.string(),
  created_by: z.string(),
  updated_by: z.string(),
  name: z.string(),
  scope: ContextScope,
  task_id: EntityId.nullable(),
  session_id: EntityId.nullable(),
  agent_id: EntityId.nullable(),
  label: ProvenanceLabel,
  source: ContextSource.nullable().describe('What it is a copy of.'),
  promoted_from: z
    .object({ scope: ContextScope, owner_id: EntityId })
    .nullable()
    .describe('Where it belonged before it became global.'),
  bytes: z.number().int().describe('Size of `data` as JSON.'),
  data: z.record(z.string(), z.unknown()),
});
export type Context = z.infer<typeof Context>;

/** What a write changes, in this order: all of the data, then what goes, then what is put. */
export const ContextWrite = z.object({
  name: ContextName.optional(),
  label: ProvenanceLabel.optional(),
  data: SafeJsonObject.optional(),
  unset: z.array(DottedPath).max(1_000).default([]),
  set: z.record(DottedPath, SafeJson).default({}),
});
export type ContextWrite = z.infer<typeof ContextWrite>;

/** The version that the writer read; null where the writer means to write over whatever is there. */
const base = z.number().int().positive().nullable();

/** Another context as it was read, to be merged from. */
export const MergeSource = z.object({
  id: EntityId,
  version: z.number().int(),
  updated_at: z.string(),
  label: ProvenanceLabel,
  data: SafeJsonObject,
});
export type MergeSource = z.infer<typeof MergeSource>;

export const ContextMessage = z.discriminatedUnion('type', [
  z
    .object({ type: z.literal('create'), ...draftFields, source: ContextSource.optional() })
    .superRefine(checkPlace),
  z.object({ type: z.literal('write'), base, ...ContextWrite.shape }),
  z.object({
    type: z.literal('merge'),
    base,
    strategy: MergeStrategy,
    sources: z.array(MergeSource).min(1).max(MERGE_SOURCES_MAX),
  }),
  z.object({ type: z.literal('promote'), base }),
  z.object({ type: z.literal('delete'), base }),
  /** From its owner's keeper: the task ended, the session or the agent is gone. */
  z.object({ type: z.literal('owner_ended'), scope: ContextScope, owner_id: EntityId }),
]);
export type ContextMessage = z.infer<typeof ContextMessage>;

/** What a merge answers. */
export const MergeOutcome = z.object({
  version: z.number().int(),
  merged: z.boolean(),
  conflicts: z.array(Conflict),
  conflicts_total: z.number().int(),
  /** What was read to be merged. */
  sources: z.array(z.object({ context_id: EntityId, version: z.number().int() })),
});
export type MergeOutcome = z.infer<typeof MergeOutcome>;

/** The id of whom a context belongs to, by its scope; null for the tenant's. */
export function ownerOf(context: {
  readonly scope: ContextScope;
  readonly task_id?: string | null | undefined;
  readonly session_id?: string | null | undefined;
  readonly agent_id?: string | null | undefined;
}): string | null {
  const field = OWNER_FIELD[context.scope];
  return field === null ? null : (context[field] ?? null);
}

/** The weakest of all: untrusted before agent before trusted. */
export function weakestLabel(labels: readonly ProvenanceLabel[]): ProvenanceLabel {
  const strength = ProvenanceLabel.options;
  return labels.reduce((a, b) => (strength.indexOf(a) >= strength.indexOf(b) ? a : b), 'trusted');
}

function checkPlace(
  place: { scope: ContextScope; task_id?: unknown; session_id?: unknown; agent_id?: unknown },
  context: z.core.$RefinementCtx,
): void {
  for (const [scope, field] of Object.entries(OWNER_FIELD)) {
    if (field === null) continue;
    const isGiven = place[field] !== undefined;
    if (isGiven === (scope === place.scope)) continue;
    const message = isGiven
      ? `is only for contexts of the scope ${scope}`
      : `says whose ${scope} context it is`;
    context.addIssue({ code: 'custom', path: [field], message });
  }
}
