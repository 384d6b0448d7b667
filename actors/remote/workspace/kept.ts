/** What an attempt keeps for a process to come, should this one be killed: its working copy, and the agent's own. Pure. */
import { z } from 'zod';
import type { AttemptLog } from '#actors/remote/sdk/ledger.ts';
import type { Worktree } from './worktree.ts';

export type Kept = {
  readonly worktree: Worktree;
  /** What the agent itself kept: nobody else reads it. */
  readonly own: unknown;
};

const Names = z.array(z.string());

const Schema = z.object({
  own: z.unknown(),
  worktree: z.object({
    ...{ repo: z.string(), baseRef: z.string(), branch: z.string(), merge: Names },
    ...{ sessionId: z.string(), taskId: z.string(), attempt: z.number().int() },
    conflictsAre: z.enum(['refused', 'kept']).exactOptional(),
    ...{ path: z.string(), key: z.string(), baseCommit: z.string(), startCommit: z.string() },
    ...{ branchTip: z.string(), ownerMark: z.string(), merged: Names, conflicts: Names },
    repository: z.object({ gitDirectory: z.string(), refRoots: Names, headRef: z.string() }),
  }),
});

/** Null: nothing that can be gone on with. */
export function readKept(value: unknown): Kept | null {
  const parsed = Schema.safeParse(value);
  return parsed.success ? parsed.data : null;
}

/** The working copies of what processes of before had begun: they stay until it is known who goes on. */
export function keptPaths(left: readonly AttemptLog[]): ReadonlySet<string> {
  return new Set(left.flatMap(({ record }) => readKept(record.kept)?.worktree.path ?? []));
}
