/** Contexts on HTTP: what may be asked of them and how they are shown. */
import { z } from 'zod';
import {
  Context,
  ContextDraft,
  ContextName,
  ContextPlace,
  ContextScope,
  ContextWrite,
  MERGE_SOURCES_MAX,
  MergeOutcome,
  MergeStrategy,
} from '../context.ts';
import type { Difference } from '../context-diff.ts';
import { type ContextHistory, HistoryEntry } from '../context-history.ts';
import { DottedPath } from '../dotted-path.ts';
import { EntityId } from '../ids.ts';
import { SafeJson } from '../json-value.ts';
import { listedPageOf, listOf, PageCursor, PageNumber, PageSize, Search, SortOrder } from './page.ts';

const VERSION_READ = 'The version that was read. May be left out where If-Match names it.';

export const ContextParams = z.object({ id: EntityId.describe('Id of the context.') });

export const ContextKeyParams = ContextParams.extend({
  path: DottedPath.describe('Dotted path: `plan.steps.0`. A dot in a key has a backslash before it.'),
});

export const ContextDiffParams = ContextParams.extend({
  other: EntityId.describe('Id of the context that it is compared with.'),
});

export const ContextOwnerParams = z.object({ id: EntityId.describe('Id of the session or agent.') });

export const IfMatch = z
  .string()
  .regex(/^(?:\*|(?:W\/)?"\d{1,15}")$/, 'an ETag such as "3", or * for whatever version there is')
  .optional()
  .describe('ETag of what was read; * to write over whatever is there.');

const listFields = {
  search: Search,
  sort: z.enum(['created', 'updated', 'title']).default('updated').describe('By what; title is the name.'),
  order: SortOrder.default('desc'),
  cursor: PageCursor,
  page: PageNumber,
  page_size: PageSize,
};

export const OwnContextsQuery = z.object(listFields);
export type OwnContextsQuery = z.infer<typeof OwnContextsQuery>;

export const ContextListQuery = z.object({
  scope: listOf(ContextScope).optional().describe('Only these scopes; repeated or parted by commas.'),
  owner_id: EntityId.optional().describe('Only those of this task, session or agent.'),
  ...listFields,
});

export const CreateContext = ContextDraft.meta({
  id: 'CreateContext',
  description: 'A JSON document with a scope; all but global ones name the one owner that the scope has.',
  examples: [
    {
      scope: 'session',
      session_id: '0190a3c8-5b1e-7c7e-9d44-6a1f0a5b2c3d',
      name: 'What is known of the code',
      data: { test_command: 'npm test', modules: ['parser', 'printer'] },
    },
  ],
});

/** Body of PATCH. */
export const WriteContext = ContextWrite.extend({
  data: ContextWrite.shape.data.describe('All of the data, in place of what is there.'),
  unset: ContextWrite.shape.unset.describe('Dotted paths that go; each must be there.'),
  set: ContextWrite.shape.set.describe('Values by dotted path.'),
  version: z.number().int().positive().optional().describe(VERSION_READ),
})
  .refine(
    ({ version: _, unset, set, ...others }) =>
      Object.keys(others).length + unset.length + Object.keys(set).length > 0,
    'there is nothing to change',
  )
  .meta({
    id: 'WriteContext',
    description: 'Changes, applied all together or not at all: the data, then what goes, then what is put.',
    examples: [{ version: 3, unset: ['draft'], set: { 'plan.steps.0.done': true } }],
  });

export const PutContextKey = z
  .object({
    value: SafeJson.refine((value) => value !== undefined, 'is required').describe('Any JSON value.'),
    version: z.number().int().positive().optional().describe(VERSION_READ),
  })
  .meta({ id: 'PutContextKey', examples: [{ value: { done: true }, version: 3 }] });

export const MergeContexts = z
  .object({
    target_id: EntityId.describe('The context that is merged into.'),
    source_ids: z
      .array(EntityId)
      .min(1)
      .max(MERGE_SOURCES_MAX)
      .refine((ids) => new Set(ids).size === ids.length, 'each at most once')
      .describe('What is merged, in this order. They stay as they are.'),
    strategy: MergeStrategy.default('deep_merge'),
    version: z.number().int().positive().optional().describe('The version of the target that was read.'),
  })
  .refine(({ target_id, source_ids }) => !source_ids.includes(target_id), {
    path: ['source_ids'],
    message: 'the target is not a source',
  })
  .meta({
    id: 'MergeContexts',
    description:
      '`deep_merge` keeps both, the source fills what is missing and lists are united; `prefer_source`, ' +
      '`prefer_target` and `last_write_wins` decide where both have something else; `manual` merges nothing and ' +
      'lists the conflicts.',
    examples: [
      {
        target_id: '0190a3c8-5b1e-7c7e-9d44-6a1f0a5b2c3d',
        source_ids: ['0190a3c8-7f00-7b1d-8c3e-2b4d6f8a0c1e'],
        strategy: 'deep_merge',
        version: 3,
      },
    ],
  });

export const ShareContext = z
  .object({ session_id: EntityId.describe('The session that gets a copy.'), name: ContextName.optional() })
  .meta({ id: 'ShareContext', examples: [{ session_id: '0190a3c8-5b1e-7c7e-9d44-6a1f0a5b2c3d' }] });

/** Body of clone; may be left out. */
export const CloneContext = z
  .preprocess(
    (body) => body ?? {},
    z
      .object({
        name: ContextName.optional(),
        place: ContextPlace.optional().describe('Where the copy belongs; without: where the original does.'),
      })
      .meta({ examples: [{ name: 'A second try', place: { scope: 'global' } }] }),
  )
  .describe('May be left out.');

/** Body of promote; may be left out. */
export const PromoteContext = z
  .preprocess(
    (body) => body ?? {},
    z
      .object({ version: z.number().int().positive().optional().describe('The version that was read.') })
      .meta({ examples: [{ version: 3 }] }),
  )
  .describe('May be left out.');

const AN_EXAMPLE = {
  id: '0190a3c8-5b1e-7c7e-9d44-6a1f0a5b2c3d',
  tenant_id: 'dev',
  version: 3,
  created_at: '2026-01-01T00:00:00.000Z',
  updated_at: '2026-01-01T00:10:00.000Z',
  created_by: 'user:dev',
  updated_by: 'agent:agent-one',
  name: 'What is known of the code',
  scope: 'session' as const,
  task_id: null,
  session_id: '0190a3c8-1111-7c7e-9d44-6a1f0a5b2c3d',
  agent_id: null,
  label: 'agent' as const,
  source: null,
  promoted_from: null,
  bytes: 27,
};

export const ContextView = Context.meta({
  id: 'Context',
  description: 'Shared, versioned memory: a JSON document with a scope.',
  examples: [{ ...AN_EXAMPLE, data: { test_command: 'npm test' } }],
});
export type ContextView = z.infer<typeof ContextView>;

export const ContextSummary = Context.omit({ data: true }).meta({
  id: 'ContextSummary',
  description: 'A context without its data.',
  examples: [AN_EXAMPLE],
});
export type ContextSummary = z.infer<typeof ContextSummary>;

export const ContextPage = listedPageOf('ContextPage', ContextSummary);

export const ContextKeyView = z
  .object({ path: z.string(), value: z.unknown(), version: z.number().int() })
  .meta({ id: 'ContextKey', examples: [{ path: 'plan.steps.0', value: { done: true }, version: 3 }] });

export const ContextMerged = MergeOutcome.extend({ strategy: MergeStrategy, context: ContextView }).meta({
  id: 'ContextMerged',
  description: 'What became of a merge: `merged` is false for `manual`; at most 100 conflicts are listed.',
});

const place = z.object({ id: EntityId, version: z.number().int() });

export const ContextDiffView = z
  .object({
    from: place,
    to: place,
    added: z.array(z.object({ path: z.string(), value: z.unknown() })),
    modified: z.array(z.object({ path: z.string(), old: z.unknown(), value: z.unknown() })),
    deleted: z.array(z.object({ path: z.string(), old: z.unknown() })),
  })
  .meta({
    id: 'ContextDiff',
    description: 'What it takes to make the second of the first.',
    examples: [
      {
        from: { id: 'first', version: 3 },
        to: { id: 'second', version: 1 },
        added: [{ path: 'modules', value: ['parser'] }],
        modified: [{ path: 'test_command', old: 'npm test', value: 'make test' }],
        deleted: [],
      },
    ],
  });
export type ContextDiffView = z.infer<typeof ContextDiffView>;

export const ContextHistoryView = z
  .object({
    context_id: EntityId,
    version: z.number().int().describe('Up to this version it is told; it may follow a moment later.'),
    total: z.number().int().describe('How many changes there ever were; the last 100 are kept.'),
    items: z.array(HistoryEntry).describe('Newest first.'),
  })
  .meta({
    id: 'ContextHistory',
    examples: [
      {
        context_id: '0190a3c8-5b1e-7c7e-9d44-6a1f0a5b2c3d',
        version: 2,
        total: 1,
        items: [
          {
            path: 'test_command',
            change: 'modified',
            old: 'npm test',
            new: 'make test',
            version: 2,
            at: '2026-01-01T00:10:00.000Z',
            by: 'user:dev',
          },
        ],
      },
    ],
  });
export type ContextHistoryView = z.infer<typeof ContextHistoryView>;

export function toContextSummary({ data, ...summary }: Context): ContextSummary {
  return summary;
}

export function toDiffView(from: Context, to: Context, differences: readonly Difference[]): ContextDiffView {
  const ofType = <Type extends Difference['type']>(type: Type) =>
    differences.filter((one): one is Extract<Difference, { type: Type }> => one.type === type);
  return {
    from: { id: from.id, version: from.version },
    to: { id: to.id, version: to.version },
    added: ofType('added').map(({ path, value }) => ({ path, value })),
    modified: ofType('modified').map(({ path, old, value }) => ({ path, old, value })),
    deleted: ofType('deleted').map(({ path, old }) => ({ path, old })),
  };
}

/** A context that was never changed has no history yet. */
export function toHistoryView(contextId: string, history: ContextHistory | null): ContextHistoryView {
  const { version, total, entries } = history ?? { version: 1, total: 0, entries: [] };
  return { context_id: contextId, version, total, items: entries.toReversed() };
}
