/** Where the SDK says what happens. A pino logger fits as it is. */

type Say = (fields: Readonly<Record<string, unknown>>, event: string) => void;

export interface Logger {
  readonly debug: Say;
  readonly info: Say;
  readonly warn: Say;
  readonly error: Say;
}

const nothing: Say = () => undefined;

export const SILENT: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
