/** A working copy of one attempt: what was asked for, and where it is. */
import type { Repository } from './repository.ts';

export type WorktreeRequest = {
  /** An absolute path on this machine, or an address. */
  readonly repo: string;
  readonly baseRef: string;
  /** `oio/<session>/<task>`. */
  readonly branch: string;
  /** Branches of finished dependencies, merged in this order. */
  readonly merge: readonly string[];
  /** Where those don't merge: it fails, or the conflicts are kept in the files, to be resolved. */
  readonly conflictsAre?: 'refused' | 'kept';
  readonly sessionId: string;
  readonly taskId: string;
  readonly attempt: number;
};

export type Worktree = WorktreeRequest & {
  readonly path: string;
  /** What operations on this repository are serialised by. */
  readonly key: string;
  readonly repository: Repository;
  readonly baseCommit: string;
  /** Where the attempt's own work begins: the base and what was merged into it. */
  readonly startCommit: string;
  /** Where this attempt let the branch begin. */
  readonly branchTip: string;
  /** The commits that were merged, in order. */
  readonly merged: readonly string[];
  /** Files that were in conflict; empty where there was none. */
  readonly conflicts: readonly string[];
  /** The object that says in the repository that this attempt owns the branch. */
  readonly ownerMark: string;
};

/** Names the attempt that may move the task's branch: an overtaken one finds another mark there. */
export function ownerRef({ sessionId, taskId }: Pick<WorktreeRequest, 'sessionId' | 'taskId'>): string {
  return `refs/oio/owners/${sessionId}/${taskId}`;
}
