/** Why a working copy could not be made, kept or put away. */

const RETRYABLE = {
  /** A name that must not become part of a path or a ref. */
  INVALID_NAME: false,
  REPOSITORY_NOT_FOUND: false,
  /** The address did not answer, or not in time. */
  REPOSITORY_UNREACHABLE: true,
  BASE_NOT_FOUND: false,
  BRANCH_NOT_FOUND: false,
  /** Somebody has the branch checked out: it must not move under him. */
  BRANCH_IN_USE: false,
  MERGE_CONFLICT: false,
  /** Marks of a conflict that was to be resolved are left. */
  CONFLICT_UNRESOLVED: true,
  /** The repository's own script failed, or took too long. */
  SET_UP_FAILED: true,
  /** It left what would be taken for the task's work. */
  SET_UP_LEFT_FILES: false,
  /** A newer attempt has taken the branch over. */
  STALE_WORKTREE: false,
  /** git could not get its locks, or failed in another way. */
  GIT_FAILED: true,
} as const satisfies Record<string, boolean>;

export type WorkspaceFailureCode = keyof typeof RETRYABLE;

/** Thrown by what touches working copies, caught once where the attempt is answered. */
export class WorkspaceFailure extends Error {
  readonly code: WorkspaceFailureCode;
  readonly retryable: boolean;
  /** The files that are in conflict; else empty. */
  readonly paths: readonly string[];

  constructor(
    code: WorkspaceFailureCode,
    message: string,
    about: { readonly paths?: readonly string[]; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: about.cause });
    this.name = 'WorkspaceFailure';
    this.code = code;
    this.retryable = RETRYABLE[code];
    this.paths = about.paths ?? [];
  }
}
