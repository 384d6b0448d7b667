/** What the two tasks that bring branches together ask of an agent's working copy, and of the agent (`protocols/merging.ts`). */
import type { AssignPayload } from '#protocols/eap/message.ts';
import { CONFLICT_TYPE, MERGE_TYPE } from '#protocols/merging.ts';
import type { Worktree } from './worktree.ts';

/** Whether the branches that a task begins with must merge, or are what the task is to resolve. */
export function conflictsIn({ taskType }: Pick<AssignPayload, 'taskType'>): 'kept' | 'refused' {
  return taskType === CONFLICT_TYPE ? 'kept' : 'refused';
}

/** The work is done with the working copy: what is there is merged, and nobody need think. */
export function isMerge({ taskType, workspace }: Pick<AssignPayload, 'taskType' | 'workspace'>): boolean {
  return taskType === MERGE_TYPE && workspace !== undefined && workspace.merge.length > 0;
}

export function describeMerge({ merge }: Pick<Worktree, 'merge'>): string {
  return `Merged without conflicts: ${merge.join(', ')}`;
}

/** For whoever is to resolve them; empty where there are none. */
export function describeConflicts({ conflicts, merge }: Pick<Worktree, 'conflicts' | 'merge'>): string {
  if (conflicts.length === 0) return '';
  return `## The conflicts

These branches were merged into the working copy: ${merge.join(', ')}. The files below are in conflict. Each place shows both
sides and, between "|||||||" and "=======", what they began with. Keep what both sides mean, take all marks out, and see that
the project still works. A file that one side deleted has no marks: decide whether it stays.

${conflicts.map((path) => `- ${path}`).join('\n')}`;
}
