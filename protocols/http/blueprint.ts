/** Blueprints on HTTP. */
import { z } from 'zod';
import { Blueprint, BlueprintBody, BlueprintName, BlueprintVersion } from '../blueprint.ts';
import { listedPageOf, PageCursor, PageNumber, PageSize, Search, SortOrder } from './page.ts';

const TASKS = [
  { key: 'design', title: 'Design the migration', required_capabilities: ['system_design'] },
  { key: 'write', title: 'Write the migration', after: [{ key: 'design' }], estimate: { likely: 3 } },
  { key: 'test', title: 'Test the migration on a copy', after: [{ key: 'write' }] },
];

export const CreateBlueprint = BlueprintBody.extend({ name: BlueprintName }).meta({
  id: 'CreateBlueprint',
  description: 'A template of the tenant. Tasks name each other by keys; a circle is refused.',
  examples: [{ name: 'migration', description: 'For every change of a table.', tasks: TASKS }],
});

export const CreateBlueprintVersion = BlueprintBody.meta({
  id: 'CreateBlueprintVersion',
  description: 'The next version, whole. Earlier ones stay as they are.',
  examples: [{ description: 'For every change of a table.', tasks: TASKS }],
});

export const BlueprintParams = z.object({ name: BlueprintName.describe('Name of the blueprint.') });
export const BlueprintVersionParams = BlueprintParams.extend({
  version: z.coerce.number().int().min(1).max(999_999).describe('Number of the version.'),
});

export const BlueprintListQuery = z.object({
  state: z.enum(['active', 'retired']).optional().describe('Left out: both.'),
  search: Search,
  sort: z.enum(['created', 'updated', 'title']).default('title').describe('What to order by.'),
  order: SortOrder.default('asc'),
  cursor: PageCursor,
  page: PageNumber,
  page_size: PageSize,
});

export const BlueprintView = Blueprint.omit({ id: true })
  .extend({
    name: BlueprintName,
    version: z.number().int().describe('Grows with each change; also the ETag.'),
  })
  .meta({ id: 'Blueprint', description: 'A blueprint, with the tasks of its newest version.' });
export type BlueprintView = z.infer<typeof BlueprintView>;

export const BlueprintSummary = BlueprintView.omit({ tasks: true })
  .extend({ tasks_total: z.number().int() })
  .meta({ id: 'BlueprintSummary', description: 'A blueprint as lists show it: without its tasks.' });

export const BlueprintPage = listedPageOf('BlueprintPage', BlueprintSummary);

export const BlueprintVersionView = BlueprintVersion.omit({ blueprint_id: true })
  .extend({ name: BlueprintName })
  .meta({ id: 'BlueprintVersion', description: 'One version of a blueprint. It never changes.' });

export function toBlueprintView({ id, ...blueprint }: Blueprint, version: number): BlueprintView {
  return { ...blueprint, name: id, version };
}

export function toBlueprintSummary({ tasks, ...summary }: BlueprintView) {
  return { ...summary, tasks_total: tasks.length };
}
