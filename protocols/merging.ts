/**
 * The two tasks that bring branches together: one at the end of a session that merges what nothing went on from, which takes
 * no thought and any agent can do, and one for an integrator where branches don't merge. Pure.
 */
import { hash32 } from './partition.ts';

/** Type of the task whose work is done when its branches are merged. */
export const MERGE_TYPE = 'merge_branches';
/** Type of the task that begins with conflicts in its files: its work is to resolve them. */
export const CONFLICT_TYPE = 'resolve_conflicts';
/** What an integrator can do. */
export const INTEGRATOR_CAPABILITY = 'conflict_resolution';
/** Code of a result, and reason of a blocked task: the branches that it was to begin with don't merge. */
export const MERGE_CONFLICT = 'MERGE_CONFLICT';

const ID_CHARS_MAX = 128;

/** The one task of a run that merges the branches at the end. */
export function mergeTaskId(sessionId: string, run: number): string {
  return derived(`merge${run}`, sessionId);
}

/** The task that resolves what an attempt of another one ran into. */
export function resolverTaskId(taskId: string, attempt: number): string {
  return derived(`resolve${attempt}`, taskId);
}

export function isResolverId(id: string): boolean {
  return /^resolve\d+-/.test(id);
}

function derived(prefix: string, id: string): string {
  const name = `${prefix}-${id}`;
  if (name.length <= ID_CHARS_MAX) return name;
  const mark = hash32(id).toString(36);
  return `${prefix}-${mark}-${id}`.slice(0, ID_CHARS_MAX);
}
