/** Why a start did not succeed, said to a person, and the exit code that says it to a script. */

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  portInUse: 3,
  dataFolder: 4,
  natsServer: 5,
  postgres: 6,
  notReady: 7,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An expected failure: its message is complete, so it is shown without a stack. */
export class StartFailure extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StartFailure';
    this.exitCode = exitCode;
  }
}

/** The text of anything thrown, for a message. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The system's code of a thrown error (ENOENT, EACCES, …), or '' where it has none. */
export function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}
